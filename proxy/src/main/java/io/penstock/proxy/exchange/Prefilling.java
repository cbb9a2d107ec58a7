package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.signals.Reservation;
import io.penstock.proxy.metrics.LegMetrics;
import io.penstock.proxy.metrics.Timeline;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.proxy.upstream.BodyFraming;
import io.penstock.proxy.upstream.ResponseHandler;
import io.penstock.proxy.upstream.ResponseHead;
import io.penstock.proxy.upstream.UpstreamFailure;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One pod computes the prompt, before another is asked for the answer. Confined to the exchange's
 * event loop.
 *
 * <p>When that pod fails, another one is asked, within the retries of the request; then the pod
 * that was to answer computes the prompt itself. What is the request's own fault (4xx) goes to the
 * client as it is. A prompt that was computed is never computed again while a pod can answer from
 * it.
 */
final class Prefilling implements ExchangeState, ResponseHandler {

  private static final long LEFT_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** Block numbers of a prompt of a million tokens take less. */
  private static final int MOST_ANSWER_BYTES = 4 << 20;

  private final Legs legs;
  private final Routing routing;
  private final Exchange exchange;
  private final GatewayPool pool;
  private final InferenceRequest request;
  private final RequestBody body;
  private final Decision.Disaggregated divided;
  private final Deadlines.Deadline left =
      new Deadlines.Deadline() {
        @Override
        protected void expired(long nowNanos) {
          abandon();
          routing.over();
        }
      };
  private PrefillLeg.@Nullable Transfer transfer;
  private @Nullable Attempt attempt;
  private @Nullable Reservation expected;
  private CollectedBody answer = new CollectedBody(MOST_ANSWER_BYTES);
  private boolean answering;
  private boolean clientLeft;
  private boolean wentStale;
  private long sentNanos;
  private long prefillAt;

  Prefilling(
      Legs legs,
      Routing routing,
      Exchange exchange,
      GatewayPool pool,
      InferenceRequest request,
      RequestBody body,
      Decision.Disaggregated divided) {
    this.legs = legs;
    this.routing = routing;
    this.exchange = exchange;
    this.pool = pool;
    this.request = request;
    this.body = body;
    this.divided = divided;
  }

  /** Asks the pod that was picked. */
  void enter() {
    exchange.enter(this);
    expected = pool.picker().placements().expect(request, divided, exchange.loop().index());
    send(divided.prefill());
  }

  private void send(Endpoint endpoint) {
    var loop = exchange.loop();
    var next = pool.division().leg().transfer(request, endpoint, loop.random());
    if (next == null) {
      routing.tried().add(endpoint);
      alone(LegMetrics.UNREADY);
      return;
    }
    sentNanos = loop.now();
    prefillAt = sentNanos + pool.division().prefillNanos();
    transfer = next;
    answer = new CollectedBody(MOST_ANSWER_BYTES);
    answering = false;
    var facts = exchange.facts();
    facts.timeline().mark(Timeline.Event.PREFILL_SENT, sentNanos);
    facts.prefill = endpoint;
    facts.attempts++;
    var placement =
        pool.picker()
            .placements()
            .placePrefill(request, divided, endpoint, loop.index(), sentNanos);
    ByteBuf whole = body.share();
    ByteBuf first;
    try {
      first = next.prefillBody(whole);
    } finally {
      whole.release();
    }
    var trace = exchange.forwarding().leg("prefill", endpoint);
    var asked = new Attempt(loop, pool, endpoint, placement, trace, this);
    attempt = asked;
    asked.send(exchange.forwarding().head(endpoint, first.readableBytes(), trace), first);
    routing.limits().set(prefillAt);
  }

  // ---- the pod's side ----

  @Override
  public void interim(ResponseHead head) {}

  @Override
  public void head(ResponseHead head) {
    int status = head.status();
    if (status >= 200 && status < 300 && !head.isEventStream()) {
      answering = true;
    } else if (status >= 400 && status < 500 && !Failures.busy(status)) {
      refused(head);
    } else {
      if (attempt != null && Failures.busy(status)) {
        int seconds = head.retryAfterSeconds();
        attempt.busy(seconds < 0 ? -1 : TimeUnit.SECONDS.toNanos(seconds));
      } else if (attempt != null) {
        attempt.failed(status < 500 ? FailureKind.PROTOCOL : FailureKind.UNAVAILABLE);
      }
      failedWith(status < 500 ? FailureKind.PROTOCOL : FailureKind.UNAVAILABLE, false);
    }
  }

  /** The request is at fault: its client gets this answer. */
  private void refused(ResponseHead head) {
    var refusing = attempt;
    if (refusing == null || clientLeft) {
      return;
    }
    endExpectation();
    routing.relay(refusing, head);
  }

  @Override
  public void body(ByteBuf raw, BodyFraming framing) {
    if (!answer.read(raw, framing)) {
      if (attempt != null) {
        attempt.failed(FailureKind.PROTOCOL);
      }
      failedWith(FailureKind.PROTOCOL, false);
    }
  }

  @Override
  public void readComplete() {}

  @Override
  public void complete() {
    var done = attempt;
    var handed = transfer;
    if (done == null || handed == null) {
      throw new IllegalStateException("nothing was asked for");
    }
    attempt = null;
    boolean given = handed.take(answer.bytes(), answer.length());
    done.succeeded(200, handed.promptTokens(), handed.cachedTokens(), 1);
    long now = exchange.loop().now();
    if (given) {
      pool.division().silent().handedOver(done.endpoint().id());
    } else {
      pool.division().silent().nothingFrom(done.endpoint().id(), now);
    }
    exchange.facts().timeline().mark(Timeline.Event.PREFILLED, now);
    exchange.loop().gateway().metrics().legs().prefilled(now - sentNanos);
    var held = new HeldPrompt(exchange, pool, request, body, divided, done.endpoint(), handed);
    if (clientLeft) {
      var by = held.nextDecode(routing.tried());
      if (given && by != null) {
        held.release(by, true);
      }
      endLeft();
    } else if (given) {
      exchange.facts().prefillCachedTokens = handed.cachedTokens();
      endExpectation();
      legs.handOver(held);
    } else {
      alone(LegMetrics.NOTHING_HANDED_OVER);
    }
  }

  @Override
  public void failed(UpstreamFailure failure) {
    var failing = attempt;
    attempt = null;
    if (failing == null) {
      return;
    }
    if (failure.staleConnection()) {
      failing.wentStale();
    } else {
      failing.failed(Failures.attempt(failure.kind()));
    }
    if (failure.staleConnection() && !wentStale && !clientLeft) {
      wentStale = true;
      send(failing.endpoint());
    } else {
      failedWith(Failures.attempt(failure.kind()), failure.notProcessed());
    }
  }

  private void failedWith(FailureKind kind, boolean notProcessed) {
    attempt = null;
    if (clientLeft) {
      endLeft();
      return;
    }
    var failing = exchange.facts().prefill;
    if (failing != null) {
      routing.tried().add(failing);
    }
    other(kind, notProcessed);
  }

  /** The next pod that prefills, or else the one that answers. */
  private void other(FailureKind kind, boolean notProcessed) {
    var next =
        HeldPrompt.firstOf(pool, divided.prefill(), divided.prefillAlternatives(), routing.tried());
    if (next != null && routing.retries().afterFailure(notProcessed)) {
      exchange.loop().gateway().metrics().legs().otherPrefill(kind);
      send(next);
    } else {
      alone(LegMetrics.label(kind));
    }
  }

  private void alone(String reason) {
    endExpectation();
    legs.local(divided, reason);
  }

  private void endExpectation() {
    if (expected != null) {
      pool.picker().placements().expectedNoMore(expected);
      expected = null;
    }
  }

  private void abandon() {
    endExpectation();
    if (attempt != null) {
      attempt.abandoned();
      attempt = null;
    }
  }

  private void endLeft() {
    exchange.loop().deadlines().clear(left);
    routing.over();
  }

  // ---- the client's side ----

  @Override
  public void body(ByteBuf piece) {}

  @Override
  public void bodyEnd() {}

  @Override
  public void clientWritable(boolean writable) {}

  /**
   * An abort frees what the pod has computed. Once it answers it is too late for that, and the
   * answer is read to its end to release what it names.
   */
  @Override
  public void clientGone() {
    leave();
    exchange.cancelled();
  }

  private void leave() {
    if (answering && pool.division().leg().holdsPrompts()) {
      clientLeft = true;
      endExpectation();
      exchange.loop().deadlines().set(left, exchange.loop().now() + LEFT_NANOS);
    } else {
      abandon();
      routing.over();
    }
  }

  @Override
  public void shutDown() {
    abandon();
    routing.over();
    exchange.fail(GatewayError.GATEWAY_SHUTDOWN);
  }

  @Override
  public void evicted() {
    leave();
    exchange.fail(GatewayError.EVICTED);
  }

  @Override
  public void expired(long nowNanos) {
    var error = routing.limits().passed(nowNanos);
    if (error != null) {
      if (attempt != null && error != GatewayError.DEADLINE_EXCEEDED) {
        attempt.failed(FailureKind.TIMEOUT);
      }
      abandon();
      routing.over();
      exchange.fail(error);
      return;
    }
    if (routing.limits().pingDue(nowNanos)) {
      exchange.ping();
    }
    if (nowNanos - prefillAt < 0) {
      routing.limits().set(prefillAt);
    } else if (attempt != null) {
      attempt.failed(FailureKind.TIMEOUT);
      failedWith(FailureKind.TIMEOUT, false);
    }
  }
}
