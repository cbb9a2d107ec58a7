package io.penstock.proxy.listen;

import io.netty.channel.Channel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.util.concurrent.atomic.LongAdder;

/** The client connections that are open, and the cap on them. Thread-safe. */
public final class ClientConnections {

  private final int max;
  private final ChannelGroup open = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
  private final LongAdder refused = new LongAdder();
  private final LongAdder failedHandshakes = new LongAdder();

  /** Connections up to {@code limits.connections}. */
  public ClientConnections(int max) {
    this.max = max;
  }

  boolean admit(Channel channel) {
    if (open.size() >= max) {
      refused.increment();
      return false;
    }
    open.add(channel);
    return true;
  }

  void handshakeFailed() {
    failedHandshakes.increment();
  }

  /** Connections open now. */
  public int openCount() {
    return open.size();
  }

  /** Connections closed at once because of the cap, since the start. */
  public long refusedCount() {
    return refused.sum();
  }

  /** TLS handshakes that failed, since the start. */
  public long failedHandshakeCount() {
    return failedHandshakes.sum();
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
