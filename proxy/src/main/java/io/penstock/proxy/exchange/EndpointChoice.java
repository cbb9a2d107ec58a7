package io.penstock.proxy.exchange;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.ConditionalDecode;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.proxy.metrics.Timeline;
import org.jspecify.annotations.Nullable;

/**
 * Which pod a request goes to, and to which next: the picker's choice among those that were not
 * tried, or the one pod that can answer. Confined to the exchange's event loop.
 */
final class EndpointChoice {

  private final Exchange exchange;
  private final GatewayPool pool;
  private final @Nullable InferenceRequest request;
  private final @Nullable Endpoint only;
  private final Exclusions tried = new Exclusions();

  /** What every pick fills that has one pod answer by itself. */
  private final Decision.Route picked = new Decision.Route();

  /**
   * A choice that nobody has made yet.
   *
   * @param request what was scanned; null for one without a body
   * @param only the one pod that can answer, or null when the picker chooses
   */
  EndpointChoice(
      Exchange exchange,
      GatewayPool pool,
      @Nullable InferenceRequest request,
      @Nullable Endpoint only) {
    this.exchange = exchange;
    this.pool = pool;
    this.request = request;
    this.only = only;
  }

  /** The first decision, which leaves out pods that hand no prompts over. */
  Decision first() {
    if (only == null) {
      pool.division().silent().exclude(tried, pool.picker().snapshot(), exchange.loop().now());
    }
    return next();
  }

  /** Whether the request prefers not to be computed where that decision sends it. */
  boolean unwanted(Decision decision) {
    return only == null && ConditionalDecode.misses(exchange.facts().head, decision);
  }

  /** A decision for a pod that was not tried. */
  Decision next() {
    long now = exchange.loop().now();
    var decision = choose(now);
    var timeline = exchange.facts().timeline();
    // Where nobody is left to ask, the request keeps the times of the pod that was asked.
    if (!(decision instanceof Decision.NoEndpoint) || !timeline.has(Timeline.Event.PICKED)) {
      timeline.mark(Timeline.Event.PICK_STARTED, now);
    }
    return decision;
  }

  private Decision choose(long now) {
    if (only != null) {
      return tried.size() == 0
          ? direct(only)
          : new Decision.NoEndpoint(Decision.Reason.ALL_EXCLUDED);
    }
    if (request == null) {
      throw new IllegalStateException("nothing to pick by");
    }
    var decision =
        pool.picker()
            .pick(
                request,
                exchange.facts().head,
                exchange.requestId(),
                exchange.facts().course(),
                picked,
                exchange.loop().index(),
                tried,
                now);
    if (!(decision instanceof Decision.NoEndpoint)) {
      exchange.facts().sessions = pool.picker().sessionHeaders(exchange.loop().index());
    }
    var trace = exchange.facts().trace;
    if (trace != null) {
      trace.picked(decision, now, exchange.loop().now());
    }
    return decision;
  }

  /** Whether a pod that was chosen before may be asked again: it still is there. */
  boolean isThere(Endpoint chosen) {
    return only != null || HeldPrompt.isThere(pool, chosen);
  }

  private static Decision.Route direct(Endpoint endpoint) {
    return new Decision.Route(-1, endpoint, 0, 0, 0);
  }

  /** Whether the picker chooses, so that its decisions say something. */
  boolean picks() {
    return only == null;
  }

  /** Pods that are not to be chosen any more. */
  Exclusions tried() {
    return tried;
  }
}
