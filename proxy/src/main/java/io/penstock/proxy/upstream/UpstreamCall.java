package io.penstock.proxy.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import org.jspecify.annotations.Nullable;

/** One request on its way to one endpoint. Confined to the event loop. */
public final class UpstreamCall {

  private final ResponseHandler handler;
  private final boolean reused;
  private final boolean answersHead;
  private @Nullable ByteBuf head;
  private @Nullable ByteBuf body;
  private @Nullable UpstreamConnection connection;
  private @Nullable Channel connecting;
  private boolean over;
  private boolean paused;
  private long connectedNanos;

  UpstreamCall(
      ResponseHandler handler, ByteBuf head, ByteBuf body, boolean answersHead, boolean reused) {
    this.handler = handler;
    this.head = head;
    this.body = body;
    this.answersHead = answersHead;
    this.reused = reused;
  }

  /** Ends the call: its connection closes, so that the pod stops working for it. */
  public void cancel() {
    if (over) {
      return;
    }
    over = true;
    releaseRequest();
    if (connection != null) {
      connection.abandon();
    } else if (connecting != null) {
      connecting.close();
    }
  }

  /** Reads no more of the answer until {@link #resumeReading}. */
  public void pauseReading() {
    paused = true;
    if (connection != null) {
      connection.reading(false);
    }
  }

  /** Reads on. */
  public void resumeReading() {
    paused = false;
    if (connection != null) {
      connection.reading(true);
    }
  }

  /** When the request went out on its connection; only from then on. */
  public long connectedNanos() {
    return connectedNanos;
  }

  /** Whether the request went out on a connection that had been used before. */
  public boolean reused() {
    return reused;
  }

  boolean over() {
    return over;
  }

  boolean paused() {
    return paused;
  }

  boolean answersHead() {
    return answersHead;
  }

  ResponseHandler handler() {
    return handler;
  }

  void connecting(Channel channel) {
    connecting = channel;
  }

  void on(UpstreamConnection running, long nowNanos) {
    connectedNanos = nowNanos;
    connecting = null;
    connection = running;
  }

  @Nullable ByteBuf takeHead() {
    ByteBuf taken = head;
    head = null;
    return taken;
  }

  @Nullable ByteBuf takeBody() {
    ByteBuf taken = body;
    body = null;
    return taken;
  }

  void complete() {
    over = true;
    connection = null;
    handler.complete();
  }

  void fail(UpstreamFailure.Kind kind, boolean stale, @Nullable String detail) {
    if (over) {
      return;
    }
    over = true;
    connection = null;
    releaseRequest();
    handler.failed(new UpstreamFailure(kind, stale, detail));
  }

  private void releaseRequest() {
    ByteBuf unsentHead = takeHead();
    if (unsentHead != null) {
      unsentHead.release();
    }
    ByteBuf unsentBody = takeBody();
    if (unsentBody != null) {
      unsentBody.release();
    }
  }
}
