package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.Decision;
import io.penstock.proxy.metrics.Timeline;
import io.penstock.proxy.openai.GatewayError;
import io.penstock.proxy.upstream.BodyFraming;
import io.penstock.proxy.upstream.ResponseHandler;
import io.penstock.proxy.upstream.ResponseHead;
import io.penstock.proxy.upstream.UpstreamFailure;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Hears the pods that {@link Routing} asks, until the first bytes of an answer are here: the answer
 * is the client's then, and until then another pod is asked in the place of one that fails.
 * Confined to the exchange's event loop.
 */
final class Failover implements ResponseHandler {

  private final Routing routing;
  private final Exchange exchange;
  private final EndpointChoice choice;
  private final Retries retries;
  private @Nullable PendingAnswer answer;
  private @Nullable LateAnswer late;
  private @Nullable GatewayError lastFailure;
  private boolean askedAgain;

  Failover(Routing routing, Exchange exchange, EndpointChoice choice, Retries retries) {
    this.routing = routing;
    this.exchange = exchange;
    this.choice = choice;
    this.retries = retries;
  }

  @Override
  public void interim(ResponseHead received) {
    exchange.interim(received);
  }

  @Override
  public void head(ResponseHead received) {
    if (Failures.retryable(received.status()) && retriedAfter(received)) {
      return;
    }
    if (received.status() >= 300) {
      dropPrompt();
    }
    var timeline = exchange.facts().timeline();
    var answering = routing.attempt();
    if (answering != null) {
      timeline.mark(Timeline.Event.CONNECTED, answering.connectedNanos());
    }
    timeline.mark(Timeline.Event.ANSWERED, exchange.loop().now());
    if (exchange.reply().pinging() && !PendingAnswer.isStream(received)) {
      late = new LateAnswer(received);
      return;
    }
    answer = new PendingAnswer(exchange, received);
  }

  /** The pod answers with a status that another may not give; true when another is asked. */
  private boolean retriedAfter(ResponseHead received) {
    var refused = routing.attempt();
    // The retry comes first: who is picked is counted and remembered, whether asked or not.
    if (refused == null || !retries.afterStatus(received.status())) {
      return false;
    }
    boolean busy = Failures.busy(received.status());
    // A pod without room has not looked at the prompt.
    var decode = busy && routing.handed() ? routing.legs().nextDecode() : null;
    var other = decode == null ? pickAfter(busy) : null;
    if (decode == null && other == null) {
      retries.notMade(received.status());
      return false;
    }
    if (busy) {
      refused.busy(retryAfterNanos(received));
    } else {
      refused.failed(FailureKind.UNAVAILABLE);
    }
    exchange.loop().gateway().metrics().retried(GatewayError.NO_HEALTHY_ENDPOINTS);
    if (decode != null) {
      routing.legs().decode(decode);
    } else if (other != null && busy && routing.handed()) {
      routing.legs().decodeElsewhere(other);
    } else if (other != null) {
      goElsewhere(other);
    }
    return true;
  }

  static long retryAfterNanos(ResponseHead received) {
    int seconds = received.retryAfterSeconds();
    return seconds < 0 ? -1 : TimeUnit.SECONDS.toNanos(seconds);
  }

  /**
   * Where to go after an error, null if nowhere. A pod that could not answer from another's prompt
   * may be able to compute it.
   */
  private @Nullable Decision pickAfter(boolean busy) {
    var other = choice.next();
    if (!(other instanceof Decision.NoEndpoint)) {
      return other;
    }
    return routing.handed() && !busy ? routing.legs().alone() : null;
  }

  private void goElsewhere(Decision other) {
    if (routing.handed()) {
      routing.legs().giveUp(other, null);
    }
    routing.go(other);
  }

  /** The pod's error is the client's answer: it has not read the prompt that was held for it. */
  private void dropPrompt() {
    var refused = routing.attempt();
    if (routing.handed() && refused != null) {
      routing.legs().giveUp(null, refused.endpoint());
    }
  }

  @Override
  public void body(ByteBuf raw, BodyFraming framing) {
    var collected = late;
    if (collected != null) {
      if (!collected.read(raw, framing)) {
        endWithoutStream(collected, false);
      }
      return;
    }
    var events = answer == null ? null : answer.events();
    if (events == null) {
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

  /** A stream whose first event is an error is that error: as plain JSON with its own status. */
  private void refusedByFirstEvent(EventStreamBody events) {
    byte[] json = events.errorJson();
    int status = ErrorStatus.of(json);
    if (status >= 500 && routing.handed() && retries.afterStatus(status)) {
      var other = pickAfter(false);
      if (other != null) {
        routing.end(FailureKind.UNAVAILABLE);
        exchange.loop().gateway().metrics().retried(GatewayError.NO_HEALTHY_ENDPOINTS);
        goElsewhere(other);
        return;
      }
      retries.notMade(status);
    }
    dropPrompt();
    routing.end(status >= 500 ? FailureKind.UNAVAILABLE : FailureKind.REJECTED);
    routing.over();
    exchange.relayError(status, json);
  }

  /**
   * The client was promised a stream and there is none: what it waits for is the error.
   *
   * @param whole whether all of the answer came; else it is longer than is kept
   */
  private void endWithoutStream(LateAnswer given, boolean whole) {
    int status = given.head().status();
    var answering = routing.attempt();
    if (answering != null && Failures.busy(status)) {
      answering.busy(retryAfterNanos(given.head()));
    } else if (answering != null && whole) {
      answering.succeeded(status, -1, -1, -1);
    }
    routing.end(status < 500 ? FailureKind.REJECTED : FailureKind.UNAVAILABLE);
    byte[] error = whole ? given.error() : null;
    if (error == null) {
      routing.fail(GatewayError.UPSTREAM_RESET);
      return;
    }
    routing.over();
    exchange.relayError(status, error);
  }

  @Override
  public void readComplete() {}

  @Override
  public void complete() {
    if (late != null) {
      endWithoutStream(late, true);
    } else {
      commit().complete();
    }
  }

  /** The first bytes are here: from now on the answer is this pod's. */
  private Streaming commit() {
    var committed = routing.attempt();
    var pending = answer;
    if (committed == null || pending == null) {
      throw new IllegalStateException("nothing to commit");
    }
    routing.over();
    routing.answered();
    boolean awaited = pending.awaitsFirstToken();
    if (awaited) {
      routing.awaitFirstToken();
    } else {
      routing.firstToken(committed, pending.status());
    }
    var streaming =
        new Streaming(
            exchange, committed, pending.commit(), pending.status(), awaited ? routing : null);
    streaming.enter();
    return streaming;
  }

  @Override
  public void failed(UpstreamFailure failure) {
    discard();
    var failing = routing.attempt();
    if (failing != null && failure.staleConnection()) {
      failing.wentStale();
    } else if (failing != null) {
      failing.failed(Failures.attempt(failure.kind()));
    }
    var error = Failures.error(failure.kind());
    lastFailure = error;
    if (failing != null && failure.staleConnection() && !askedAgain) {
      askedAgain = true;
      if (routing.handed() ? routing.legs().decodeAgain(failing) : routing.sendAgain()) {
        return;
      }
    }
    if (failure.notProcessed() && routing.handed()) {
      handOn(failure.staleConnection() && failing != null ? failing.endpoint() : null, error);
      return;
    }
    Decision next = retries.afterFailure(failure.notProcessed()) ? choice.next() : null;
    if (routing.handed()) {
      routing.legs().giveUp(next, null);
    }
    if (next == null) {
      routing.fail(error);
      return;
    }
    if (!(next instanceof Decision.NoEndpoint)) {
      exchange.loop().gateway().metrics().retried(error);
    }
    routing.go(next);
  }

  /**
   * Nobody has begun to answer from the prompt: another pod may, at no cost.
   *
   * @param again the pod that is to be asked once more, null for the next one
   */
  private void handOn(@Nullable Endpoint again, GatewayError error) {
    if (!retries.afterFailure(true)) {
      routing.legs().giveUp(null, null);
      routing.fail(error);
      return;
    }
    var metrics = exchange.loop().gateway().metrics();
    var other = again == null ? routing.legs().nextDecode() : again;
    if (other != null) {
      metrics.retried(error);
      routing.legs().decode(other);
      return;
    }
    var next = choice.next();
    if (!(next instanceof Decision.NoEndpoint)) {
      metrics.retried(error);
    }
    routing.legs().decodeElsewhere(next);
  }

  /** Whether the head of an answer is here that is no stream, which is the client's to see. */
  boolean hasPlainHead() {
    return answer != null && answer.events() == null;
  }

  /** What the client is told when no pod is left to ask; null while none has failed. */
  @Nullable GatewayError lastFailure() {
    return lastFailure;
  }

  /** Lets go of what has come of an answer that nobody gets. */
  void discard() {
    late = null;
    if (answer != null) {
      answer.discard();
      answer = null;
    }
  }
}
