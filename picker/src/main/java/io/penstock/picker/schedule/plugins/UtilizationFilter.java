package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.List;

/** Keeps endpoints none of whose metrics is above its bound. */
public final class UtilizationFilter implements Filter {

  /** Type in configuration. */
  public static final String TYPE = "utilization-filter";

  private final List<Condition> conditions;
  private final boolean fallbackOnEmpty;

  /** What may be bounded. */
  public enum Metric {
    /** Requests in flight from here. */
    ACTIVE_REQUESTS,
    /** Requests in running batches. */
    RUNNING_REQUESTS,
    /** Requests that wait for a place in a batch. */
    WAITING_QUEUE,
    /** Used share of the KV cache, 0 to 1. */
    KV_CACHE_UTILIZATION
  }

  /** A bound. */
  public record Condition(Metric metric, double maxValue) {

    boolean holds(SchedulingContext context, int slot) {
      double value =
          switch (metric) {
            case ACTIVE_REQUESTS -> context.inFlight().requests(slot);
            case RUNNING_REQUESTS -> EngineView.running(context, slot);
            case WAITING_QUEUE -> EngineView.waiting(context, slot);
            case KV_CACHE_UTILIZATION -> EngineView.kvUsage(context, slot);
          };
      return value <= maxValue;
    }
  }

  /**
   * A filter.
   *
   * @param fallbackOnEmpty whether all stay when none meets the conditions
   */
  public UtilizationFilter(List<Condition> conditions, boolean fallbackOnEmpty) {
    this.conditions = List.copyOf(conditions);
    this.fallbackOnEmpty = fallbackOnEmpty;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    for (int i = 0; i < candidates.count(); i++) {
      for (int k = 0; k < conditions.size(); k++) {
        if (!conditions.get(k).holds(context, candidates.slot(i))) {
          candidates.drop(i);
        }
      }
    }
    if (fallbackOnEmpty && candidates.remaining() == 0) {
      candidates.keepAll();
    }
  }

  @Override
  public Decision.Reason whenNoneIsLeft() {
    return Decision.Reason.SATURATED;
  }
}
