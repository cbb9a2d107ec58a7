package io.penstock.proxy.listen;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.Http2Exception;
import io.penstock.proxy.exchange.Deadlines;
import io.penstock.proxy.exchange.LoopContext;
import io.penstock.proxy.upstream.SharedReadBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Tells HTTP/2 with prior knowledge from HTTP/1 by the first bytes of a connection (RFC 9113 §3.3),
 * then gives way. A client that sends nothing, or goes no further, has the limits of HTTP/1.
 * Confined to the channel's event loop.
 */
final class ProtocolDetector extends ByteToMessageDecoder {

  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final GatewayPipeline pipeline;
  private final LoopContext loop;
  private boolean begun;

  private @Nullable ChannelHandlerContext context;

  private final Deadlines.Deadline limit =
      new Deadlines.Deadline() {
        @Override
        protected void expired(long nowNanos) {
          tooSlow();
        }
      };

  ProtocolDetector(GatewayPipeline pipeline, LoopContext loop) {
    this.pipeline = pipeline;
    this.loop = loop;
    setCumulator(SharedReadBuffer::cumulate);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    context = ctx;
    within(Http1Connection.IDLE_NANOS);
  }

  @Override
  protected void handlerRemoved0(ChannelHandlerContext ctx) {
    loop.deadlines().clear(limit);
  }

  private void within(long nanos) {
    loop.deadlines().set(limit, loop.deadlines().now() + nanos);
  }

  /** What has begun like HTTP/2 and does not go on may as well be HTTP/1, which says so. */
  private void tooSlow() {
    var ctx = context;
    if (ctx == null || ctx.isRemoved()) {
      return;
    }
    if (begun) {
      var connection = pipeline.http1(ctx.pipeline());
      ctx.pipeline().remove(this);
      connection.headTooSlow();
    } else {
      ctx.close();
    }
  }

  @Override
  protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out)
      throws Http2Exception {
    if (!begun && in.isReadable()) {
      begun = true;
      within(loop.settings().timeouts().requestHeadNanos());
    }
    int length = Math.min(in.readableBytes(), PREFACE.length);
    for (int i = 0; i < length; i++) {
      if (in.getByte(in.readerIndex() + i) != PREFACE[i]) {
        pipeline.http1(ctx.pipeline());
        ctx.pipeline().remove(this);
        return;
      }
    }
    if (length == PREFACE.length) {
      pipeline.http2(ctx.pipeline());
      ctx.pipeline().remove(this);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
