package io.penstock.proxy.upstream;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.socket.SocketChannel;
import io.netty.util.NetUtil;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.scrape.PodTls;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections of one event loop to all pods. Confined to that loop; the counts may be read from
 * anywhere and are a moment old.
 *
 * <p>A call takes the connection that was used last, or opens one. Idle ones close after 4 s,
 * before uvicorn's 5 s, so that a request rarely meets a closing connection; where it does, the
 * failure says so.
 */
public final class UpstreamPool {

  private static final Logger log = LoggerFactory.getLogger(UpstreamPool.class);

  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(4);
  private static final int MOST_IDLE_PER_ENDPOINT = 256;

  private final EventLoop loop;
  private final Bootstrap bootstrap;
  private final LongSupplier nanoClock;
  private final RecvByteBufAllocator reads;
  private final Duration handshakeTimeout;
  private final Map<EndpointId, IdleConnections> endpoints = new HashMap<>();
  private final Map<PodTls, Map<EndpointId, IdleConnections>> secured = new HashMap<>();
  private boolean sweeping;
  private final LongAdder open = new LongAdder();
  private final LongAdder created = new LongAdder();
  private final LongAdder reused = new LongAdder();
  private final LongAdder connectFailures = new LongAdder();

  /**
   * A loop's pool, without connections.
   *
   * @param reads where bytes are read to, usually a {@link SharedReadBuffer}
   * @param connectMillis {@code timeouts.connect}, and for a TLS handshake as much again
   */
  public UpstreamPool(
      EventLoop loop,
      Class<? extends SocketChannel> channelType,
      RecvByteBufAllocator reads,
      int connectMillis,
      LongSupplier nanoClock) {
    this.loop = loop;
    this.reads = reads;
    this.nanoClock = nanoClock;
    this.handshakeTimeout = Duration.ofMillis(connectMillis);
    this.bootstrap =
        new Bootstrap()
            .group(loop)
            .channel(channelType)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, connectMillis)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.RECVBUF_ALLOCATOR, reads)
            .handler(new Connecting());
  }

  /**
   * Sends a request; ownership of head and body passes on every path. The handler is never called
   * from within.
   *
   * @param endpoint an endpoint of the current snapshot: nothing else is ever connected to
   * @param tls how TLS is spoken to it; null: plain text
   * @param answersHead whether the method is HEAD
   */
  public UpstreamCall send(
      Endpoint endpoint,
      @Nullable PodTls tls,
      ByteBuf head,
      ByteBuf body,
      boolean answersHead,
      ResponseHandler handler) {
    assert loop.inEventLoop();
    var pooled = home(endpoint.id(), tls).take(now() - IDLE_NANOS);
    if (pooled == null) {
      return sendAnew(endpoint, tls, head, body, answersHead, handler);
    }
    reused.increment();
    var call = new UpstreamCall(handler, head, body, answersHead, true);
    pooled.start(call);
    return call;
  }

  /** The same on a new connection, which the pod is not about to close. */
  public UpstreamCall sendAnew(
      Endpoint endpoint,
      @Nullable PodTls tls,
      ByteBuf head,
      ByteBuf body,
      boolean answersHead,
      ResponseHandler handler) {
    assert loop.inEventLoop();
    var home = home(endpoint.id(), tls);
    var call = new UpstreamCall(handler, head, body, answersHead, false);
    ChannelFuture connect = bootstrap.connect(address(endpoint));
    // An immediate failure must not call back from within.
    Runnable next =
        tls == null
            ? () -> connected(connect, home, call)
            : () -> secure(connect, tls, endpoint, home, call);
    if (connect.isDone()) {
      loop.execute(next);
    } else {
      call.connecting(connect.channel());
      connect.addListener(done -> next.run());
    }
    return call;
  }

  /** A pod that two pools reach, each in its own way, has connections of both kinds. */
  private IdleConnections home(EndpointId endpoint, @Nullable PodTls tls) {
    return tls == null
        ? endpoints.computeIfAbsent(endpoint, IdleConnections::new)
        : secured
            .computeIfAbsent(tls, each -> new HashMap<>())
            .computeIfAbsent(endpoint, IdleConnections::new);
  }

  /** Shakes hands before anything is sent, so that a pod that is not trusted gets nothing. */
  private void secure(
      ChannelFuture connect,
      PodTls tls,
      Endpoint endpoint,
      IdleConnections home,
      UpstreamCall call) {
    if (!connect.isSuccess()) {
      connected(connect, home, call);
      return;
    }
    var channel = connect.channel();
    // What is not decrypted yet may be held for longer than a shared block bears.
    channel.config().setRecvByteBufAllocator(new AdaptiveRecvByteBufAllocator());
    var spec = endpoint.spec();
    var handler = tls.handler(channel.alloc(), spec.host(), spec.port(), handshakeTimeout);
    channel.pipeline().addFirst(handler);
    handler
        .handshakeFuture()
        .addListener(
            done -> {
              if (done.isSuccess()) {
                connected(connect, home, call);
              } else {
                distrusted(channel, endpoint, call, done.cause());
              }
            });
  }

  private void distrusted(
      Channel channel, Endpoint endpoint, UpstreamCall call, @Nullable Throwable cause) {
    channel.close();
    if (call.over()) {
      return;
    }
    connectFailures.increment();
    var reason = cause == null ? "the handshake was not finished" : PodTls.reason(cause);
    log.warn("no TLS with {}: {}", endpoint.address(), reason);
    call.fail(UpstreamFailure.Kind.TLS_FAILED, false, reason);
  }

  private void connected(ChannelFuture connect, IdleConnections home, UpstreamCall call) {
    if (!connect.isSuccess()) {
      // One that was cancelled has failed nobody.
      if (!call.over()) {
        connectFailures.increment();
      }
      call.fail(kindOf(connect.cause()), false, null);
      return;
    }
    var channel = connect.channel();
    created.increment();
    if (!channel.isActive()) {
      // Gone again before anybody could hear of it.
      call.fail(UpstreamFailure.Kind.RESET_BEFORE_HEAD, false, null);
      return;
    }
    open.increment();
    var connection = new UpstreamConnection(this, channel, home);
    channel.pipeline().replace(Connecting.class, null, connection);
    if (call.over()) {
      channel.close();
    } else {
      connection.start(call);
    }
  }

  /**
   * Holds the place of the {@link UpstreamConnection} until the connection stands. A socket that is
   * registered and not yet connecting looks readable to epoll, and reading it fails; whether it can
   * be connected is told by the connect's own future.
   */
  @Sharable
  private static final class Connecting extends ChannelInboundHandlerAdapter {
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {}
  }

  private static UpstreamFailure.Kind kindOf(@Nullable Throwable cause) {
    if (cause instanceof ConnectTimeoutException) {
      return UpstreamFailure.Kind.CONNECT_TIMEOUT;
    }
    if (cause instanceof ChannelException) {
      return UpstreamFailure.Kind.NO_SOCKET; // of which there was none to connect
    }
    return cause instanceof ConnectException
        ? UpstreamFailure.Kind.CONNECT_REFUSED
        : UpstreamFailure.Kind.CONNECT_FAILED;
  }

  private static InetSocketAddress address(Endpoint endpoint) {
    String host = endpoint.spec().host();
    byte[] ip = NetUtil.createByteArrayFromIpAddressString(host);
    if (ip == null) {
      throw new IllegalArgumentException("an endpoint's host is not an IP address");
    }
    try {
      return new InetSocketAddress(InetAddress.getByAddress(ip), endpoint.spec().port());
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** Forgets an endpoint that has left its pool: idle connections close, busy ones finish. */
  public void drop(EndpointId endpoint) {
    assert loop.inEventLoop();
    drop(endpoints.remove(endpoint));
    secured.values().forEach(homes -> drop(homes.remove(endpoint)));
  }

  private static void drop(@Nullable IdleConnections home) {
    if (home != null) {
      home.drop();
    }
  }

  /** Closes what is idle; busy connections close when they are done. */
  public void close() {
    assert loop.inEventLoop();
    homes().forEach(IdleConnections::drop);
    endpoints.clear();
    secured.clear();
  }

  /** Where reads of the loop go, for the connections of clients too. */
  public RecvByteBufAllocator reads() {
    return reads;
  }

  long now() {
    return nanoClock.getAsLong();
  }

  void idle(UpstreamConnection connection) {
    if (!connection.home().keep(connection, MOST_IDLE_PER_ENDPOINT)) {
      connection.close();
      return;
    }
    if (!sweeping) {
      sweeping = true;
      loop.schedule(this::sweep, 1, TimeUnit.SECONDS);
    }
  }

  private List<IdleConnections> homes() {
    List<IdleConnections> all = new ArrayList<>(endpoints.values());
    secured.values().forEach(each -> all.addAll(each.values()));
    return all;
  }

  private void sweep() {
    long oldest = now() - IDLE_NANOS;
    boolean any = false;
    for (var home : homes()) {
      home.closeIdleSince(oldest);
      any |= home.size() > 0;
    }
    sweeping = any;
    if (any) {
      loop.schedule(this::sweep, 1, TimeUnit.SECONDS);
    }
  }

  void closed(UpstreamConnection connection) {
    open.decrement();
    connection.home().remove(connection);
  }

  /** Connections open now. */
  public long openCount() {
    return open.sum();
  }

  /** Connections made since the start. */
  public long createdCount() {
    return created.sum();
  }

  /** Calls that found a pooled connection. */
  public long reusedCount() {
    return reused.sum();
  }

  /** Connections that could not be made. */
  public long connectFailureCount() {
    return connectFailures.sum();
  }
}
