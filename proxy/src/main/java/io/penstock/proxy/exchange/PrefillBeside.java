package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.proxy.metrics.Timeline;
import io.penstock.proxy.openai.ForwardedHead;
import io.penstock.proxy.upstream.BodyFraming;
import io.penstock.proxy.upstream.ResponseHandler;
import io.penstock.proxy.upstream.ResponseHead;
import io.penstock.proxy.upstream.UpstreamFailure;
import org.jspecify.annotations.Nullable;

/**
 * The prefill of a request whose two legs run side by side. Confined to the exchange's event loop;
 * may outlive its exchange until its own time is over.
 *
 * <p>What it answers is of no use; that it fails before the other leg answers is told at once,
 * since that leg would wait in vain.
 */
final class PrefillBeside implements ResponseHandler {

  private final Legs legs;
  private final Exchange exchange;
  private final GatewayPool pool;
  private final HeldPrompt prompt;
  private final InferenceRequest request;
  private final RequestBody body;
  private final Deadlines.Deadline deadline =
      new Deadlines.Deadline() {
        @Override
        protected void expired(long nowNanos) {
          fail(FailureKind.TIMEOUT, false);
        }
      };
  private @Nullable Attempt attempt;
  private boolean wentStale;
  private boolean answered;
  private boolean completed;
  private long sentNanos;

  PrefillBeside(
      Legs legs,
      Exchange exchange,
      GatewayPool pool,
      HeldPrompt prompt,
      InferenceRequest request,
      RequestBody body) {
    this.legs = legs;
    this.exchange = exchange;
    this.pool = pool;
    this.prompt = prompt;
    this.request = request;
    this.body = body;
  }

  void send() {
    var loop = exchange.loop();
    var endpoint = prompt.prefill();
    sentNanos = loop.now();
    exchange.facts().timeline().mark(Timeline.Event.PREFILL_SENT, sentNanos);
    exchange.facts().prefill = endpoint;
    exchange.facts().attempts++;
    var placement =
        pool.picker()
            .placements()
            .placePrefill(request, prompt.divided(), endpoint, loop.index(), sentNanos);
    ByteBuf whole = body.share();
    ByteBuf first;
    try {
      first = prompt.transfer().prefillBody(whole);
    } finally {
      whole.release();
    }
    var trace = exchange.forwarding().leg("prefill", endpoint);
    var asked = new Attempt(loop, pool, endpoint, placement, trace, this);
    attempt = asked;
    var head = exchange.forwarding().head(endpoint, first.readableBytes(), trace);
    String rank = prompt.transfer().prefillRank();
    if (!rank.isEmpty()) {
      ForwardedHead.addRank(head, rank);
    }
    asked.send(head, first);
    loop.deadlines().set(deadline, sentNanos + pool.division().prefillNanos());
  }

  /** The other leg answers: the prompt has been read. */
  void answered() {
    answered = true;
  }

  /** Whether the prompt is computed. */
  boolean completed() {
    return completed;
  }

  /** The other leg is given up. */
  void abandon() {
    exchange.loop().deadlines().clear(deadline);
    if (attempt != null) {
      attempt.abandoned();
      attempt = null;
    }
  }

  private void fail(FailureKind kind, boolean notProcessed) {
    if (attempt != null) {
      attempt.failed(kind);
      prompt.doubt();
    }
    lose(kind, notProcessed);
  }

  private void lose(FailureKind kind, boolean notProcessed) {
    exchange.loop().deadlines().clear(deadline);
    boolean running = attempt != null;
    attempt = null;
    if (running && !answered) {
      legs.prefillLost(kind, notProcessed);
    }
  }

  @Override
  public void interim(ResponseHead head) {}

  @Override
  public void head(ResponseHead head) {
    int status = head.status();
    var refusing = attempt;
    if (status >= 200 && status < 300) {
      return;
    }
    if (refusing != null && Failures.busy(status)) {
      refusing.busy(Failover.retryAfterNanos(head));
      lose(FailureKind.UNAVAILABLE, false);
      return;
    }
    boolean refuses = status >= 400 && status < 500;
    if (refuses && !answered && refusing != null) {
      exchange.loop().deadlines().clear(deadline);
      attempt = null;
      legs.prefillRefused(refusing, head);
    } else {
      fail(FailureKind.UNAVAILABLE, false);
    }
  }

  @Override
  public void body(ByteBuf raw, BodyFraming framing) {
    raw.release();
  }

  @Override
  public void readComplete() {}

  @Override
  public void complete() {
    var loop = exchange.loop();
    loop.deadlines().clear(deadline);
    var done = attempt;
    attempt = null;
    if (done != null) {
      completed = true;
      done.succeeded(200, -1, -1, -1);
      exchange.facts().timeline().mark(Timeline.Event.PREFILLED, loop.now());
      loop.gateway().metrics().legs().prefilled(loop.now() - sentNanos);
    }
  }

  @Override
  public void failed(UpstreamFailure failure) {
    var kind = Failures.attempt(failure.kind());
    if (attempt == null || !failure.staleConnection()) {
      fail(kind, failure.notProcessed());
      return;
    }
    attempt.wentStale();
    if (wentStale || answered) {
      lose(kind, true);
    } else {
      wentStale = true;
      send();
    }
  }
}
