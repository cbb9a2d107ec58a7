package io.penstock.proxy.listen;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.penstock.proxy.exchange.LoopContext;
import io.penstock.proxy.upstream.SharedReadBuffer;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The handlers of a client connection, from the socket upwards. Reading this file is reading where
 * a byte goes first.
 *
 * <p>Thread-safe: one for the listener, called on the loop of each new channel.
 */
final class GatewayPipeline extends ChannelInitializer<Channel> {

  /** Streams a client may have open on one connection (RFC 9113 §5.1.2). */
  private static final int MAX_STREAMS = 256;

  /** Big enough that a prompt of a megabyte does not wait for window updates. */
  private static final int STREAM_WINDOW_BYTES = 1024 * 1024;

  private static final int CONNECTION_WINDOW_BYTES = 8 * 1024 * 1024;

  private static final long HANDSHAKE_MILLIS = 10_000;

  /** The codec closes what is left so long after the drain's own end has told each stream. */
  private static final long TOLD_MILLIS = 5_000;

  private final Function<Channel, LoopContext> loops;
  private final Supplier<@Nullable SslContext> tls;
  private final ClientConnections connections;
  private final int maxHeadBytes;
  private final long drainMillis;

  GatewayPipeline(
      Function<Channel, LoopContext> loops,
      Supplier<@Nullable SslContext> tls,
      ClientConnections connections,
      int maxHeadBytes,
      long drainMillis) {
    this.loops = loops;
    this.tls = tls;
    this.connections = connections;
    this.maxHeadBytes = maxHeadBytes;
    this.drainMillis = drainMillis;
  }

  @Override
  protected void initChannel(Channel channel) {
    // Counts the connection, and closes it at once above limits.connections.
    if (!connections.admit(channel)) {
      channel.close();
      return;
    }
    // All connections of a loop read into one block.
    channel.config().setRecvByteBufAllocator(loops.apply(channel).upstream().reads());
    SslContext context = tls.get();
    if (context == null) {
      // Plain text: HTTP/2 with prior knowledge or HTTP/1, told apart by the first bytes.
      channel.pipeline().addLast(new ProtocolDetector(this, loops.apply(channel)));
      return;
    }
    // TLS: decrypts; the handshake names the protocol by ALPN.
    SslHandler handler = context.newHandler(channel.alloc());
    handler.setHandshakeTimeout(HANDSHAKE_MILLIS, TimeUnit.MILLISECONDS);
    if (context instanceof JdkSslContext) {
      // OpenSSL's handler adds to no read as it is.
      handler.setCumulator(SharedReadBuffer::cumulate);
    }
    channel.pipeline().addLast(handler);
    channel.pipeline().addLast(new ByAlpn());
  }

  /** HTTP/1.1 and 1.0: a strict decoder for requests; answers are written as bytes. */
  Http1Connection http1(ChannelPipeline pipeline) {
    var connection = new Http1Connection(loops.apply(pipeline.channel()));
    // Request heads and bodies, one reading only of each message.
    pipeline.addLast(connection.decoder(maxHeadBytes));
    // One exchange after the other.
    pipeline.addLast(connection);
    return connection;
  }

  /** HTTP/2: one child channel, and in it one exchange, per stream. */
  void http2(ChannelPipeline pipeline) throws Http2Exception {
    // Frames, windows, settings, flood limits.
    var codec =
        Http2FrameCodecBuilder.forServer()
            .initialSettings(
                Http2Settings.defaultSettings()
                    .maxConcurrentStreams(MAX_STREAMS)
                    .initialWindowSize(STREAM_WINDOW_BYTES)
                    .maxHeaderListSize(maxHeadBytes))
            .gracefulShutdownTimeoutMillis(drainMillis + TOLD_MILLIS)
            .decoderEnforceMaxRstFramesPerWindow(200, 30)
            .encoderEnforceMaxRstFramesPerWindow(200, 30)
            .validateHeaders(true)
            .build();
    codec.setCumulator(SharedReadBuffer::cumulate);
    pipeline.addLast(codec);
    codec
        .connection()
        .local()
        .flowController()
        .incrementWindowSize(codec.connection().connectionStream(), CONNECTION_WINDOW_BYTES);
    // Closes a connection that has been without streams for long.
    pipeline.addLast(
        new Http2Idle(loops.apply(pipeline.channel()).deadlines(), codec.connection()));
    // Streams as channels.
    pipeline.addLast(
        new Http2MultiplexHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel stream) {
                stream.pipeline().addLast(new Http2Stream(loops.apply(pipeline.channel())));
              }
            }));
    // What the codec has dealt with, or cannot.
    pipeline.addLast(new ConnectionErrors());
  }

  private final class ByAlpn extends ApplicationProtocolNegotiationHandler {

    ByAlpn() {
      super(ApplicationProtocolNames.HTTP_1_1);
    }

    @Override
    protected void configurePipeline(ChannelHandlerContext ctx, String protocol)
        throws Http2Exception {
      if (ApplicationProtocolNames.HTTP_2.equals(protocol)) {
        http2(ctx.pipeline());
      } else {
        http1(ctx.pipeline());
      }
    }

    @Override
    protected void handshakeFailure(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
