package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.signals.EngineAttributes;

/**
 * The load of an endpoint as its engine tells it while that is fresh, else as far as it is known
 * from here: what this process has in flight there. Pure functions.
 */
final class EngineView {

  private EngineView() {}

  /** Requests that wait for a place in a batch; from here, those without a first token. */
  static int waiting(SchedulingContext context, int slot) {
    if (context.fresh(slot)) {
      return context.signals().waiting(slot);
    }
    var inFlight = context.inFlight();
    return Math.max(0, inFlight.requests(slot) - inFlight.decoding(slot));
  }

  /** Requests in running batches; from here, those that decode. */
  static int running(SchedulingContext context, int slot) {
    return context.fresh(slot)
        ? context.signals().running(slot)
        : context.inFlight().decoding(slot);
  }

  /**
   * Used share of the KV cache, 0 to 1; from here, the contexts in flight by the capacity that was
   * told last, and 0 where none ever was.
   */
  static double kvUsage(SchedulingContext context, int slot) {
    if (context.fresh(slot)) {
      return context.signals().kvUsage(slot);
    }
    long capacity = context.signals().kvCapacityTokens(slot);
    return capacity > 0
        ? Math.min(1, context.inFlight().contextTokens(slot) / (double) capacity)
        : 0;
  }

  /** An attribute; NaN where the endpoint has not told it, or not lately. */
  static double attribute(
      SchedulingContext context, EngineAttributes attributes, int slot, int column) {
    return context.fresh(slot) ? attributes.value(slot, column) : Double.NaN;
  }
}
