package io.penstock.picker.assembly;

import io.penstock.picker.explain.Attempt;
import io.penstock.picker.explain.DecisionLog;
import io.penstock.picker.flow.Admission;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.signals.Reservation;
import org.jspecify.annotations.Nullable;

/**
 * Puts requests where decisions send them: reserves their load there and teaches the index. Each
 * method is called on the event loop of the column that picked, which owns what it returns.
 */
public final class Placements {

  private final PoolState state;
  private final PickerLoops loops;
  private final DecisionLog decisions;
  private final Admission flowControl;
  private final PlacementFeed feed;

  /**
   * Placements of a pool.
   *
   * @param decisions whose records hear of every try
   * @param flowControl hears where room was taken or made
   * @param feed hears of everything that is placed
   */
  Placements(
      PoolState state,
      PickerLoops loops,
      DecisionLog decisions,
      Admission flowControl,
      PlacementFeed feed) {
    this.state = state;
    this.loops = loops;
    this.decisions = decisions;
    this.flowControl = flowControl;
    this.feed = feed;
  }

  /**
   * Reserves the load of one try and notes that the endpoint will hold the prompt. An endpoint that
   * has left the pool since gets a placement that reserves and teaches nothing.
   *
   * @param endpoint the route's endpoint or one of its alternatives
   * @param nowNanos the ticker's time
   */
  public Placement place(
      InferenceRequest request,
      Decision.Route route,
      Endpoint endpoint,
      int column,
      long nowNanos) {
    return place(request, route, endpoint, Attempt.Leg.WHOLE, column, nowNanos);
  }

  /**
   * The same for the prefill of a divided request.
   *
   * @param endpoint the decision's prefill endpoint or one of its alternatives
   */
  public Placement placePrefill(
      InferenceRequest request,
      Decision.Disaggregated divided,
      Endpoint endpoint,
      int column,
      long nowNanos) {
    var route =
        new Decision.Route(
            divided.decode().decisionId(),
            divided.prefill(),
            divided.prefillCachedTokens(),
            divided.decode().promptTokens(),
            divided.predictedPrefillNanos());
    return place(request, route, endpoint, Attempt.Leg.PREFILL, column, nowNanos);
  }

  /**
   * The same for the answer of a divided request.
   *
   * @param endpoint the endpoint of the decision's decode route or one of its alternatives
   */
  public Placement placeDecode(
      InferenceRequest request,
      Decision.Disaggregated divided,
      Endpoint endpoint,
      int column,
      long nowNanos) {
    var decode = divided.decode();
    var route =
        new Decision.Route(
            decode.decisionId(),
            endpoint,
            endpoint.id().equals(decode.endpoint().id()) ? decode.cachedTokens() : 0,
            decode.promptTokens(),
            divided.predictedTtftNanos() - divided.predictedPrefillNanos());
    return place(request, route, endpoint, Attempt.Leg.DECODE, column, nowNanos);
  }

  private Placement place(
      InferenceRequest request,
      Decision.Route route,
      Endpoint endpoint,
      Attempt.Leg leg,
      int column,
      long nowNanos) {
    var loop = loops.of(column);
    var snapshot = state.pool().snapshot();
    int slot = endpoint.slot();
    var known = snapshot.bySlot(slot);
    boolean attached = known != null && known.id().equals(endpoint.id());
    int cached = route.cachedTokens();
    long ttftNanos = route.predictedTtftNanos();
    if (!endpoint.id().equals(route.endpoint().id())) {
      var context =
          loop.context(loops.scheduler())
              .begin(route.decisionId(), request, snapshot, new Exclusions(), nowNanos);
      // The context has the prompt's length by the rates of now, the route by those of the pick.
      cached = attached ? Math.min(context.cachedTokensOn(slot), route.promptTokens() - 1) : 0;
      ttftNanos =
          attached ? state.costs().ttftNanos(context, slot, route.promptTokens(), cached) : 0;
    }
    var attempt = new Attempt(leg, endpoint, cached, ttftNanos, nowNanos);
    var runnerUp = decisions.attempted(route.decisionId(), attempt);
    var placement =
        new Placement(
            this, loop, request, attempt, runnerUp, route.promptTokens(), nowNanos, attached);
    if (attached && !request.stream() && leg != Attempt.Leg.PREFILL) {
      loop.watch(placement);
    }
    return placement;
  }

  /**
   * Counts a divided request where it will be answered while its prompt is computed elsewhere, so
   * that others see it coming. To be ended when it is placed there, or will not be.
   *
   * @return null for an endpoint that has left the pool
   */
  public @Nullable Reservation expect(
      InferenceRequest request, Decision.Disaggregated divided, int column) {
    var decode = divided.decode();
    int slot = decode.endpoint().slot();
    if (!attached(decode.endpoint())) {
      return null;
    }
    int sent = decode.promptTokens() - decode.cachedTokens();
    int context = decode.promptTokens() + halfOfOutput(request);
    var reserved = state.inFlight().reserveHandOver(column, slot, sent, context);
    reserved.listen(feed.placed(decode.endpoint(), 0, context, sent, PromptKeys.NONE));
    return counted(reserved);
  }

  /**
   * Counts a request where its media are encoded, until {@link #expectedNoMore}.
   *
   * @return null for an endpoint that has left the pool
   */
  public @Nullable Reservation encoding(Endpoint endpoint, int column) {
    if (!attached(endpoint)) {
      return null;
    }
    var reserved = state.inFlight().reserve(column, endpoint.slot(), 0, 0);
    reserved.listen(feed.placed(endpoint, 0, 0, -1, PromptKeys.NONE));
    return counted(reserved);
  }

  private Reservation counted(Reservation reserved) {
    loadChanged(reserved.slot());
    return reserved;
  }

  private boolean attached(Endpoint endpoint) {
    var known = state.pool().snapshot().bySlot(endpoint.slot());
    return known != null && known.id().equals(endpoint.id());
  }

  /** It is not expected any more. */
  public void expectedNoMore(Reservation expected) {
    expected.end();
    loadChanged(expected.slot());
  }

  /**
   * Ends what is due of the placements that nobody observes, as every {@link PoolPicker#pick} does;
   * for times without picks.
   */
  public void expire(int column, long nowNanos) {
    loops.of(column).releaseOverdue(nowNanos);
  }

  // ---- for the placements ----

  /** Hears of everything that is placed. */
  PlacementFeed feed() {
    return feed;
  }

  /** What they reserve, learn and calibrate. */
  PoolState state() {
    return state;
  }

  /** A request holds, on average over its decode, its prompt and half of its output, in tokens. */
  int halfOfOutput(InferenceRequest request) {
    double expected = state.costs().rates(request.model()).outputTokens();
    return (int) (request.maxTokens() >= 0 ? Math.min(expected, request.maxTokens()) : expected)
        / 2;
  }

  /** The load of an endpoint has changed. */
  void loadChanged(int slot) {
    flowControl.changed(slot);
  }
}
