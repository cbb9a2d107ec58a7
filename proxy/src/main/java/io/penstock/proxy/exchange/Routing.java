package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.picker.assembly.Placement;
import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.proxy.metrics.Timeline;
import io.penstock.proxy.openai.ForwardedHead;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.proxy.upstream.ResponseHead;
import org.jspecify.annotations.Nullable;

/**
 * A pod is chosen, asked, and chosen anew while it fails; ends when the first bytes of an answer
 * are here. What pods say meanwhile is for {@link Failover}. Confined to the exchange's event loop.
 *
 * <p>Nothing is committed to the client before that, but for keep-alive comments of a stream. A
 * retry never goes to a pod that was tried, with two exceptions: a pod has seen nothing of a
 * request whose pooled connection was stale, and is asked once more; and a pod that failed to
 * answer from another's prompt may be the only one, and computes it itself.
 */
final class Routing implements ExchangeState {

  private final Exchange exchange;
  private final GatewayPool pool;
  private final @Nullable InferenceRequest request;
  private final @Nullable RequestBody body;
  private final EndpointChoice choice;
  private final Retries retries;
  private final Failover failover;
  private WaitingLimits limits;
  private @Nullable Attempt attempt;
  private Decision.@Nullable Route asked;
  private @Nullable Legs legs;
  private long sentNanos;

  /**
   * Routes a request; ownership of the body passes.
   *
   * @param request what was scanned; null for one without a body
   * @param only the one pod that can answer, or null when the picker chooses
   */
  Routing(
      Exchange exchange,
      GatewayPool pool,
      @Nullable InferenceRequest request,
      @Nullable RequestBody body,
      @Nullable Endpoint only) {
    this.exchange = exchange;
    this.pool = pool;
    this.request = request;
    this.body = body;
    this.choice = new EndpointChoice(exchange, pool, request, only);
    this.retries = new Retries(exchange.loop().settings().retriesPerRequest(), pool.retries());
    this.limits = new WaitingLimits(exchange, request != null && request.stream());
    this.failover = new Failover(this, exchange, choice, retries);
  }

  /** Picks and sends for the first time. */
  void enter() {
    exchange.enter(this);
    exchange.facts().pool = pool;
    limits.set();
    var decision = choice.first();
    if (choice.unwanted(decision)) {
      over();
      exchange.reject(GatewayError.PREFIX_NOT_CACHED);
      return;
    }
    countRewrite(decision);
    go(decision);
    exchange.placed();
  }

  /** A request counts as sent to another model once a pod is picked for it. */
  private void countRewrite(Decision decision) {
    var rewrite = exchange.facts().rewrite;
    if (request != null && rewrite != null && !(decision instanceof Decision.NoEndpoint)) {
      exchange.loop().gateway().metrics().rewritten(rewrite, request.model());
    }
  }

  /** Does as the picker decided. */
  void go(Decision decision) {
    switch (decision) {
      case Decision.Route route -> send(route);
      case Decision.Disaggregated divided -> legs().begin(divided);
      case Decision.NoEndpoint none -> giveUp(none);
    }
  }

  /** Has the picker choose among those that were not tried. */
  Decision pickAnother() {
    return choice.next();
  }

  /** Has one pod answer by itself. */
  void send(Decision.Route route) {
    asked = route;
    Endpoint endpoint = route.endpoint();
    long now = exchange.loop().now();
    exchange.facts().timeline().mark(Timeline.Event.PICKED, now);
    if (choice.picks()) {
      exchange.facts().routed(route);
    }
    var placement =
        request == null
            ? null
            : pool.picker()
                .placements()
                .place(request, route, endpoint, exchange.loop().index(), now);
    send(
        endpoint,
        placement,
        body == null ? Unpooled.EMPTY_BUFFER : body.share(),
        body == null ? ForwardedHead.NO_BODY : body.length());
  }

  /** Asks the pod that was asked last once more; false where it has left the pool. */
  boolean sendAgain() {
    var route = asked;
    if (route == null || !choice.isThere(route.endpoint())) {
      return false;
    }
    send(route);
    return true;
  }

  /** Asks a pod; the bytes' ownership passes. */
  void send(Endpoint endpoint, @Nullable Placement placement, ByteBuf bytes, long length) {
    sentNanos = exchange.loop().now();
    exchange.facts().endpoint = endpoint;
    exchange.facts().attempts++;
    choice.tried().add(endpoint);
    var trace = exchange.forwarding().leg(handed() ? "decode" : null, endpoint);
    var next = new Attempt(exchange.loop(), pool, endpoint, placement, trace, failover);
    attempt = next;
    next.send(exchange.forwarding().head(endpoint, length, trace), bytes);
  }

  private void giveUp(Decision.NoEndpoint none) {
    var failure = failover.lastFailure();
    if (failure != null) {
      fail(failure);
      return;
    }
    over();
    if (none.reason() == Decision.Reason.MODEL_NOT_SERVED
        && request != null
        && !request.rewritten()) {
      exchange.rejectUnknownModel(request.model());
    } else if (none.reason() == Decision.Reason.SATURATED) {
      exchange.reject(GatewayError.SATURATED);
    } else {
      exchange.reject(GatewayError.NO_HEALTHY_ENDPOINTS);
    }
  }

  // ---- for the legs of a divided request, and for failover ----

  /** The two legs, from when the request is divided on. */
  Legs legs() {
    if (request == null || body == null) {
      throw new IllegalStateException("nothing to divide");
    }
    var known = legs;
    if (known == null) {
      known = new Legs(this, exchange, pool, request, body);
      legs = known;
    }
    return known;
  }

  /** Whether a pod is asked to answer from a prompt of another. */
  boolean handed() {
    return legs != null && legs.handed();
  }

  /** What was asked last, null before that. */
  @Nullable Attempt attempt() {
    return attempt;
  }

  Exclusions tried() {
    return choice.tried();
  }

  Retries retries() {
    return retries;
  }

  WaitingLimits limits() {
    return limits;
  }

  /** A stream has begun whose first token is waited for, whether a body has asked for it or not. */
  void awaitFirstToken() {
    limits = limits.ofStream();
  }

  /** Goes on after a prefill: whatever is sent next is for this state to hear of. */
  void resume() {
    exchange.enter(this);
    limits.set();
  }

  /** The prefill refuses the request, and its answer is the client's. */
  void relay(Attempt refusing, ResponseHead refusal) {
    resume();
    exchange.facts().endpoint = refusing.endpoint();
    attempt = refusing;
    refusing.handTo(failover);
    failover.head(refusal);
  }

  /** The pod that was to answer waits in vain. */
  void dropDecode() {
    failover.discard();
    if (attempt != null) {
      attempt.abandoned();
      attempt = null;
    }
  }

  /** The first byte of an answer is here. */
  void answered() {
    if (legs != null) {
      legs.answered();
    }
  }

  /** The first token of a stream is here, or the first byte of another answer. */
  void firstToken(Attempt answering, int status) {
    long now = exchange.loop().now();
    if (legs != null) {
      legs.firstToken(answering, now - sentNanos);
    }
    answering.firstByte(status);
    exchange.facts().timeline().mark(Timeline.Event.FIRST_TOKEN, now);
  }

  /** Ends the attempt as failed, with whatever came of it. */
  void end(FailureKind kind) {
    failover.discard();
    if (legs != null) {
      legs.abandonPrefill();
    }
    var running = attempt;
    if (running == null) {
      return;
    }
    if (kind == FailureKind.REJECTED) {
      running.abandoned();
    } else {
      running.failed(kind);
    }
  }

  /** Tells the client that the pods failed. */
  void fail(GatewayError error) {
    over();
    exchange.fail(error);
  }

  /** Nothing will be sent again. */
  void over() {
    if (body != null) {
      body.release();
    }
    retries.end();
  }

  // ---- the client's side ----

  @Override
  public void body(ByteBuf piece) {}

  @Override
  public void bodyEnd() {}

  @Override
  public void clientWritable(boolean writable) {}

  @Override
  public void clientGone() {
    leave();
    over();
    exchange.cancelled();
  }

  /** Ends what runs; who holds a computed prompt is made to let go of it. */
  private void leave() {
    var running = attempt;
    if (running != null && handed() && legs().computed()) {
      failover.discard();
      legs().leave(running);
    } else {
      end(FailureKind.REJECTED);
    }
  }

  @Override
  public void shutDown() {
    end(FailureKind.REJECTED);
    fail(GatewayError.GATEWAY_SHUTDOWN);
  }

  @Override
  public void evicted() {
    leave();
    fail(GatewayError.EVICTED);
  }

  @Override
  public void expired(long nowNanos) {
    var error = limits.passed(nowNanos);
    if (error == null) {
      if (limits.pingDue(nowNanos) && !failover.hasPlainHead()) {
        exchange.ping();
      }
      limits.set();
      return;
    }
    end(error == GatewayError.DEADLINE_EXCEEDED ? FailureKind.REJECTED : FailureKind.TIMEOUT);
    fail(error);
  }
}
