package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * Keeps endpoints that are below both thresholds, each raised by the headroom: waiting requests and
 * used KV cache. All stay when none is.
 *
 * <p>An endpoint whose metrics are stale is judged by what is in flight from here; or it counts as
 * saturated, or as free, as the staleness policy says.
 */
public final class UtilizationDetector implements Filter {

  /** Type in configuration. */
  public static final String TYPE = "utilization-detector";

  /** What is thought of an endpoint that has not been heard of lately. */
  public enum Staleness {
    /** Judge it by what is in flight from here. */
    IN_FLIGHT,
    /** It is saturated. */
    SATURATED,
    /** It is not. */
    IGNORE
  }

  private final double mostWaiting;
  private final double mostKvUsage;
  private final long thresholdNanos;
  private final Staleness staleness;

  /**
   * A detector.
   *
   * @param queueDepthThreshold waiting requests of a saturated endpoint, above 0
   * @param kvCacheUtilThreshold used share of its KV cache, above 0
   * @param headroom share by which the filter raises both, at least 0
   * @param thresholdNanos age from which on metrics are stale, if they are not fresh by the
   *     picker's own measure either
   */
  public UtilizationDetector(
      double queueDepthThreshold,
      double kvCacheUtilThreshold,
      double headroom,
      long thresholdNanos,
      Staleness staleness) {
    this.mostWaiting = queueDepthThreshold * (1 + headroom);
    this.mostKvUsage = kvCacheUtilThreshold * (1 + headroom);
    this.thresholdNanos = thresholdNanos;
    this.staleness = staleness;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    for (int i = 0; i < candidates.count(); i++) {
      if (!free(context, candidates.slot(i))) {
        candidates.drop(i);
      }
    }
    if (candidates.remaining() == 0) {
      candidates.keepAll();
    }
  }

  private boolean free(SchedulingContext context, int slot) {
    if (!stale(context, slot)) {
      var signals = context.signals();
      return signals.waiting(slot) < mostWaiting && signals.kvUsage(slot) < mostKvUsage;
    }
    return switch (staleness) {
      case SATURATED -> false;
      case IGNORE -> true;
      case IN_FLIGHT ->
          EngineView.waiting(context, slot) < mostWaiting
              && EngineView.kvUsage(context, slot) < mostKvUsage;
    };
  }

  private boolean stale(SchedulingContext context, int slot) {
    var signals = context.signals();
    return signals.updates(slot) == 0
        || (!context.fresh(slot)
            && context.nowNanos() - signals.lastUpdateNanos(slot) > thresholdNanos);
  }
}
