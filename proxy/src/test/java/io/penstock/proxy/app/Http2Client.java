package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.with;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/2 connection with prior knowledge, and its streams one by one: what general clients do
 * not let a test do (reset, stop reading, see GOAWAY). Used by the test's thread.
 */
final class Http2Client implements AutoCloseable {

  private final MultiThreadIoEventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Channel connection;
  private final AtomicLong goAway = new AtomicLong(-1);

  /** Connects; each stream may send so many bytes before it is read. */
  Http2Client(InetSocketAddress address, int streamWindowBytes) {
    connection =
        new Bootstrap()
            .group(group)
            .channel(NioSocketChannel.class)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            Http2FrameCodecBuilder.forClient()
                                .validateHeaders(false)
                                .encoderIgnoreMaxHeaderListSize(true)
                                .encoderEnforceMaxRstFramesPerWindow(0, 0)
                                .initialSettings(
                                    Http2Settings.defaultSettings()
                                        .pushEnabled(false)
                                        .initialWindowSize(streamWindowBytes))
                                .build())
                        .addLast(new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()))
                        .addLast(new ConnectionFrames());
                  }
                })
            .connect(address)
            .syncUninterruptibly()
            .channel();
  }

  static Http2Client of(TestGateway gateway) {
    return new Http2Client(gateway.app.address(), 65_535);
  }

  /** Frames of the connection itself. */
  private final class ConnectionFrames extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof Http2GoAwayFrame frame) {
        goAway.set(frame.errorCode());
      }
      ReferenceCountUtil.release(message);
    }
  }

  /** What one stream has brought so far. Written by the client's loop, read by the test. */
  static final class Answer extends ChannelInboundHandlerAdapter {
    private final List<Integer> interim = new ArrayList<>();
    private final StringBuilder received = new StringBuilder();
    private volatile int receivedLength;
    private volatile @Nullable Http2Headers headers;
    private volatile @Nullable Http2StreamChannel stream;
    private volatile boolean ended;
    private volatile boolean closed;
    private volatile long reset = -1;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof Http2HeadersFrame frame) {
        int status = Integer.parseInt(frame.headers().status().toString());
        if (status < 200) {
          interim.add(status);
        } else {
          headers = frame.headers();
        }
        ended |= frame.isEndStream();
      } else if (message instanceof Http2DataFrame frame) {
        append(frame.content().toString(StandardCharsets.UTF_8));
        ended |= frame.isEndStream();
      }
      ReferenceCountUtil.release(message);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof Http2ResetFrame frame) {
        reset = frame.errorCode();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      closed = true;
    }

    private synchronized void append(String text) {
      received.append(text);
      receivedLength = received.length();
    }

    Answer awaitBody() {
      return await(() -> receivedLength > 0);
    }

    /** Until END_STREAM, a reset or the end of the connection. */
    Answer awaitEnd() {
      return await(() -> ended || closed);
    }

    Answer awaitClosed() {
      return await(() -> closed);
    }

    private Answer await(Callable<Boolean> condition) {
      with()
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(5))
          .await()
          .atMost(Duration.ofSeconds(15))
          .until(condition);
      return this;
    }

    int status() {
      var head = headers;
      assertThat(head).as("headers").isNotNull();
      return Integer.parseInt(head.status().toString());
    }

    @Nullable String header(String name) {
      var head = headers;
      var value = head == null ? null : head.get(name);
      return value == null ? null : value.toString();
    }

    Http2Headers headers() {
      var head = headers;
      assertThat(head).as("headers").isNotNull();
      return head;
    }

    synchronized String body() {
      return received.toString();
    }

    /** Interim answers, in order; after {@link #awaitEnd}. */
    List<Integer> interim() {
      return interim;
    }

    /** Whether the stream ended by END_STREAM. */
    boolean ended() {
      return ended;
    }

    /** Error code of a RST_STREAM, -1 while there was none. */
    long resetCode() {
      return reset;
    }

    private Http2StreamChannel stream() {
      var opened = stream;
      assertThat(opened).as("stream").isNotNull();
      return opened;
    }

    void reset(Http2Error error) {
      stream().writeAndFlush(new DefaultHttp2ResetFrame(error));
    }

    /** Takes no more data, so that the stream's window closes; or takes it again. */
    void reading(boolean on) {
      stream().config().setAutoRead(on);
    }

    void send(String data, boolean last) {
      stream()
          .writeAndFlush(
              new DefaultHttp2DataFrame(Unpooled.copiedBuffer(data, StandardCharsets.UTF_8), last));
    }
  }

  static Http2Headers post(String path) {
    return new DefaultHttp2Headers(false)
        .method("POST")
        .scheme("http")
        .authority("test")
        .path(path)
        .set("content-type", "application/json");
  }

  /** Opens a stream with this head. */
  Answer open(Http2Headers head, boolean last) {
    var answer = new Answer();
    var stream =
        new Http2StreamChannelBootstrap(connection).handler(answer).open().syncUninterruptibly();
    answer.stream = stream.getNow();
    answer.stream().writeAndFlush(new DefaultHttp2HeadersFrame(head, last));
    return answer;
  }

  Answer post(String path, String body) {
    ByteBuf bytes = Unpooled.copiedBuffer(body, StandardCharsets.UTF_8);
    var answer = open(post(path).setInt("content-length", bytes.readableBytes()), false);
    answer.stream().writeAndFlush(new DefaultHttp2DataFrame(bytes, true));
    return answer;
  }

  /** Sends head, body and trailers with one flush, so that one read brings all of them. */
  Answer postWithTrailers(String path, String body) {
    var answer = new Answer();
    var stream =
        new Http2StreamChannelBootstrap(connection)
            .handler(answer)
            .open()
            .syncUninterruptibly()
            .getNow();
    answer.stream = stream;
    var trailers = new DefaultHttp2Headers(false).set("x-trailer", "1");
    stream
        .eventLoop()
        .execute(
            () -> {
              stream.write(new DefaultHttp2HeadersFrame(post(path), false));
              stream.write(
                  new DefaultHttp2DataFrame(
                      Unpooled.copiedBuffer(body, StandardCharsets.UTF_8), false));
              stream.writeAndFlush(new DefaultHttp2HeadersFrame(trailers, true));
            });
    return answer;
  }

  Answer get(String path) {
    return open(
        new DefaultHttp2Headers(false).method("GET").scheme("http").authority("test").path(path),
        true);
  }

  /** Error code of the GOAWAY received, -1 while there was none. */
  long goAwayCode() {
    return goAway.get();
  }

  boolean connected() {
    return connection.isActive();
  }

  @Override
  public void close() {
    connection.close().syncUninterruptibly();
    group.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
