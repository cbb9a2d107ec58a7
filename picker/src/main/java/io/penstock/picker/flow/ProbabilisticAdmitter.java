package io.penstock.picker.flow;

import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.signals.EngineSignals;

/**
 * Refuses requests that may be shed with a probability that grows with the load of the pool: {@code
 * min(k·s^power, 1)} for the mean s of each endpoint's waiting requests or KV use, by their
 * thresholds; endpoints that only encode for others do not count, nor do those that requests are
 * not sent to, by {@link Stages}. Immutable.
 *
 * @param queueDepth waiting requests that count as 1, above 0
 * @param kvUsage used share of the KV cache that counts as 1, above 0
 */
public record ProbabilisticAdmitter(double queueDepth, double kvUsage, double power, double k) {

  /** Type in configuration. */
  public static final String TYPE = "probabilistic-admitter";

  /** The probability; an endpoint that never told of itself counts as 1. O(n). */
  double refusal(
      PoolSnapshot snapshot, EngineSignals signals, EndpointHealth health, long nowNanos) {
    var stages = new Stages(signals, health);
    stages.refresh(snapshot, nowNanos);
    double sum = 0;
    int count = 0;
    for (var endpoint : snapshot.endpoints()) {
      int slot = endpoint.slot();
      if (stages.hasAny(slot)) {
        count++;
        sum +=
            signals.updates(slot) == 0
                ? 1
                : Math.max(signals.waiting(slot) / queueDepth, signals.kvUsage(slot) / kvUsage);
      }
    }
    return count == 0 ? 1 : Math.min(1, k * Math.pow(sum / count, power));
  }
}
