package io.penstock.picker.cost;

import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.schedule.plugins.RoleFilter;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import io.penstock.picker.signals.InFlightTotals;

/**
 * Whether endpoints that prefill for others answer too, because both kinds are full. Written by the
 * control thread, read by anyone.
 *
 * <p>Measure is what all endpoints hold for requests, over what fits into the KV caches of those
 * that answer, as an average over about 10 s. Above 1 they cannot take what is on its way to them;
 * where they use 0.7 of theirs and prompts wait 3 s at the others, both kinds are full, and memory
 * lies idle where nobody answers. Above 1.2 it is time even if nothing waits there. Then nothing is
 * divided any more, and all endpoints are equals, until the measure is below 0.9.
 *
 * <p>All at once and not one by one: a pool that is divided in part carries less than either whole.
 * Chosen on the first half of the conversation trace and on long prompts with seeds 1 to 3.
 */
final class Overflow {

  private static final double TIME_CONSTANT_SECONDS = 10;
  private static final double WAIT_SECONDS = 3;
  private static final double MUCH_USED = 0.7;
  private static final double FULL = 1;
  private static final double FULL_ANYHOW = 1.2;
  private static final double ROOM_AGAIN = 0.9;

  private final InFlightTotals totals = new InFlightTotals();
  private final EndpointLoad load = new EndpointLoad();
  private boolean started;
  private long lastNanos;
  private double waitSeconds;
  private double use;
  private double answeringUse;
  private volatile boolean active;

  /** Whether they answer now. */
  boolean active() {
    return active;
  }

  /**
   * Looks at the pool. Control thread.
   *
   * @param secondsPerToken of prefill, of the pool's requests on average
   * @param tokensPerRequest that such a request has to have computed
   */
  void tick(
      long nowNanos,
      PoolSnapshot snapshot,
      EngineSignals signals,
      InFlight inFlight,
      ForeignLoad foreign,
      double secondsPerToken,
      double tokensPerRequest) {
    totals.take(inFlight, snapshot.slotBound());
    int prefilling = 0;
    double waiting = 0;
    double held = 0;
    double heldAnswering = 0;
    double capacity = 0;
    for (var endpoint : snapshot.endpoints()) {
      if (!endpoint.accepts() || !RoleFilter.answersInOverflow(endpoint.spec())) {
        continue;
      }
      load.read(endpoint.slot(), nowNanos, totals, signals, foreign, tokensPerRequest);
      boolean answers = endpoint.spec().role().answersAlone();
      if (!answers) {
        prefilling++;
        waiting += load.pendingTokens * secondsPerToken;
      }
      held += load.kvUse * load.capacityTokens;
      if (answers) {
        heldAnswering += load.kvUse * load.capacityTokens;
        capacity += load.capacityTokens;
      }
    }
    if (prefilling == 0 || capacity == 0) {
      started = false;
      active = false;
      return;
    }
    average(nowNanos, waiting / prefilling, held / capacity, heldAnswering / capacity);
    active = active ? use >= ROOM_AGAIN : full();
  }

  private boolean full() {
    return answeringUse > MUCH_USED && use > (waitSeconds > WAIT_SECONDS ? FULL : FULL_ANYHOW);
  }

  private void average(long nowNanos, double waitingNow, double usedNow, double answeringNow) {
    double share = 1 - Math.exp(-(nowNanos - lastNanos) / 1e9 / TIME_CONSTANT_SECONDS);
    lastNanos = nowNanos;
    if (!started) {
      started = true;
      waitSeconds = 0;
      use = 0;
      answeringUse = 0;
      return;
    }
    waitSeconds += share * (waitingNow - waitSeconds);
    use += share * (usedNow - use);
    answeringUse += share * (answeringNow - answeringUse);
  }
}
