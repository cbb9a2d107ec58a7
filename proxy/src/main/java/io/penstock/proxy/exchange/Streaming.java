package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.explain.FailureKind;
import io.penstock.proxy.metrics.Outcome;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.proxy.upstream.BodyFraming;
import io.penstock.proxy.upstream.ResponseHandler;
import io.penstock.proxy.upstream.ResponseHead;
import io.penstock.proxy.upstream.UpstreamFailure;
import org.jspecify.annotations.Nullable;

/**
 * The answer is committed and its body passes through, as it comes. Confined to the exchange's
 * event loop.
 *
 * <p>Reads of the pod follow the client's writability. An answer that stops early is ended so that
 * the client sees it: a stream with one error event, everything by a close that is not clean.
 *
 * <p>A stream may begin with events that only announce it. Until its first token comes, it has the
 * limits and the keep-alive comments of one that has not begun; only that no other pod is asked any
 * more, since the client knows of this one's response.
 */
final class Streaming implements ExchangeState, ResponseHandler {

  private final Exchange exchange;
  private final Attempt attempt;
  private final AnswerBody answer;
  private final int status;

  /** Is to hear of the first token, and has the limits until then; null once it is here. */
  private @Nullable Routing awaiting;

  private long lastByteNanos;
  private long stalledSinceNanos;
  private boolean stalled;
  private boolean remembered;

  /**
   * An answer that is committed.
   *
   * @param awaiting from which state it comes, where its first token is yet to come; else null
   */
  Streaming(
      Exchange exchange,
      Attempt attempt,
      AnswerBody answer,
      int status,
      @Nullable Routing awaiting) {
    this.exchange = exchange;
    this.attempt = attempt;
    this.answer = answer;
    this.status = status;
    this.awaiting = awaiting;
    this.lastByteNanos = exchange.loop().now();
  }

  /** Takes over from the state that committed the answer. */
  void enter() {
    exchange.enter(this);
    attempt.handTo(this);
    remember();
    setDeadline();
    if (!exchange.client().writable()) {
      clientWritable(false);
    }
  }

  // ---- the pod's side ----

  @Override
  public void interim(ResponseHead head) {
    throw new IllegalStateException("an interim answer after the head");
  }

  @Override
  public void head(ResponseHead head) {
    throw new IllegalStateException("a second head");
  }

  @Override
  public void body(ByteBuf raw, BodyFraming framing) {
    lastByteNanos = exchange.loop().now();
    int before = answer.generated();
    answer.read(raw, framing);
    int more = answer.generated() - before;
    if (more > 0) {
      firstToken();
      attempt.events(more, lastByteNanos);
    }
    remember();
  }

  /** Does nothing but for the first time. */
  private void firstToken() {
    var told = awaiting;
    if (told != null) {
      awaiting = null;
      told.firstToken(attempt, status);
      setDeadline();
    }
  }

  /** A response may be asked for from when its client knows it: it may go on in the background. */
  private void remember() {
    String responseId = remembered ? null : answer.responseId();
    if (responseId != null) {
      remembered = true;
      exchange.remember(responseId, attempt.endpoint());
    }
  }

  @Override
  public void readComplete() {
    exchange.client().flush();
  }

  @Override
  public void complete() {
    if (!answer.whole()) {
      attempt.failed(FailureKind.RESET);
      breakOff(GatewayError.UPSTREAM_TRUNCATED);
      return;
    }
    firstToken();
    answer.discard();
    attempt.succeeded(status, answer.usage());
    exchange.client().end(answer.endPassed());
    exchange.done(status, answer, Outcome.COMPLETED, null);
  }

  @Override
  public void failed(UpstreamFailure failure) {
    attempt.failed(Failures.attempt(failure.kind()));
    breakOff(Failures.error(failure.kind()));
  }

  private void breakOff(GatewayError error) {
    answer.discard();
    exchange.breakOff(status, answer, error);
  }

  // ---- the client's side ----

  @Override
  public void body(ByteBuf piece) {}

  @Override
  public void bodyEnd() {}

  @Override
  public void clientWritable(boolean writable) {
    if (writable == !stalled) {
      return;
    }
    stalled = !writable;
    if (stalled) {
      stalledSinceNanos = exchange.loop().now();
      attempt.pauseReading();
    } else {
      lastByteNanos = exchange.loop().now();
      attempt.resumeReading();
    }
    setDeadline();
  }

  @Override
  public void clientGone() {
    answer.discard();
    attempt.abandoned();
    exchange.done(499, answer, Outcome.CLIENT_CANCELLED, GatewayError.CLIENT_CLOSED_REQUEST);
  }

  @Override
  public void shutDown() {
    attempt.abandoned();
    breakOff(GatewayError.GATEWAY_SHUTDOWN);
  }

  @Override
  public void evicted() {
    attempt.abandoned();
    breakOff(GatewayError.EVICTED);
  }

  // ---- time limits ----

  @Override
  public void expired(long nowNanos) {
    var told = awaiting;
    if (told != null && !stalled) {
      awaitFirstToken(told.limits(), nowNanos);
      return;
    }
    var timeouts = exchange.loop().settings().timeouts();
    if (nowNanos - exchange.startNanos() >= timeouts.totalNanos()) {
      attempt.abandoned();
      breakOff(GatewayError.DEADLINE_EXCEEDED);
    } else if (stalled && nowNanos - stalledSinceNanos >= timeouts.clientStallNanos()) {
      attempt.abandoned();
      answer.discard();
      exchange.stalled(answer);
    } else if (!stalled && nowNanos - lastByteNanos >= timeouts.streamIdleNanos()) {
      silent();
      breakOff(GatewayError.STREAM_IDLE_TIMEOUT);
    } else {
      setDeadline();
    }
  }

  /**
   * The pod has said nothing for too long. Of a stored response that proves nothing against it:
   * vLLM never ends the stream of one that was cancelled.
   */
  private void silent() {
    if (exchange.facts().request == null) {
      attempt.abandoned();
    } else {
      attempt.failed(FailureKind.TIMEOUT);
    }
  }

  private void awaitFirstToken(WaitingLimits limits, long nowNanos) {
    var error = limits.passed(nowNanos);
    if (error != null) {
      if (error == GatewayError.DEADLINE_EXCEEDED) {
        attempt.abandoned();
      } else {
        silent();
      }
      breakOff(error);
      return;
    }
    boolean insideEvent = answer instanceof EventStreamBody stream && stream.passedPart();
    if (limits.pingDue(nowNanos) && !insideEvent) {
      exchange.ping();
    }
    limits.set();
  }

  private void setDeadline() {
    var told = awaiting;
    if (told != null && !stalled) {
      told.limits().set();
      return;
    }
    var timeouts = exchange.loop().settings().timeouts();
    long total = exchange.startNanos() + timeouts.totalNanos();
    long next =
        stalled
            ? stalledSinceNanos + timeouts.clientStallNanos()
            : lastByteNanos + timeouts.streamIdleNanos();
    exchange.deadline(next - total < 0 ? next : total);
  }
}
