package io.penstock.picker.scrape;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.NetUtil;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.concurrent.Future;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fetches pages of one endpoint over one HTTP/1.1 connection that is kept alive between fetches.
 * Confined to one event loop.
 *
 * <p>Any failure closes the connection. A kept connection may have been closed by the pod in the
 * meantime (uvicorn does so after 5 idle seconds): when one breaks before the first byte of an
 * answer, the request is sent once more on a new connection.
 */
final class PageFetcher implements PageSource {

  private static final Logger log = LoggerFactory.getLogger(PageFetcher.class);

  private static final int MAX_INITIAL_LINE_BYTES = 4096;
  private static final int MAX_HEADER_BYTES = 16 * 1024;
  private static final int MAX_CHUNK_BYTES = 64 * 1024;

  /** What a sink is lent pieces in, one per event loop. */
  private static final FastThreadLocal<byte[]> LENT =
      new FastThreadLocal<>() {
        @Override
        protected byte[] initialValue() {
          return new byte[16 * 1024];
        }
      };

  private final EventLoop loop;
  private final ChannelFactory<? extends Channel> channels;
  private final @Nullable PodTls tls;
  private final String host;
  private final int port;
  private final String authority;
  private final ScrapeConfig config;
  private final ScrapeStats stats;

  /** Whether the last handshake went well, so that one that does not is told once. */
  private boolean trusted = true;

  private @Nullable Connection connection;
  private @Nullable Fetch fetch;

  PageFetcher(
      EventLoop loop,
      ChannelFactory<? extends Channel> channels,
      @Nullable PodTls tls,
      String host,
      int port,
      String authority,
      ScrapeConfig config,
      ScrapeStats stats) {
    this.loop = loop;
    this.channels = channels;
    this.tls = tls;
    this.host = host;
    this.port = port;
    this.authority = authority;
    this.config = config;
    this.stats = stats;
  }

  @Override
  public void fetch(String path, int maxBytes, Sink sink) {
    assert loop.inEventLoop();
    assert fetch == null;
    var next = new Fetch(path, maxBytes, sink);
    fetch = next;
    if (connection != null && connection.channel.isActive()) {
      next.reused = true;
      connection.send(next);
    } else {
      connect(next);
    }
  }

  @Override
  public void close() {
    assert loop.inEventLoop();
    var running = fetch;
    fetch = null;
    if (running != null) {
      running.cancelTimer();
    }
    closeConnection();
  }

  private void closeConnection() {
    var open = connection;
    connection = null;
    if (open != null) {
      var _ = open.channel.close();
    }
  }

  private void connect(Fetch next) {
    byte[] address = NetUtil.createByteArrayFromIpAddressString(host);
    if (address == null) {
      end(next, ScrapeFailure.CONNECT);
      return;
    }
    ChannelFuture connecting =
        new Bootstrap()
            .group(loop)
            .channelFactory(channels)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) config.connectTimeout().toMillis())
            .option(ChannelOption.TCP_NODELAY, true)
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    var fresh = new Connection(channel);
                    connection = fresh;
                    if (tls != null) {
                      channel
                          .pipeline()
                          .addLast(tls.handler(channel.alloc(), host, port, config.headTimeout()));
                    }
                    channel
                        .pipeline()
                        .addLast(
                            new HttpClientCodec(
                                MAX_INITIAL_LINE_BYTES, MAX_HEADER_BYTES, MAX_CHUNK_BYTES))
                        .addLast(fresh);
                  }
                })
            .connect(socketAddress(address));
    if (connecting.isDone()) {
      // Where no socket can be made this is so at once, and listeners hear of it on another thread.
      loop.execute(() -> connected(next, connecting));
    } else {
      connecting.addListener(future -> connected(next, connecting));
    }
  }

  private void connected(Fetch next, ChannelFuture connecting) {
    if (fetch != next) {
      if (connecting.isSuccess()) {
        var _ = connecting.channel().close();
      }
    } else if (connecting.isSuccess() && connection != null) {
      stats.connected();
      connection.send(next);
    } else {
      fail(ScrapeFailure.CONNECT);
    }
  }

  private InetSocketAddress socketAddress(byte[] address) {
    try {
      return new InetSocketAddress(InetAddress.getByAddress(address), port);
    } catch (UnknownHostException impossible) {
      throw new IllegalStateException("an address of " + address.length + " bytes", impossible);
    }
  }

  private void fail(ScrapeFailure failure) {
    closeConnection();
    var running = fetch;
    if (running != null) {
      end(running, failure);
    }
  }

  private void end(Fetch running, @Nullable ScrapeFailure failure) {
    fetch = null;
    running.cancelTimer();
    running.sink.done(failure);
  }

  /** One request and what is known of its answer. */
  private final class Fetch {
    final String path;
    final int maxBytes;
    final Sink sink;
    boolean reused;
    boolean answered;
    boolean informational;
    boolean keepAlive;
    int received;
    @Nullable Future<?> timer;

    Fetch(String path, int maxBytes, Sink sink) {
      this.path = path;
      this.maxBytes = maxBytes;
      this.sink = sink;
    }

    void timeout(Duration limit) {
      cancelTimer();
      timer =
          loop.schedule(
              () -> {
                if (fetch == this) {
                  fail(ScrapeFailure.TIMEOUT);
                }
              },
              limit.toNanos(),
              TimeUnit.NANOSECONDS);
    }

    void cancelTimer() {
      if (timer != null) {
        timer.cancel(false);
        timer = null;
      }
    }
  }

  /** The handler at the end of a connection's pipeline. */
  private final class Connection extends SimpleChannelInboundHandler<HttpObject> {
    final Channel channel;

    Connection(Channel channel) {
      this.channel = channel;
    }

    void send(Fetch next) {
      next.timeout(config.headTimeout());
      var request =
          new DefaultFullHttpRequest(
              HttpVersion.HTTP_1_1, HttpMethod.GET, next.path, Unpooled.EMPTY_BUFFER);
      request
          .headers()
          .set(HttpHeaderNames.HOST, authority)
          .set(HttpHeaderNames.USER_AGENT, "penstock")
          .set(HttpHeaderNames.ACCEPT, "*/*");
      var _ = channel.writeAndFlush(request);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
      var running = fetch;
      if (connection != this || running == null) {
        var _ = ctx.close();
        return;
      }
      if (message.decoderResult().isFailure()) {
        fail(ScrapeFailure.PROTOCOL);
        return;
      }
      if (message instanceof HttpResponse response && !head(running, response)) {
        return;
      }
      if (message instanceof HttpContent content) {
        if (!running.informational && !body(running, content.content())) {
          return;
        }
        if (message instanceof LastHttpContent) {
          last(running);
        }
      }
    }

    private boolean head(Fetch running, HttpResponse response) {
      running.answered = true;
      int status = response.status().code();
      running.informational = status < 200;
      if (running.informational) {
        return true;
      }
      if (status != HttpResponseStatus.OK.code()) {
        fail(ScrapeFailure.STATUS);
        return false;
      }
      running.keepAlive = HttpUtil.isKeepAlive(response);
      running.timeout(config.bodyTimeout());
      return true;
    }

    /** Hands the bytes on; false when the limit is passed. */
    private boolean body(Fetch running, ByteBuf piece) {
      int length = piece.readableBytes();
      running.received += length;
      if (running.received > running.maxBytes) {
        fail(ScrapeFailure.TOO_LARGE);
        return false;
      }
      byte[] lent = LENT.get();
      for (int left = length; left > 0; ) {
        int part = Math.min(left, lent.length);
        piece.readBytes(lent, 0, part);
        running.sink.piece(lent, 0, part);
        left -= part;
      }
      return true;
    }

    private void last(Fetch running) {
      if (running.informational) {
        running.informational = false;
        return;
      }
      if (!running.keepAlive) {
        closeConnection();
      }
      end(running, null);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslHandshakeCompletionEvent handshake) {
        if (handshake.isSuccess()) {
          trusted = true;
        } else if (connection == this) {
          distrust(handshake.cause());
        }
      }
      ctx.fireUserEventTriggered(event);
    }

    private void distrust(Throwable cause) {
      if (trusted) {
        trusted = false;
        log.warn("no TLS with {}: {}", authority, PodTls.reason(cause));
      }
      fail(ScrapeFailure.TLS);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      if (connection != this) {
        return;
      }
      connection = null;
      var running = fetch;
      if (running == null) {
        return;
      }
      if (running.reused && !running.answered) {
        running.reused = false;
        running.cancelTimer();
        connect(running);
      } else {
        fail(ScrapeFailure.CLOSED);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      // A reset; what it means is decided where the connection is seen closed.
      var _ = ctx.close();
    }
  }
}
