package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Admitter;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * Refuses a request that asks for latencies which no endpoint is predicted to keep, while each of
 * them is at work. One where nothing runs, or whose KV cache is as good as empty, is tried in any
 * case: its predictions are of little worth. Immutable; O(n).
 *
 * <p>A latency that is not asked for is kept by everybody, unlike in {@link LatencyScorer}.
 */
public final class LatencySloAdmitter implements Admitter {

  /** Type in configuration. */
  public static final String TYPE = "latency-slo-admitter";

  /** Below this used share of its KV cache an endpoint is cold. */
  private static final double COLD = 0.02;

  private final LatencyHeadroom headroom;

  /** An admitter by these predictions. */
  public LatencySloAdmitter(LatencyHeadroom headroom) {
    this.headroom = headroom;
  }

  @Override
  public boolean refuses(SchedulingContext context, Candidates candidates) {
    double ttft = LatencyHeadroom.askedTtft(context);
    double tpot = headroom.askedTpot(context);
    if (ttft == 0 && tpot == 0) {
      return false;
    }
    boolean asked = false;
    for (int i = 0; i < candidates.count(); i++) {
      if (!candidates.endpoint(i).spec().role().answersAlone()) {
        continue; // idle or not, no answer can come from there
      }
      asked = true;
      int slot = candidates.slot(i);
      if (idle(context, slot)
          || EngineView.kvUsage(context, slot) < COLD
          || keeps(context, candidates, i, ttft, tpot)) {
        return false;
      }
    }
    return asked;
  }

  private static boolean idle(SchedulingContext context, int slot) {
    return EngineView.running(context, slot) == 0 && context.inFlight().requests(slot) == 0;
  }

  private boolean keeps(
      SchedulingContext context, Candidates candidates, int i, double ttft, double tpot) {
    return (ttft == 0 || LatencyHeadroom.ttft(context, candidates, i, ttft) >= 0)
        && (tpot == 0 || headroom.tpot(context, candidates, i, tpot) >= 0);
  }
}
