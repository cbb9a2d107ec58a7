package io.penstock.proxy.admin;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Server-sent events to one page, ten times a second until it leaves. Confined to the connection's
 * event loop; the feed is asked on the executor, and next time only after what it said is written.
 *
 * <p>A page that reads too slowly is not asked for: it hears of fewer decisions, so that at most a
 * socket's buffer and one turn's text wait for it. One that reads nothing for a minute is closed.
 */
final class LiveStream {

  private static final Logger LOG = LoggerFactory.getLogger(LiveStream.class);
  static final long TURN_MILLIS = 100;
  private static final int MOST_STALLED_TURNS = 600;

  private final ChannelHandlerContext ctx;
  private final LiveFeed feed;
  private final Executor executor;
  private int stalledTurns;

  LiveStream(ChannelHandlerContext ctx, LiveFeed feed, Executor executor) {
    this.ctx = ctx;
    this.feed = feed;
    this.executor = executor;
  }

  /** Answers and begins. */
  void start() {
    if (ctx.pipeline().get(ReadTimeoutHandler.class) != null) {
      ctx.pipeline().remove(ReadTimeoutHandler.class);
    }
    var response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    AdminHandler.protect(response.headers())
        .set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8");
    HttpUtil.setTransferEncodingChunked(response, true);
    ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    turn();
  }

  private void turn() {
    if (!ctx.channel().isActive()) {
      return;
    }
    if (!ctx.channel().isWritable()) {
      stalledTurns++;
      if (stalledTurns > MOST_STALLED_TURNS) {
        ctx.close();
      } else {
        later();
      }
      return;
    }
    stalledTurns = 0;
    try {
      executor.execute(this::ask);
    } catch (RejectedExecutionException e) {
      ctx.close();
    }
  }

  /** On the executor. */
  private void ask() {
    String text;
    try {
      text = feed.next();
    } catch (RuntimeException e) {
      LOG.warn("the live page cannot be fed", e);
      ctx.executor().execute(ctx::close);
      return;
    }
    ctx.executor().execute(() -> send(text));
  }

  private void send(String text) {
    if (!text.isEmpty()) {
      ctx.writeAndFlush(new DefaultHttpContent(ByteBufUtil.writeUtf8(ctx.alloc(), text)))
          .addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    }
    later();
  }

  private void later() {
    var _ = ctx.executor().schedule(this::turn, TURN_MILLIS, TimeUnit.MILLISECONDS);
  }
}
