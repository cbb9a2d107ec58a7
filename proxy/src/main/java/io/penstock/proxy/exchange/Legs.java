package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Decision;
import io.penstock.proxy.metrics.LegMetrics;
import io.penstock.proxy.metrics.Timeline;
import io.penstock.proxy.upstream.ResponseHead;
import org.jspecify.annotations.Nullable;

/**
 * The two legs of a divided request, for {@link Routing}, which asks the pods: who computes the
 * prompt, who answers from it, and what becomes of the prompt when that fails. Confined to the
 * exchange's event loop.
 */
final class Legs {

  private final Routing routing;
  private final Exchange exchange;
  private final GatewayPool pool;
  private final InferenceRequest request;
  private final RequestBody body;
  private @Nullable HeldPrompt held;
  private @Nullable PrefillBeside beside;

  Legs(
      Routing routing,
      Exchange exchange,
      GatewayPool pool,
      InferenceRequest request,
      RequestBody body) {
    this.routing = routing;
    this.exchange = exchange;
    this.pool = pool;
    this.request = request;
    this.body = body;
  }

  /** Begins with the prefill, or with both. */
  void begin(Decision.Disaggregated divided) {
    exchange.facts().timeline().mark(Timeline.Event.PICKED, exchange.loop().now());
    if (pool.division().leg().concurrent()) {
      sendBoth(divided, divided.prefill());
    } else {
      new Prefilling(this, routing, exchange, pool, request, body, divided).enter();
    }
  }

  /** Whether a pod is asked to answer from a prompt of another. */
  boolean handed() {
    return held != null;
  }

  /** Whether that prompt is computed, and stays until somebody reads it. */
  boolean computed() {
    return held != null && (beside == null || beside.completed());
  }

  private HeldPrompt prompt() {
    if (held == null) {
      throw new IllegalStateException("no prompt is held");
    }
    return held;
  }

  /**
   * The prompt is computed: the pod that was picked for it answers, or, where it has gone
   * meanwhile, another.
   */
  void handOver(HeldPrompt prompt) {
    held = prompt;
    routing.resume();
    var picked = nextDecode();
    if (picked == null) {
      decodeElsewhere(routing.pickAnother());
    } else {
      decode(picked);
    }
  }

  /**
   * The pod that was picked anew answers from the prompt. Where it does not answer those of others,
   * or holds this one, which nobody reads from itself, or there is none, the prompt is given up and
   * the request goes as was decided.
   */
  void decodeElsewhere(Decision next) {
    var other =
        switch (next) {
          case Decision.Route route -> route.endpoint();
          case Decision.Disaggregated divided -> divided.decode().endpoint();
          case Decision.NoEndpoint _ -> null;
        };
    if (other != null
        && other.spec().role().answersAlone()
        && !other.id().equals(prompt().prefill().id())) {
      decode(other);
    } else {
      giveUp(next, null);
      routing.go(next);
    }
  }

  /** Nobody computed the prompt: the pod that was picked to answer does, or another. */
  void local(Decision.Disaggregated divided, String reason) {
    exchange.loop().gateway().metrics().legs().localPrefill(reason);
    exchange.facts().prefill = null;
    routing.resume();
    if (HeldPrompt.isThere(pool, divided.decode().endpoint())) {
      routing.send(divided.decode());
    } else {
      routing.go(routing.pickAnother());
    }
  }

  /** The next pod that may answer from the prompt, null when there is none. */
  @Nullable Endpoint nextDecode() {
    return prompt().nextDecode(routing.tried());
  }

  /** The pod that was to answer from the prompt, by itself; null when it has gone. */
  @Nullable Decision alone() {
    var decode = prompt().divided().decode();
    return HeldPrompt.isThere(pool, decode.endpoint()) ? decode : null;
  }

  /** Asks a pod to answer from the prompt. */
  void decode(Endpoint endpoint) {
    exchange.facts().routed(prompt().divided().decode());
    ByteBuf bytes = prompt().decodeBody();
    routing.send(endpoint, prompt().place(endpoint), bytes, bytes.readableBytes());
  }

  /** Asks the same pod to answer from the prompt once more; false where it has left the pool. */
  boolean decodeAgain(Attempt stale) {
    if (!HeldPrompt.isThere(pool, stale.endpoint())) {
      return false;
    }
    decode(stale.endpoint());
    return true;
  }

  /** The first byte of the answer is here. */
  void answered() {
    if (beside != null) {
      beside.answered();
    }
  }

  /**
   * The first token is here, or the first byte of an answer that is not streamed. What the transfer
   * took shows where the prompt was ready before the other pod was asked, and where it is a token.
   *
   * @param nanos since that pod was asked
   */
  void firstToken(Attempt decode, long nanos) {
    if (held != null) {
      var metrics = exchange.loop().gateway().metrics().legs();
      metrics.decoded(nanos);
      if (request.stream() && !pool.division().leg().concurrent()) {
        metrics.transferred(decode.transferred());
      }
    }
  }

  /**
   * Whoever was to answer from the prompt may have begun: it is not used again, and freed by the
   * pod that goes on, or by one that was not tried.
   *
   * @param orElse who frees it when there is no such pod, null for nobody
   */
  void giveUp(@Nullable Decision next, @Nullable Endpoint orElse) {
    boolean computed = computed();
    var lost = prompt();
    abandonPrefill();
    held = null;
    exchange.facts().prefill = null;
    exchange.facts().prefillCachedTokens = -1;
    exchange.loop().gateway().metrics().legs().lost();
    lost.doubt();
    // Also for a prefill that has not answered: its answer may be on the way.
    var by =
        switch (next) {
          case Decision.Route route -> route.endpoint();
          case Decision.Disaggregated divided -> divided.decode().endpoint();
          case Decision.NoEndpoint _ -> lost.nextDecode(routing.tried());
          case null -> lost.nextDecode(routing.tried());
        };
    if (by != null && by.id().equals(lost.prefill().id())) {
      by = lost.nextDecode(routing.tried()); // who holds it cannot read it from itself
    }
    if (by == null) {
      by = orElse;
    }
    if (by != null) {
      lost.release(by, computed);
    }
  }

  /** The client has left a decode that was sent. */
  void leave(Attempt decode) {
    prompt().leave(decode);
    held = null;
  }

  /** A prefill that runs beside the decode is not needed any more. */
  void abandonPrefill() {
    if (beside != null) {
      beside.abandon();
      beside = null;
    }
  }

  // ---- both at once ----

  private void sendBoth(Decision.Disaggregated divided, Endpoint prefill) {
    routing.tried().add(prefill);
    var transfer = pool.division().leg().transfer(request, prefill, exchange.loop().random());
    if (transfer == null) {
      local(divided, LegMetrics.UNREADY);
      return;
    }
    var prompt = new HeldPrompt(exchange, pool, request, body, divided, prefill, transfer);
    held = prompt;
    var running = new PrefillBeside(this, exchange, pool, prompt, request, body);
    beside = running;
    running.send();
    decode(divided.decode().endpoint());
  }

  /** The prefill failed before its decode answered: both begin anew elsewhere, or one alone. */
  void prefillLost(FailureKind kind, boolean notProcessed) {
    var divided = prompt().divided();
    beside = null;
    held = null;
    routing.dropDecode();
    var next =
        HeldPrompt.firstOf(pool, divided.prefill(), divided.prefillAlternatives(), routing.tried());
    if (next != null && routing.retries().afterFailure(notProcessed)) {
      exchange.loop().gateway().metrics().legs().otherPrefill(kind);
      sendBoth(divided, next);
    } else {
      local(divided, LegMetrics.label(kind));
    }
  }

  /** The prefill refuses the request, which the other leg would too. */
  void prefillRefused(Attempt refusing, ResponseHead refusal) {
    beside = null;
    held = null;
    routing.dropDecode();
    routing.relay(refusing, refusal);
  }
}
