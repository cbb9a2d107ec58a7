package io.penstock.picker.schedule;

import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.prefix.MatchScratch;
import io.penstock.picker.prefix.PrefixIndex;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.KeyGrid;
import io.penstock.picker.signals.InFlightTotals;

/**
 * What one decision saw of the pool, kept so that another policy can decide on the same later: the
 * request, the in-flight counts, and which endpoints hold how much of its prompt. What engines say
 * of themselves is not kept, for it changes but a few times a second.
 *
 * <p>Reused from decision to decision. Owned by whoever writes it, and then by whoever reads it;
 * the handing over is theirs to order.
 */
public final class Moment {

  static final InferenceRequest NO_REQUEST =
      InferenceRequest.builder(ApiKind.OPAQUE, "none").build();

  long decisionId;
  InferenceRequest request = NO_REQUEST;
  RequestHeaders headers = RequestHeaders.NONE;
  PoolSnapshot snapshot = PoolSnapshot.empty("");
  long nowNanos;
  final InFlightTotals totals = new InFlightTotals();

  /** Leading prompt blocks that endpoints hold, by slot. */
  int[] blocks = new int[0];

  private int[] slots = new int[0];
  private int[] depths = new int[0];
  private Decision decision = new Decision.NoEndpoint(Decision.Reason.POOL_EMPTY);

  /** Where the decision is kept if it is a route, which may be another when this is read. */
  private final Decision.Route route = new Decision.Route();

  /** What was decided. */
  public Decision decision() {
    return decision;
  }

  /**
   * Keeps what a context looks at, right after it decided and before anything is reserved for the
   * request. Costs one match of the prompt against every endpoint of the pool.
   */
  public void keep(
      SchedulingContext context, RequestHeaders asked, Decision decided, MatchScratch scratch) {
    decisionId = context.decisionId();
    request = context.request();
    headers = asked;
    snapshot = context.snapshot();
    nowNanos = context.nowNanos();
    decision = decided instanceof Decision.Route whole ? route.become(whole) : decided;
    context.copyInFlight(totals);
    match(context.index(), scratch);
  }

  private void match(PrefixIndex index, MatchScratch scratch) {
    var endpoints = snapshot.endpoints();
    int count = endpoints.size();
    if (slots.length < count) {
      slots = new int[count + count / 2];
      depths = new int[count + count / 2];
    }
    if (blocks.length < snapshot.slotBound()) {
      blocks = new int[snapshot.slotBound() + snapshot.slotBound() / 2];
    }
    for (int i = 0; i < count; i++) {
      slots[i] = endpoints.get(i).slot();
    }
    var keys = request.keys();
    index.match(keys.array(), keys.count(), slots, count, depths, scratch);
    for (int i = 0; i < count; i++) {
      blocks[slots[i]] = KeyGrid.blocks(depths[i]);
    }
  }

  /** Lets go of the request. */
  public void clear() {
    request = NO_REQUEST;
    headers = RequestHeaders.NONE;
    snapshot = PoolSnapshot.empty("");
    decision = new Decision.NoEndpoint(Decision.Reason.POOL_EMPTY);
  }
}
