package io.penstock.picker.grpc;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http2.AbstractHttp2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.DefaultHttp2Connection;
import io.netty.handler.codec.http2.DefaultHttp2LocalFlowController;
import io.netty.handler.codec.http2.DefaultHttp2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.UniformStreamByteDistributor;
import io.netty.util.AsciiString;
import java.util.Map;

/**
 * Makes connections: their windows, their limits, and who among the streams gets to write.
 *
 * <p>The peers are gateways, which reset a stream for each client that leaves and ping as often as
 * they like; limits that keep browsers from doing so do not apply.
 */
final class GrpcConnectionBuilder
    extends AbstractHttp2ConnectionHandlerBuilder<GrpcConnection, GrpcConnectionBuilder> {

  /** Of a stream, and of the connection. */
  static final int WINDOW_BYTES = 1 << 20;

  private static final int MOST_CALLS = 100_000;

  private final TurnBuffer turn;
  private final Map<AsciiString, GrpcMethod> methods;

  /**
   * Makes the end of a pipeline: a connection, and before it the buffer that it writes to and the
   * check of its peer.
   */
  static GrpcConnection addTo(ChannelPipeline pipeline, Map<AsciiString, GrpcMethod> methods) {
    var http2 = new DefaultHttp2Connection(true);
    // A call that waits keeps its own window shut, not the others'.
    http2
        .local()
        .flowController(
            new DefaultHttp2LocalFlowController(
                http2, DefaultHttp2LocalFlowController.DEFAULT_WINDOW_UPDATE_RATIO, true));
    http2
        .remote()
        .flowController(
            new DefaultHttp2RemoteFlowController(http2, new UniformStreamByteDistributor(http2)));
    var turn = new TurnBuffer();
    var connection = new GrpcConnectionBuilder(http2, turn, methods).build();
    pipeline.addLast(turn, new PeerCheck(connection.encoder()), connection);
    return connection;
  }

  private GrpcConnectionBuilder(
      Http2Connection http2, TurnBuffer turn, Map<AsciiString, GrpcMethod> methods) {
    this.turn = turn;
    this.methods = methods;
    connection(http2);
    validateHeaders(false);
    initialSettings(
        Http2Settings.defaultSettings()
            .initialWindowSize(WINDOW_BYTES)
            .maxConcurrentStreams(MOST_CALLS));
    decoderEnforceMaxRstFramesPerWindow(0, 0);
    encoderEnforceMaxRstFramesPerWindow(0, 0);
  }

  @Override
  public GrpcConnection build() {
    return super.build();
  }

  @Override
  protected GrpcConnection build(
      Http2ConnectionDecoder decoder, Http2ConnectionEncoder encoder, Http2Settings settings) {
    return new GrpcConnection(decoder, encoder, settings, turn, methods);
  }
}
