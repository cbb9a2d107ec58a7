package io.penstock.proxy.admin;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.prometheus.client.CollectorRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A small HTTP/1.1 server for people, kubelet and Prometheus, on event loops it is given. Answers
 * are made on an executor, so that a large metrics page holds up no request; only {@code /livez} is
 * answered by the event loop itself, because that it answers is the point.
 *
 * <p>Started and closed by the wiring; the rest is confined to each connection's loop.
 */
public final class AdminServer implements AutoCloseable {

  /** What a listener serves. */
  public enum Scope {
    /** Everything; for people, on localhost. */
    ADMIN,
    /** {@code /livez}, {@code /readyz} and {@code /metrics} alone. */
    HEALTH
  }

  private static final int MAX_BODY_BYTES = 1_024;
  private static final int IDLE_SECONDS = 60;

  private final Channel listener;

  private AdminServer(Channel listener) {
    this.listener = listener;
  }

  /**
   * Binds and serves.
   *
   * @param executor where answers are made; virtual threads will do
   * @throws IOException if the address cannot be bound
   */
  public static AdminServer start(
      EventLoopGroup loops,
      Class<? extends ServerChannel> channelType,
      InetSocketAddress address,
      Scope scope,
      AdminView view,
      CollectorRegistry metrics,
      Executor executor)
      throws IOException {
    var pages = new AdminPages(scope, view, metrics);
    var streams = new AtomicInteger();
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
                        .addLast(new HttpServerKeepAliveHandler())
                        .addLast(new HttpObjectAggregator(MAX_BODY_BYTES))
                        .addLast(new AdminHandler(pages, executor, streams));
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!binding.isSuccess()) {
      throw new IOException("cannot listen on " + address, binding.cause());
    }
    return new AdminServer(binding.channel());
  }

  /** Where it listens; the port is the real one if 0 was asked for. */
  public InetSocketAddress address() {
    return (InetSocketAddress) listener.localAddress();
  }

  /** Accepts no more connections. Open ones end with the loops. */
  @Override
  public void close() {
    listener.close().awaitUninterruptibly();
  }
}
