package io.penstock.proxy.listen;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2Stream;
import io.penstock.proxy.exchange.Deadlines;

/**
 * Ends a client's HTTP/2 connection that has had no stream for as long as one of HTTP/1 may be
 * idle, whether its client has left without a word or only says nothing. The codec tells it by
 * GOAWAY, and does not wait for long until that is taken. Confined to the channel's event loop.
 */
final class Http2Idle extends ChannelInboundHandlerAdapter {

  private final Deadlines deadlines;
  private final Http2Connection connection;

  @SuppressWarnings("NullAway.Init") // set by handlerAdded, before any other call
  private ChannelHandlerContext ctx;

  private final Deadlines.Deadline limit =
      new Deadlines.Deadline() {
        @Override
        protected void expired(long nowNanos) {
          ctx.pipeline().close();
        }
      };

  /** The limit of a connection without streams, which begins at once. */
  Http2Idle(Deadlines deadlines, Http2Connection connection) {
    this.deadlines = deadlines;
    this.connection = connection;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
    connection.addListener(
        new Http2ConnectionAdapter() {
          @Override
          public void onStreamActive(Http2Stream stream) {
            deadlines.clear(limit);
          }

          @Override
          public void onStreamClosed(Http2Stream stream) {
            waitForStream();
          }
        });
    waitForStream();
  }

  private void waitForStream() {
    if (connection.numActiveStreams() == 0 && ctx.channel().isActive()) {
      deadlines.set(limit, deadlines.now() + Http1Connection.IDLE_NANOS);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    deadlines.clear(limit);
    context.fireChannelInactive();
  }
}
