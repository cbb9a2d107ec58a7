package io.penstock.picker.grpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.util.AsciiString;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A client and a server connection, joined in memory: what one writes the other reads, on one
 * thread. Frames that come back are kept as short texts. Calls are named by their streams.
 */
final class ClientSide implements AutoCloseable {

  /** What came back, in order: {@code 3 headers …}, {@code 3 data HEX}, {@code goaway 3} … */
  final List<String> received = new ArrayList<>();

  final EmbeddedChannel server;
  final GrpcConnection connection;
  private final EmbeddedChannel client;
  private final Http2ConnectionHandler handler;

  /**
   * Joined, settings exchanged.
   *
   * @param window how much of a call the client takes unread
   */
  ClientSide(int window, GrpcMethod... methods) {
    Map<AsciiString, GrpcMethod> byPath = new HashMap<>();
    for (var method : methods) {
      byPath.put(AsciiString.of(method.path()), method);
    }
    handler =
        new Http2ConnectionHandlerBuilder()
            .server(false)
            .initialSettings(Http2Settings.defaultSettings().initialWindowSize(window))
            .encoderEnforceMaxRstFramesPerWindow(0, 0)
            .frameListener(new Kept())
            .build();
    client = new EmbeddedChannel(handler);
    server = new EmbeddedChannel();
    connection = GrpcConnectionBuilder.addTo(server.pipeline(), Map.copyOf(byPath));
    pump();
  }

  private final class Kept extends Http2FrameAdapter {
    @Override
    public void onHeadersRead(
        ChannelHandlerContext ctx,
        int streamId,
        Http2Headers headers,
        int padding,
        boolean endOfStream) {
      List<String> texts = new ArrayList<>();
      headers.forEach(entry -> texts.add(entry.getKey() + "=" + entry.getValue()));
      received.add(streamId + " headers " + String.join(" ", texts) + end(endOfStream));
    }

    @Override
    public void onHeadersRead(
        ChannelHandlerContext ctx,
        int streamId,
        Http2Headers headers,
        int dependency,
        short weight,
        boolean exclusive,
        int padding,
        boolean endOfStream) {
      onHeadersRead(ctx, streamId, headers, padding, endOfStream);
    }

    /** Gives no room back: {@link #take} does. */
    @Override
    public int onDataRead(
        ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean endOfStream) {
      received.add(streamId + " data " + ByteBufUtil.hexDump(data) + end(endOfStream));
      return 0;
    }

    @Override
    public void onRstStreamRead(ChannelHandlerContext ctx, int streamId, long errorCode) {
      received.add(streamId + " reset " + errorCode);
    }

    @Override
    public void onPingAckRead(ChannelHandlerContext ctx, long data) {
      received.add("pong " + data);
    }

    @Override
    public void onGoAwayRead(
        ChannelHandlerContext ctx, int lastStreamId, long errorCode, ByteBuf debugData) {
      received.add("goaway " + lastStreamId);
    }

    private String end(boolean endOfStream) {
      return endOfStream ? " end" : "";
    }
  }

  /** Lets both sides read until neither has anything to say. */
  void pump() {
    while (move(client, server) || move(server, client)) {
      // on
    }
  }

  private static boolean move(EmbeddedChannel from, EmbeddedChannel to) {
    from.runPendingTasks();
    var moved = Unpooled.buffer();
    for (ByteBuf out = from.readOutbound(); out != null; out = from.readOutbound()) {
      moved.writeBytes(out);
      out.release();
    }
    if (!moved.isReadable() || !to.isOpen()) {
      moved.release();
      return false;
    }
    to.writeInbound(moved);
    return true;
  }

  private ChannelHandlerContext context() {
    return client.pipeline().context(handler);
  }

  /** Begins a call. */
  int call(String path) {
    return call(
        new DefaultHttp2Headers().method("POST").path(path).set("content-type", "application/grpc"),
        false);
  }

  int call(Http2Headers headers, boolean last) {
    int call = handler.connection().local().incrementAndGetNextStreamId();
    handler.encoder().writeHeaders(context(), call, headers, 0, last, context().newPromise());
    flush();
    return call;
  }

  /** Sends bytes of a call, in a frame of their own. */
  void send(int call, byte[] bytes, boolean last) {
    handler
        .encoder()
        .writeData(context(), call, Unpooled.wrappedBuffer(bytes), 0, last, context().newPromise());
    flush();
  }

  void ping() {
    handler.encoder().writePing(context(), false, 7, context().newPromise());
    flush();
  }

  void reset(int call) {
    handler.resetStream(context(), call, Http2Error.CANCEL.code(), context().newPromise());
    flush();
  }

  /** Makes room for so much more of a call. */
  void take(int call, int bytes) throws Http2Exception {
    var stream = handler.connection().stream(call);
    handler.decoder().flowController().incrementWindowSize(stream, bytes);
    flush();
  }

  private void flush() {
    handler.flush(context());
    pump();
  }

  /** The connection breaks. */
  void breaks() {
    server.close().syncUninterruptibly();
    server.runPendingTasks();
  }

  @Override
  public void close() {
    client.finishAndReleaseAll();
    server.finishAndReleaseAll();
  }

  /** Messages as gRPC frames them. */
  static byte[] framed(byte[]... messages) {
    var out = Unpooled.buffer();
    for (var message : messages) {
      out.writeByte(0).writeInt(message.length).writeBytes(message);
    }
    return ByteBufUtil.getBytes(out);
  }
}
