package io.penstock.picker.grpc;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.util.AsciiString;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Methods on an address. Runs on the event loops it is given; {@link #start} and {@link #close} may
 * block and belong to no event loop, the rest may be called from anywhere.
 */
public final class GrpcServer {

  private static final int BACKLOG = 1024;

  private final Channel listener;
  private final ChannelGroup connections;
  private volatile boolean stopped;

  private GrpcServer(
      EventLoopGroup group,
      Class<? extends ServerChannel> channels,
      InetSocketAddress address,
      @Nullable SslContext tls,
      Map<AsciiString, GrpcMethod> methods)
      throws IOException {
    this.connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    var binding =
        new ServerBootstrap()
            .group(group)
            .channel(channels)
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_KEEPALIVE, true)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    accepted(channel, tls, methods);
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!binding.isSuccess()) {
      throw new IOException("cannot listen on " + address, binding.cause());
    }
    this.listener = binding.channel();
  }

  /**
   * Binds and serves.
   *
   * @param channels server channels that fit the loops
   * @param tls null for plain text
   * @throws IOException when the address cannot be bound
   */
  public static GrpcServer start(
      EventLoopGroup group,
      Class<? extends ServerChannel> channels,
      InetSocketAddress address,
      @Nullable SslContext tls,
      List<GrpcMethod> methods)
      throws IOException {
    Map<AsciiString, GrpcMethod> byPath = new HashMap<>();
    for (var method : methods) {
      byPath.put(AsciiString.of(method.path()), method);
    }
    return new GrpcServer(group, channels, address, tls, Map.copyOf(byPath));
  }

  private void accepted(
      SocketChannel channel, @Nullable SslContext tls, Map<AsciiString, GrpcMethod> methods) {
    if (tls != null) {
      var records = tls.newHandler(channel.alloc());
      records.setWrapDataSize(0); // what comes has been gathered
      channel.pipeline().addLast(records);
    }
    var _ = GrpcConnectionBuilder.addTo(channel.pipeline(), methods);
    connections.add(channel);
    if (stopped) {
      // Accepted while the listener was being closed.
      leave(channel);
    }
  }

  private static void leave(Channel channel) {
    channel
        .eventLoop()
        .execute(
            () -> {
              var connection = channel.pipeline().get(GrpcConnection.class);
              if (connection != null) {
                connection.leave();
              }
            });
  }

  /** Where it listens; the port is the real one if 0 was asked for. */
  public InetSocketAddress address() {
    return (InetSocketAddress) listener.localAddress();
  }

  /** Accepts no more connections and calls; those that run go on. */
  public void stopAccepting() {
    stopped = true;
    var _ = listener.close();
    connections.forEach(GrpcServer::leave);
  }

  /**
   * Whether no call will begin any more: all peers know that none is accepted, for which {@link
   * #stopAccepting} gives each a moment.
   */
  public boolean quiet() {
    return stopped
        && connections.stream()
            .map(channel -> channel.pipeline().get(GrpcConnection.class))
            .allMatch(connection -> connection == null || connection.gone());
  }

  /**
   * Stops, and waits for the calls that run.
   *
   * @param atMost so long; then connections are closed as they are
   */
  public void close(Duration atMost) {
    stopAccepting();
    var _ = listener.closeFuture().awaitUninterruptibly(atMost.toMillis());
    if (!connections.newCloseFuture().awaitUninterruptibly(atMost.toMillis())) {
      var _ = connections.close().awaitUninterruptibly(atMost.toMillis());
    }
  }
}
