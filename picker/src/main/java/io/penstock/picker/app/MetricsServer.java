package io.penstock.picker.app;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves {@code GET /metrics} to Prometheus, one answer a connection, made on an executor so that a
 * large page holds up no stream.
 */
final class MetricsServer implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(MetricsServer.class);
  private static final int MAX_BODY_BYTES = 1_024;
  private static final int IDLE_SECONDS = 60;

  private final Channel listener;

  private MetricsServer(Channel listener) {
    this.listener = listener;
  }

  /**
   * Binds and serves.
   *
   * @throws IOException if the address cannot be bound
   */
  static MetricsServer start(
      EventLoopGroup loops,
      Class<? extends ServerChannel> channelType,
      InetSocketAddress address,
      CollectorRegistry registry,
      Executor executor)
      throws IOException {
    var binding =
        new ServerBootstrap()
            .group(loops)
            .channel(channelType)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    channel
                        .pipeline()
                        .addLast(new ReadTimeoutHandler(IDLE_SECONDS))
                        .addLast(new HttpServerCodec())
                        .addLast(new HttpObjectAggregator(MAX_BODY_BYTES))
                        .addLast(new Pages(registry, executor));
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!binding.isSuccess()) {
      throw new IOException("cannot listen on " + address, binding.cause());
    }
    return new MetricsServer(binding.channel());
  }

  InetSocketAddress address() {
    return (InetSocketAddress) listener.localAddress();
  }

  @Override
  public void close() {
    listener.close().awaitUninterruptibly();
  }

  /** One connection. Confined to its event loop, but for the page's text. */
  private static final class Pages extends SimpleChannelInboundHandler<FullHttpRequest> {
    private final CollectorRegistry registry;
    private final Executor executor;

    Pages(CollectorRegistry registry, Executor executor) {
      this.registry = registry;
      this.executor = executor;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
      ctx.channel().config().setAutoRead(false);
      var path = request.uri().split("\\?", 2)[0];
      if (!request.method().equals(HttpMethod.GET) || !path.equals("/metrics")) {
        answer(ctx, HttpResponseStatus.NOT_FOUND, "text/plain; charset=utf-8", "GET /metrics\n");
        return;
      }
      try {
        executor.execute(() -> metrics(ctx));
      } catch (RejectedExecutionException closed) {
        ctx.close();
      }
    }

    /** On the executor. */
    private void metrics(ChannelHandlerContext ctx) {
      String page;
      try {
        var text = new StringWriter(16 * 1024);
        TextFormat.write004(text, registry.metricFamilySamples());
        page = text.toString();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (RuntimeException e) {
        LOG.warn("the metrics could not be written", e);
        ctx.close();
        return;
      }
      answer(ctx, HttpResponseStatus.OK, TextFormat.CONTENT_TYPE_004, page);
    }

    private static void answer(
        ChannelHandlerContext ctx, HttpResponseStatus status, String type, String text) {
      var response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1,
              status,
              Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8)));
      response
          .headers()
          .set(HttpHeaderNames.CONTENT_TYPE, type)
          .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
      HttpUtil.setContentLength(response, response.content().readableBytes());
      ctx.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    @SuppressWarnings("deprecation") // of ChannelHandler, not of ChannelInboundHandler
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      LOG.debug("a metrics connection failed", cause);
      ctx.close();
    }
  }
}
