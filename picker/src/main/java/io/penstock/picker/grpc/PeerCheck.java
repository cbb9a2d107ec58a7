package io.penstock.picker.grpc;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes a connection whose peer vanished without a word, as when its node or its network fails:
 * where nothing is written, TCP learns that after two hours. A peer of which nothing came for a
 * while is sent a ping, which any must answer, and has {@value #LOOK_SECONDS} s for that, twice.
 * Confined to the connection's event loop.
 */
final class PeerCheck extends ChannelInboundHandlerAdapter {

  private static final Logger LOG = LoggerFactory.getLogger(PeerCheck.class);

  private static final long LOOK_SECONDS = 20;

  /** Looks in a row that may find nothing; the first of them sends the ping. */
  private static final int MOST_SILENT = 2;

  private static final long PING = 0x616c6976653fL;

  private final Http2ConnectionEncoder encoder;
  private @Nullable Future<?> looking;
  private boolean heard;
  private int silent;

  PeerCheck(Http2ConnectionEncoder encoder) {
    this.encoder = encoder;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    looking =
        ctx.executor()
            .scheduleWithFixedDelay(() -> look(ctx), LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    if (looking != null) {
      looking.cancel(false);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    heard = true;
    ctx.fireChannelRead(message);
  }

  private void look(ChannelHandlerContext ctx) {
    silent = heard ? 0 : silent + 1;
    heard = false;
    if (silent > MOST_SILENT) {
      LOG.info("{} is gone: it has not answered a ping", ctx.channel());
      var _ = ctx.close();
    } else if (silent == 1) {
      encoder.writePing(ctx, false, PING, ctx.newPromise());
      ctx.flush();
    }
  }
}
