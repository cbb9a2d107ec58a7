package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.picker.assembly.Placement;
import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.ConditionalDecode;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.proxy.metrics.Timeline;
import io.penstock.proxy.openai.ForwardedHead;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.proxy.upstream.BodyFraming;
import io.penstock.proxy.upstream.ResponseHandler;
import io.penstock.proxy.upstream.ResponseHead;
import io.penstock.proxy.upstream.UpstreamFailure;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A pod is chosen, asked, and chosen anew while it fails; ends when the first bytes of an answer
 * are here. Confined to the exchange's event loop.
 *
 * <p>Nothing is committed to the client before that, but for keep-alive comments of a stream. A
 * retry never goes to a pod that was tried, with one exception: a pod that failed to answer from
 * another's prompt may be the only one, and computes it itself.
 */
final class Routing implements ExchangeState, ResponseHandler {

  private final Exchange exchange;
  private final GatewayPool pool;
  private final @Nullable InferenceRequest request;
  private final @Nullable RequestBody body;
  private final @Nullable Endpoint only;
  private final Exclusions tried = new Exclusions();
  private final Retries retries;
  private final WaitingLimits limits;
  private @Nullable Attempt attempt;
  private @Nullable Legs legs;
  private long sentNanos;
  private @Nullable ResponseHead head;
  private @Nullable AnswerBody answer;
  private @Nullable GatewayError lastFailure;

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
    this.only = only;
    this.retries = new Retries(exchange.loop().settings().retriesPerRequest(), pool.retries());
    this.limits = new WaitingLimits(exchange, request != null && request.stream());
  }

  /** Picks and sends for the first time. */
  void enter() {
    exchange.enter(this);
    exchange.facts().pool = pool;
    limits.set();
    if (only == null) {
      pool.division().silent().exclude(tried, pool.picker().snapshot(), exchange.loop().now());
    }
    var decision = pick();
    if (only == null && ConditionalDecode.misses(exchange.facts().head, decision)) {
      over();
      exchange.reject(GatewayError.PREFIX_NOT_CACHED);
      return;
    }
    go(decision);
    exchange.placed();
  }

  private void go(Decision decision) {
    switch (decision) {
      case Decision.Route route -> send(route);
      case Decision.Disaggregated divided -> legs().begin(divided);
      case Decision.NoEndpoint none -> giveUp(none);
    }
  }

  private Legs legs() {
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

  private boolean handed() {
    return legs != null && legs.handed();
  }

  // ---- for the legs of a divided request ----

  Exclusions tried() {
    return tried;
  }

  Retries retries() {
    return retries;
  }

  WaitingLimits limits() {
    return limits;
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
    refusing.handTo(this);
    head(refusal);
  }

  /** The pod that was to answer waits in vain. */
  void dropDecode() {
    discardAnswer();
    if (attempt != null) {
      attempt.abandoned();
      attempt = null;
    }
  }

  private Decision pick() {
    long now = exchange.loop().now();
    exchange.facts().timeline().mark(Timeline.Event.PICK_STARTED, now);
    if (only != null) {
      return tried.size() == 0
          ? new Decision.Route(-1, only, List.of(), 0, 0, 0)
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

  /** Has one pod answer by itself. */
  void send(Decision.Route route) {
    Endpoint endpoint = route.endpoint();
    long now = exchange.loop().now();
    exchange.facts().timeline().mark(Timeline.Event.PICKED, now);
    exchange.facts().route = only == null ? route : null;
    var placement =
        request == null
            ? null
            : pool.picker().place(request, route, endpoint, exchange.loop().index(), now);
    send(
        endpoint,
        placement,
        body == null ? Unpooled.EMPTY_BUFFER : body.share(),
        body == null ? ForwardedHead.NO_BODY : body.length());
  }

  /** Asks a pod; the bytes' ownership passes. */
  void send(Endpoint endpoint, @Nullable Placement placement, ByteBuf bytes, long length) {
    head = null;
    sentNanos = exchange.loop().now();
    exchange.facts().endpoint = endpoint;
    exchange.facts().attempts++;
    tried.add(endpoint);
    var trace = exchange.forwarding().leg(handed() ? "decode" : null, endpoint);
    var next = new Attempt(exchange.loop(), pool, endpoint, placement, trace, this);
    attempt = next;
    next.send(exchange.forwarding().head(endpoint, length, trace), bytes);
  }

  // ---- the pod's side ----

  @Override
  public void interim(ResponseHead received) {
    exchange.interim(received);
  }

  @Override
  public void head(ResponseHead received) {
    if (Failures.retryable(received.status()) && retriedAfter(received)) {
      return;
    }
    head = received;
    if (received.status() >= 300) {
      dropPrompt();
    }
    var timeline = exchange.facts().timeline();
    if (attempt != null) {
      timeline.mark(Timeline.Event.CONNECTED, attempt.connectedNanos());
    }
    timeline.mark(Timeline.Event.ANSWERED, exchange.loop().now());
    boolean stream = received.isEventStream() && received.status() < 300;
    if (exchange.reply().pinging() && !stream) {
      // The client was promised a stream and there is none.
      end(FailureKind.UNAVAILABLE);
      fail(GatewayError.UPSTREAM_RESET);
      return;
    }
    var renaming = renaming(received, stream);
    answer =
        stream
            ? new EventStreamBody(
                exchange.client(),
                exchange.api(),
                request == null || request.includeUsage() || exchange.alwaysReportsUsage(),
                exchange.facts().prefillCachedTokens,
                renaming,
                exchange.loop().allocator())
            : new PlainBody(
                exchange.client(),
                exchange.makesResponses(),
                exchange.facts().prefillCachedTokens,
                renaming);
  }

  /** Gives the answer the name back that the client gave the model; null where it has it. */
  private @Nullable AnswerRenaming renaming(ResponseHead received, boolean stream) {
    var name = exchange.facts().answerModel;
    if (name == null || !(stream || received.isJson())) {
      return null;
    }
    var loop = exchange.loop();
    return new AnswerRenaming(loop.allocator(), loop.scratch(), name, exchange.api(), stream);
  }

  @Override
  public void body(ByteBuf raw, BodyFraming framing) {
    if (!(answer instanceof EventStreamBody events)) {
      commit().body(raw, framing);
      return;
    }
    events.read(raw, framing);
    if (events.firstEventIsError()) {
      refusedByFirstEvent(events);
    } else if (events.hasOutput()) {
      commit();
    }
  }

  @Override
  public void readComplete() {}

  @Override
  public void complete() {
    commit().complete();
  }

  @Override
  public void failed(UpstreamFailure failure) {
    discardAnswer();
    var failing = attempt;
    if (failing != null && failure.staleConnection()) {
      failing.wentStale();
    } else if (failing != null) {
      failing.failed(Failures.attempt(failure.kind()));
    }
    var error = Failures.error(failure.kind());
    lastFailure = error;
    if (failure.staleConnection() && only != null && tried.size() == 1) {
      send(new Decision.Route(-1, only, List.of(), 0, 0, 0));
      return;
    }
    if (failure.notProcessed() && handed()) {
      // Nobody has begun to answer from the prompt: another pod may, at no cost.
      var other =
          failure.staleConnection() && failing != null ? failing.endpoint() : legs().nextDecode();
      if (other == null || !retries.afterFailure(true)) {
        legs().giveUp(null, null);
        fail(error);
        return;
      }
      exchange.loop().gateway().metrics().retried(error);
      legs().decode(other);
      return;
    }
    boolean again = retries.afterFailure(failure.notProcessed());
    Decision next = again ? pick() : null;
    if (handed()) {
      legs().giveUp(next, null);
    }
    if (next == null) {
      fail(error);
      return;
    }
    if (!(next instanceof Decision.NoEndpoint)) {
      exchange.loop().gateway().metrics().retried(error);
    }
    go(next);
  }

  /** The pod answers with a status that another may not give; true when another is asked. */
  private boolean retriedAfter(ResponseHead received) {
    var refused = attempt;
    if (refused == null) {
      return false;
    }
    boolean busy = Failures.busy(received.status());
    // A pod without room has not looked at the prompt.
    var decode = busy && handed() ? legs().nextDecode() : null;
    var other = decode == null ? pickAfter(busy) : null;
    if ((decode == null && other == null) || !retries.afterStatus(received.status())) {
      return false;
    }
    if (busy) {
      int seconds = received.retryAfterSeconds();
      refused.busy(seconds < 0 ? -1 : TimeUnit.SECONDS.toNanos(seconds));
    } else {
      refused.failed(FailureKind.UNAVAILABLE);
    }
    exchange.loop().gateway().metrics().retried(GatewayError.NO_HEALTHY_ENDPOINTS);
    if (decode != null) {
      legs().decode(decode);
    } else if (other != null) {
      goElsewhere(other);
    }
    return true;
  }

  /**
   * Where to go after an error, null if nowhere. A pod that could not answer from another's prompt
   * may be able to compute it.
   */
  private @Nullable Decision pickAfter(boolean busy) {
    var other = pick();
    if (!(other instanceof Decision.NoEndpoint)) {
      return other;
    }
    return handed() && !busy ? legs().alone() : null;
  }

  /** The pod's error is the client's answer: it has not read the prompt that was held for it. */
  private void dropPrompt() {
    if (handed() && attempt != null) {
      legs().giveUp(null, attempt.endpoint());
    }
  }

  private void goElsewhere(Decision other) {
    if (handed()) {
      legs().giveUp(other, null);
    }
    go(other);
  }

  /** A stream whose first event is an error is that error: as plain JSON with its own status. */
  private void refusedByFirstEvent(EventStreamBody events) {
    byte[] json = events.errorJson();
    int status = ErrorStatus.of(json);
    if (status >= 500 && handed()) {
      var other = pickAfter(false);
      if (other != null && retries.afterStatus(status)) {
        end(FailureKind.UNAVAILABLE);
        exchange.loop().gateway().metrics().retried(GatewayError.NO_HEALTHY_ENDPOINTS);
        goElsewhere(other);
        return;
      }
    }
    dropPrompt();
    end(status >= 500 ? FailureKind.UNAVAILABLE : FailureKind.REJECTED);
    over();
    exchange.relayError(status, json);
  }

  private void giveUp(Decision.NoEndpoint none) {
    if (lastFailure != null) {
      fail(lastFailure);
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

  private void fail(GatewayError error) {
    over();
    exchange.fail(error);
  }

  /** The first bytes are here: from now on the answer is this pod's. */
  private Streaming commit() {
    var committed = attempt;
    var received = head;
    var reading = answer;
    if (committed == null || received == null || reading == null) {
      throw new IllegalStateException("nothing to commit");
    }
    over();
    if (legs != null) {
      legs.answered(committed, exchange.loop().now() - sentNanos);
    }
    committed.firstByte();
    exchange.facts().timeline().mark(Timeline.Event.FIRST_TOKEN, exchange.loop().now());
    if (!exchange.reply().pinging()) {
      exchange.reply().begin(received, reading.keepsLength());
    }
    if (reading instanceof EventStreamBody events) {
      events.open();
    }
    var streaming = new Streaming(exchange, committed, reading, received.status());
    streaming.enter();
    return streaming;
  }

  /** Ends the attempt as failed, with whatever came of it. */
  private void end(FailureKind kind) {
    discardAnswer();
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

  private void discardAnswer() {
    if (answer != null) {
      answer.discard();
      answer = null;
    }
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
      discardAnswer();
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
      if (limits.pingDue(nowNanos)) {
        exchange.ping();
      }
      limits.set();
      return;
    }
    end(error == GatewayError.DEADLINE_EXCEEDED ? FailureKind.REJECTED : FailureKind.TIMEOUT);
    fail(error);
  }
}
