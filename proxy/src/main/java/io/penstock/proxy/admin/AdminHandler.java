package io.penstock.proxy.admin;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.ReadTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One admin connection: asks {@link AdminPages} on the executor and writes what it says. Reads the
 * next request only after that, so that answers keep their order; a connection that asked for the
 * live stream answers no other. Confined to the event loop.
 */
final class AdminHandler extends SimpleChannelInboundHandler<FullHttpRequest> {

  private static final Logger LOG = LoggerFactory.getLogger(AdminHandler.class);
  private static final int MOST_STREAMS = 16;

  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final AdminPages pages;
  private final Executor executor;
  private final AtomicInteger streams;

  /** Whether an answer is being made; a request that comes meanwhile was pipelined. */
  private boolean busy;

  /**
   * The handler of one connection.
   *
   * @param streams live streams that are open on the listener's connections
   */
  AdminHandler(AdminPages pages, Executor executor, AtomicInteger streams) {
    this.pages = pages;
    this.executor = executor;
    this.streams = streams;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
    if (request.decoderResult().isFailure() || busy) {
      write(ctx, AdminPages.BAD_REQUEST, false);
      ctx.close();
      return;
    }
    boolean headOnly = request.method().equals(HttpMethod.HEAD);
    var method = headOnly ? "GET" : request.method().name();
    var uri = request.uri();
    boolean foreign = request.headers().contains(HttpHeaderNames.ORIGIN);
    if (pages.isAlive(method, uri)) {
      write(ctx, AdminPages.ALIVE, headOnly);
      return;
    }
    busy = true;
    if (!headOnly && streams(ctx, method, uri)) {
      return;
    }
    var accept = request.headers().get(HttpHeaderNames.ACCEPT, "");
    ctx.channel().config().setAutoRead(false);
    try {
      executor.execute(() -> answer(ctx, method, uri, foreign, accept, headOnly));
    } catch (RejectedExecutionException e) {
      ctx.close();
    }
  }

  /** Whether the connection is a live stream from now on, or was refused to be one. */
  private boolean streams(ChannelHandlerContext ctx, String method, String uri) {
    @Nullable LiveFeed feed;
    try {
      feed = pages.feed(method, uri);
    } catch (IllegalArgumentException e) {
      busy = false;
      write(ctx, AdminPages.BAD_REQUEST, false);
      return true;
    }
    if (feed == null) {
      return false;
    }
    if (streams.incrementAndGet() > MOST_STREAMS) {
      streams.decrementAndGet();
      busy = false;
      write(ctx, AdminPages.TOO_MANY, false);
      return true;
    }
    ctx.channel().closeFuture().addListener(closed -> streams.decrementAndGet());
    new LiveStream(ctx, feed, executor).start();
    return true;
  }

  @Override
  @SuppressWarnings("deprecation") // of ChannelHandler, not of ChannelInboundHandler
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!(cause instanceof ReadTimeoutException)) {
      LOG.debug("admin connection failed", cause);
    }
    ctx.close();
  }

  /** On the executor. */
  private void answer(
      ChannelHandlerContext ctx,
      String method,
      String uri,
      boolean foreign,
      String accept,
      boolean headOnly) {
    AdminPages.Page page;
    try {
      page = pages.page(method, uri, foreign, accept);
    } catch (RuntimeException e) {
      LOG.warn("{} could not be shown", uri, e);
      page = AdminPages.FAILED;
    }
    var made = page;
    ctx.executor()
        .execute(
            () -> {
              busy = false;
              write(ctx, made, headOnly);
              ctx.channel().config().setAutoRead(true);
            });
  }

  private static void write(ChannelHandlerContext ctx, AdminPages.Page page, boolean headOnly) {
    ctx.writeAndFlush(response(page, headOnly)).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
  }

  private static FullHttpResponse response(AdminPages.Page page, boolean headOnly) {
    byte[] body = page.body().getBytes(StandardCharsets.UTF_8);
    var response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(page.status()),
            headOnly ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(body));
    protect(response.headers()).set(HttpHeaderNames.CONTENT_TYPE, page.contentType());
    if (page.status() == 405) {
      response.headers().set(HttpHeaderNames.ALLOW, page.allow());
    }
    HttpUtil.setContentLength(response, body.length);
    return response;
  }

  /** What every answer says to browsers: load nothing from elsewhere, and be framed by nobody. */
  static HttpHeaders protect(HttpHeaders headers) {
    return headers
        .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
        .set(HttpHeaderNames.VARY, HttpHeaderNames.ACCEPT)
        .set(HttpHeaderNames.CONTENT_SECURITY_POLICY, POLICY)
        .set(HttpHeaderNames.X_FRAME_OPTIONS, "DENY")
        .set("referrer-policy", "no-referrer")
        .set("cross-origin-resource-policy", "same-origin")
        .set("x-content-type-options", "nosniff");
  }
}
