package io.penstock.proxy.listen;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.ssl.SslContext;
import io.penstock.proxy.exchange.LoopContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The listener for clients. Started and stopped by its owner's thread, which may block; everything
 * on a connection happens on that connection's event loop.
 */
public final class GatewayServer {

  /** Unsent bytes of one client above which its pod is not read, and below which it is again. */
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(32 * 1024, 64 * 1024);

  private static final int BACKLOG = 4096;

  private final Channel channel;
  private final ClientConnections connections;

  private GatewayServer(Channel channel, ClientConnections connections) {
    this.channel = channel;
    this.connections = connections;
  }

  /**
   * Listens.
   *
   * @param contexts the context of each event loop of the group
   * @param tls the TLS context for a new connection; null where it speaks plain text
   * @throws IOException when the address cannot be bound
   */
  public static GatewayServer listen(
      InetSocketAddress address,
      EventLoopGroup loops,
      Transport transport,
      Map<EventLoop, LoopContext> contexts,
      Supplier<@Nullable SslContext> tls,
      ClientConnections connections,
      int maxHeadBytes,
      long drainMillis)
      throws IOException {
    var pipeline =
        new GatewayPipeline(
            channel -> context(contexts, channel), tls, connections, maxHeadBytes, drainMillis);
    var bound =
        new ServerBootstrap()
            .group(loops)
            .channel(transport.serverChannel())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .childHandler(pipeline)
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException("cannot listen on " + address + ": " + bound.cause().getMessage());
    }
    return new GatewayServer(bound.channel(), connections);
  }

  private static LoopContext context(Map<EventLoop, LoopContext> contexts, Channel channel) {
    var context = contexts.get(channel.eventLoop());
    if (context == null) {
      throw new IllegalStateException("a channel on a loop of another group");
    }
    return context;
  }

  /** The address in use, with the port that was given where 0 was asked for. */
  public InetSocketAddress address() {
    return (InetSocketAddress) channel.localAddress();
  }

  /** Connections that are open, those that only have to be read included. */
  public int openConnections() {
    return connections.openCount();
  }

  /** Takes no more connections; those that are open go on. */
  public void stopAccepting() {
    channel.close().awaitUninterruptibly();
  }

  /** Asks clients to go elsewhere: idle connections close, others after what they are doing. */
  public void drainConnections() {
    connections.drain();
  }

  /** Closes what is left. */
  public void close() {
    channel.close().awaitUninterruptibly();
    connections.close();
  }
}
