package io.penstock.proxy.exchange;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.assembly.Placement;
import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.signals.TokenUsage;
import io.penstock.proxy.metrics.LegMetrics;
import io.penstock.proxy.trace.LegTrace;
import io.penstock.proxy.upstream.BodyFraming;
import io.penstock.proxy.upstream.ResponseHandler;
import io.penstock.proxy.upstream.ResponseHead;
import io.penstock.proxy.upstream.UpstreamCall;
import io.penstock.proxy.upstream.UpstreamFailure;
import org.jspecify.annotations.Nullable;

/**
 * One try of a request at one endpoint: the call, and what is reserved for it. Confined to the
 * exchange's event loop.
 *
 * <p>Exactly one of {@link #succeeded}, {@link #failed}, {@link #busy} and {@link #abandoned} ends
 * it; reservations and health are settled there and nowhere else.
 */
final class Attempt implements ResponseHandler {

  private final LoopContext loop;
  private final GatewayPool pool;
  private final Endpoint endpoint;
  private final @Nullable Placement placement;
  private final @Nullable LegTrace trace;
  private ResponseHandler listener;
  private @Nullable UpstreamCall call;
  private long retryAfterNanos = -1;
  private boolean over;

  /**
   * An attempt that is about to be sent.
   *
   * @param placement what the picker reserved; null where nothing was picked (an answer that only
   *     one pod can give)
   * @param trace null where nothing is traced
   */
  Attempt(
      LoopContext loop,
      GatewayPool pool,
      Endpoint endpoint,
      @Nullable Placement placement,
      @Nullable LegTrace trace,
      ResponseHandler listener) {
    this.loop = loop;
    this.pool = pool;
    this.endpoint = endpoint;
    this.placement = placement;
    this.trace = trace;
    this.listener = listener;
  }

  /** Sends head and body, whose ownership passes. */
  void send(ByteBuf head, ByteBuf body) {
    call = loop.upstream().send(endpoint, pool.tls(), head, body, false, this);
  }

  /** The same on a connection of its own: nobody would ask again after one that went stale. */
  void sendAnew(ByteBuf head, ByteBuf body) {
    call = loop.upstream().sendAnew(endpoint, pool.tls(), head, body, false, this);
  }

  Endpoint endpoint() {
    return endpoint;
  }

  /** When the request went out on its connection; call once the pod has answered. */
  long connectedNanos() {
    if (call == null) {
      throw new IllegalStateException("no call");
    }
    return call.connectedNanos();
  }

  /** From now on another state hears of the answer. */
  void handTo(ResponseHandler next) {
    listener = next;
  }

  /**
   * The first byte of the answer's body is here; of a stream, its first token.
   *
   * @param status of the answer: an error shows no prefill, and leaves the prompt not computed
   */
  void firstByte(int status) {
    if (placement != null && status < 400) {
      placement.firstByte(loop.now());
    }
    if (trace != null) {
      trace.firstByte(loop.now());
    }
  }

  /**
   * The first token of a stream is here, from a prompt that was ready before the pod was asked;
   * told before {@link #firstByte}. Returns the nanoseconds of its transfer, -1 if unknown.
   */
  long transferred() {
    return placement == null ? -1 : placement.transferred(loop.now());
  }

  /** So many more events of the stream have come. */
  void events(int count, long nowNanos) {
    if (placement != null) {
      placement.tokens(count, nowNanos);
    }
  }

  /** The whole answer came. */
  void succeeded(int status, TokenUsage usage) {
    succeeded(status, usage.promptTokens(), usage.cachedTokens(), usage.completionTokens());
  }

  /** The whole answer came, with these counts of tokens, -1 where one is not known. */
  void succeeded(int status, int prompt, int cached, int completion) {
    if (over) {
      return;
    }
    over = true;
    traced(status, null);
    if (Failures.busy(status)) {
      pool.health().busy(endpoint.slot(), loop.now(), retryAfterNanos);
    } else if (status < 500) {
      pool.health().success(endpoint.slot(), loop.now());
    } else {
      strike();
    }
    if (placement == null) {
      return;
    }
    if (status < 400) {
      placement.completed(prompt, cached, completion, loop.now());
    } else {
      placement.failed(status < 500 ? FailureKind.REJECTED : FailureKind.UNAVAILABLE, loop.now());
    }
  }

  /**
   * The pod, or the way to it, failed, or this process did, which is held against nobody; a call
   * that still runs is cancelled.
   */
  void failed(FailureKind kind) {
    if (over) {
      return;
    }
    over = true;
    traced(0, LegMetrics.label(kind));
    cancelCall();
    if (kind != FailureKind.INTERNAL) {
      strike();
    }
    if (placement != null) {
      placement.failed(kind, loop.now());
    }
  }

  /** A pooled connection was closed while the request went out: no fault of anybody. */
  void wentStale() {
    if (!over) {
      over = true;
      traced(0, "stale_connection");
      if (placement != null) {
        placement.failed(FailureKind.RESET, loop.now());
      }
    }
  }

  /** The pod is too busy for this request, which says nothing against it. */
  void busy(long retryAfterNanos) {
    if (over) {
      return;
    }
    over = true;
    traced(0, "busy");
    cancelCall();
    pool.health().busy(endpoint.slot(), loop.now(), retryAfterNanos);
    if (placement != null) {
      placement.failed(FailureKind.UNAVAILABLE, loop.now());
    }
  }

  /** The client left, or the gateway stops: no fault of the pod, which is to abort. */
  void abandoned() {
    if (over) {
      return;
    }
    over = true;
    traced(0, "abandoned");
    cancelCall();
    if (placement != null) {
      placement.aborted(loop.now());
    }
  }

  private void traced(int status, @Nullable String error) {
    if (trace != null) {
      trace.end(status, error, loop.now());
    }
  }

  private void strike() {
    if (pool.health().failure(endpoint.slot(), loop.now())) {
      loop.gateway().metrics().ejected(pool.name());
    }
  }

  void pauseReading() {
    if (call != null) {
      call.pauseReading();
    }
  }

  void resumeReading() {
    if (call != null) {
      call.resumeReading();
    }
  }

  private void cancelCall() {
    if (call != null) {
      call.cancel();
      call = null;
    }
  }

  // ---- the upstream connection's side ----

  @Override
  public void interim(ResponseHead head) {
    listener.interim(head);
  }

  @Override
  public void head(ResponseHead head) {
    if (Failures.busy(head.status())) {
      retryAfterNanos = Failover.retryAfterNanos(head);
    }
    listener.head(head);
  }

  @Override
  public void body(ByteBuf raw, BodyFraming framing) {
    listener.body(raw, framing);
  }

  @Override
  public void readComplete() {
    listener.readComplete();
  }

  @Override
  public void complete() {
    call = null;
    listener.complete();
  }

  @Override
  public void failed(UpstreamFailure failure) {
    call = null;
    listener.failed(failure);
  }
}
