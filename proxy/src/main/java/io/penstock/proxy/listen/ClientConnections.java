package io.penstock.proxy.listen;

import io.netty.channel.Channel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.penstock.proxy.metrics.GatewayMetrics;

/** The client connections that are open, and the cap on them. Thread-safe. */
public final class ClientConnections {

  private final int max;
  private final GatewayMetrics metrics;
  private final ChannelGroup open = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);

  /** Connections up to {@code limits.connections}. */
  public ClientConnections(int max, GatewayMetrics metrics) {
    this.max = max;
    this.metrics = metrics;
  }

  boolean admit(Channel channel) {
    if (open.size() >= max) {
      metrics.refused();
      return false;
    }
    metrics.connected();
    open.add(channel);
    channel.closeFuture().addListener(closed -> metrics.disconnected());
    return true;
  }

  /** Connections open now. */
  public int openCount() {
    return open.size();
  }

  /** Asks each connection to end after what it is doing: HTTP/1 when idle, HTTP/2 by GOAWAY. */
  void drain() {
    for (Channel channel : open) {
      channel.eventLoop().execute(() -> drain(channel));
    }
  }

  private static void drain(Channel channel) {
    var http1 = channel.pipeline().get(Http1Connection.class);
    if (http1 != null) {
      http1.drain();
    } else {
      // HTTP/2 sends GOAWAY and closes once its streams have ended.
      channel.close();
    }
  }

  /** Closes what is left. */
  void close() {
    open.close();
  }
}
