package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.assembly.Placement;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import org.jspecify.annotations.Nullable;

/**
 * A prompt that one pod has computed, or computes, for another to answer from. Confined to the
 * exchange's event loop.
 *
 * <p>Where the connector holds prompts, it must end in one of four ways: a pod answers from it; a
 * decode that was sent is left running until it has surely read it; a decode of one token releases
 * it; or its decode is aborted because a time limit has passed or the gateway stops, and the engine
 * frees it then. No other pod is sent to release it in the last case: it might read blocks that are
 * free already, and keep what is in them by now as this prompt's.
 */
final class HeldPrompt {

  private final Exchange exchange;
  private final GatewayPool pool;
  private final InferenceRequest request;
  private final RequestBody body;
  private final Decision.Disaggregated divided;
  private final Endpoint prefill;
  private final PrefillLeg.Transfer transfer;

  /**
   * A prompt to answer from.
   *
   * @param prefill who computes it: the decision's first choice, or who took its place
   */
  HeldPrompt(
      Exchange exchange,
      GatewayPool pool,
      InferenceRequest request,
      RequestBody body,
      Decision.Disaggregated divided,
      Endpoint prefill,
      PrefillLeg.Transfer transfer) {
    this.exchange = exchange;
    this.pool = pool;
    this.request = request;
    this.body = body;
    this.divided = divided;
    this.prefill = prefill;
    this.transfer = transfer;
  }

  Decision.Disaggregated divided() {
    return divided;
  }

  Endpoint prefill() {
    return prefill;
  }

  PrefillLeg.Transfer transfer() {
    return transfer;
  }

  /** Computing it, or answering from it, failed: its pod may not be what it was taken for. */
  void doubt() {
    pool.division().leg().doubt(prefill);
  }

  /** What the pod that answers is sent; the caller owns it. */
  ByteBuf decodeBody() {
    ByteBuf whole = body.share();
    try {
      return transfer.decodeBody(whole);
    } finally {
      whole.release();
    }
  }

  /** Reserves the answer at a pod. */
  Placement place(Endpoint endpoint) {
    var loop = exchange.loop();
    return pool.picker()
        .placements()
        .placeDecode(request, divided, endpoint, loop.index(), loop.now());
  }

  /** The next pod that may answer from it, null when there is none. */
  @Nullable Endpoint nextDecode(Exclusions tried) {
    return firstOf(pool, divided.decode().endpoint(), divided.decode().alternatives(), tried);
  }

  /** The first endpoint that was not tried and still is in the pool. */
  static @Nullable Endpoint firstOf(
      GatewayPool pool, Endpoint best, Iterable<Endpoint> others, Exclusions tried) {
    if (!tried.contains(best) && isThere(pool, best)) {
      return best;
    }
    for (var other : others) {
      if (!tried.contains(other) && isThere(pool, other)) {
        return other;
      }
    }
    return null;
  }

  /** Whether the endpoint still is in the pool and takes requests. */
  static boolean isThere(GatewayPool pool, Endpoint endpoint) {
    var now = pool.picker().snapshot().bySlot(endpoint.slot());
    return now != null && now.accepts() && now.id().equals(endpoint.id());
  }

  /**
   * Nobody waits for the decode that was sent: it goes on until it must have read the prompt, and
   * is aborted then.
   */
  void leave(Attempt decode) {
    if (pool.division().leg().holdsPrompts()) {
      new Unclaimed(exchange.loop(), decode).begin();
    } else {
      decode.abandoned();
    }
  }

  /**
   * Whoever failed to answer may not have read it: another pod does, for one token.
   *
   * @param computed whether it certainly is there; a release that may find nothing waits for a
   *     short time only
   */
  void release(Endpoint by, boolean computed) {
    if (!pool.division().leg().holdsPrompts()) {
      return;
    }
    ByteBuf whole = body.share();
    ByteBuf last;
    try {
      last = transfer.releaseBody(whole);
    } finally {
      whole.release();
    }
    var unclaimed = new Unclaimed(exchange.loop(), pool, by, computed);
    unclaimed.attempt().sendAnew(exchange.forwarding().head(by, last.readableBytes(), null), last);
    unclaimed.begin();
    exchange.loop().gateway().metrics().legs().released();
  }
}
