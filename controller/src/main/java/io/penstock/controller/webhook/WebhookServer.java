package io.penstock.controller.webhook;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.timeout.IdleStateHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.penstock.picker.tls.CurrentIdentity;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The HTTPS server that the API server calls: TLS 1.2 and newer, HTTP/1.1. Whom it shows itself as
 * may change at any time, for the handshakes that follow. Two event loops of its own; a review is
 * answered on the loop it came in on. Owned by whoever starts it.
 */
public final class WebhookServer implements AutoCloseable {

  /** A list in one review holds all objects of a page: 500 of some 60 KiB. */
  static final int BODY_BYTES = 32 << 20;

  private static final int CONNECTIONS = 256;
  private static final int IDLE_SECONDS = 120;

  private final EventLoopGroup loops;
  private final Channel listener;

  private WebhookServer(EventLoopGroup loops, Channel listener) {
    this.loops = loops;
    this.listener = listener;
  }

  /**
   * Listens from now on.
   *
   * @param listen port 0 for a free one
   * @param identity shown at each handshake
   * @param configs judges configs beyond their form
   * @throws IOException when the address cannot be listened on
   */
  public static WebhookServer start(
      InetSocketAddress listen, CurrentIdentity identity, ConfigCheck configs) throws IOException {
    var tls =
        SslContextBuilder.forServer(identity)
            .sslProvider(SslProvider.JDK)
            .protocols("TLSv1.3", "TLSv1.2")
            .build();
    var loops =
        new MultiThreadIoEventLoopGroup(
            2, new DefaultThreadFactory("webhook"), NioIoHandler.newFactory());
    var pipeline = pipeline(tls, new Routes(configs), new AtomicInteger());
    var bound =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childHandler(pipeline)
            .bind(listen)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      throw new IOException("cannot listen on " + listen + ": " + bound.cause().getMessage());
    }
    return new WebhookServer(loops, bound.channel());
  }

  private static ChannelInitializer<SocketChannel> pipeline(
      SslContext tls, Routes routes, AtomicInteger open) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(SocketChannel channel) {
        channel.closeFuture().addListener(closed -> open.decrementAndGet());
        if (open.incrementAndGet() > CONNECTIONS) {
          channel.close();
          return;
        }
        channel
            .pipeline()
            .addLast(tls.newHandler(channel.alloc()))
            .addLast(new IdleStateHandler(0, 0, IDLE_SECONDS))
            .addLast(new HttpServerCodec())
            // says so to clients that want their connection closed
            .addLast(new HttpServerKeepAliveHandler())
            // answers 413 by itself
            .addLast(new HttpObjectAggregator(BODY_BYTES))
            .addLast(new WebhookHandler(routes));
      }
    };
  }

  /** The port it listens on. */
  public int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  /** Stops listening, ends connections and waits until its loops have ended. */
  @Override
  public void close() {
    listener.close().awaitUninterruptibly();
    loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
  }
}
