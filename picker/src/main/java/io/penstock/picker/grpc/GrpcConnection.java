package io.penstock.picker.grpc;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.util.AsciiString;
import io.netty.util.CharsetUtil;
import io.netty.util.concurrent.Future;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection: HTTP/2's streams become calls. Confined to its event loop.
 *
 * <p>{@link GrpcConnectionBuilder} makes it.
 */
final class GrpcConnection extends Http2ConnectionHandler {

  private static final Logger LOG = LoggerFactory.getLogger(GrpcConnection.class);

  private static final long PREFACE_SECONDS = 20;

  /** How long a peer that does not answer a ping may take to learn that this side goes. */
  private static final long GOING_SECONDS = 2;

  /**
   * How long a peer may take to close a connection whose calls have ended. It may still be writing
   * pieces of them, and a socket closed on those answers with a reset, on which a peer drops what
   * it has not read yet: the ends of these very calls.
   */
  private static final long LINGER_SECONDS = 2;

  private static final long GOING_PING = 0x70656e73746f636bL;

  private final Map<AsciiString, GrpcMethod> methods;
  private final TurnBuffer turn;
  private final Http2Connection.PropertyKey callKey;
  private @Nullable ChannelHandlerContext context;
  private @Nullable Future<?> preface;
  private @Nullable Future<?> going;
  private @Nullable Future<?> lingering;
  private boolean reading;
  private boolean flushPlanned;

  /** Whether the peer begins no more calls; may be asked from anywhere. */
  private volatile boolean gone;

  GrpcConnection(
      Http2ConnectionDecoder decoder,
      Http2ConnectionEncoder encoder,
      Http2Settings settings,
      TurnBuffer turn,
      Map<AsciiString, GrpcMethod> methods) {
    super(decoder, encoder, settings, true);
    this.turn = turn;
    this.methods = methods;
    // Of a body a frame is nearly always cut between two reads; merging would copy both.
    setCumulator(COMPOSITE_CUMULATOR);
    this.callKey = connection().newKey();
    decoder.frameListener(new Frames());
    connection().addListener(new Streams());
    encoder.flowController().listener(this::writabilityChanged);
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) throws Exception {
    context = ctx;
    preface =
        ctx.executor()
            .schedule(
                () -> {
                  LOG.debug("{} sent no preface in {} s", ctx.channel(), PREFACE_SECONDS);
                  var _ = ctx.close();
                },
                PREFACE_SECONDS,
                TimeUnit.SECONDS);
    super.handlerAdded(ctx);
    // The connection's own window is not among the settings.
    var window = connection().connectionStream();
    decoder()
        .flowController()
        .incrementWindowSize(
            window,
            GrpcConnectionBuilder.WINDOW_BYTES
                - decoder().flowController().initialWindowSize(window));
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
    reading = true;
    super.channelRead(ctx, message);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) throws Exception {
    reading = false;
    super.channelReadComplete(ctx); // flushes
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) throws Exception {
    cancel(preface);
    cancel(going);
    cancel(lingering);
    super.channelInactive(ctx);
  }

  private static void cancel(@Nullable Future<?> timer) {
    if (timer != null) {
      timer.cancel(false);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) throws Exception {
    if (Http2Exception.class.isInstance(cause)) {
      super.exceptionCaught(ctx, cause);
    } else {
      LOG.debug("{} broke", ctx.channel(), cause);
      ctx.close();
    }
  }

  private ChannelHandlerContext context() {
    var ctx = context;
    if (ctx == null) {
      throw new IllegalStateException("a connection that is not in a pipeline");
    }
    return ctx;
  }

  EventLoop eventLoop() {
    return context().channel().eventLoop();
  }

  /**
   * Takes the calls that the peer has begun before it knows, and no more; when all have ended, the
   * peer closes, or this side does.
   */
  void leave() {
    var ctx = context();
    if (gone || going != null || !ctx.channel().isActive()) {
      return;
    }
    // First all streams that the peer may be opening are let through; its answer to the ping says
    // that it opens no more.
    goAway(ctx, Integer.MAX_VALUE, Http2Error.NO_ERROR.code(), reason(), ctx.newPromise());
    encoder().writePing(ctx, false, GOING_PING, ctx.newPromise());
    going = ctx.executor().schedule(this::leaveNow, GOING_SECONDS, TimeUnit.SECONDS);
    flush(ctx);
  }

  /** Whether all calls have begun that will: the peer knows of {@link #leave}. From anywhere. */
  boolean gone() {
    return gone;
  }

  private void leaveNow() {
    if (gone) {
      return;
    }
    gone = true;
    cancel(going);
    var ctx = context();
    int last = connection().remote().lastStreamCreated();
    goAway(ctx, last, Http2Error.NO_ERROR.code(), reason(), ctx.newPromise());
    flush(ctx);
    lingerIfIdle();
  }

  private static ByteBuf reason() {
    return Unpooled.copiedBuffer("the server stops", CharsetUtil.US_ASCII);
  }

  private void lingerIfIdle() {
    var ctx = context();
    if (gone
        && lingering == null
        && connection().numActiveStreams() == 0
        && ctx.channel().isActive()) {
      flush(ctx);
      lingering = ctx.executor().schedule(() -> ctx.close(), LINGER_SECONDS, TimeUnit.SECONDS);
    }
  }

  // ---- for calls

  /** Where everything goes that is written. */
  TurnBuffer turn() {
    return turn;
  }

  /** The longest payload of a frame that the peer takes. */
  int mostFrameBytes() {
    return encoder().configuration().frameSizePolicy().maxFrameSize();
  }

  void writeHeaders(Http2Stream stream) {
    var ctx = context();
    encoder().writeHeaders(ctx, stream.id(), GrpcHeaders.RESPONSE, 0, false, ctx.newPromise());
    planFlush();
  }

  /**
   * Writes three pieces, one behind the other, from arrays that nobody changes.
   *
   * @return done when they were written, or never will be because the stream is gone
   */
  Future<?> writeData(
      Http2Stream stream, byte[] head, byte[] piece, int start, int length, byte[] tail) {
    var written = context().newPromise();
    var frames =
        new MessageFrames(this, stream.id(), written)
            .add(head, 0, head.length)
            .add(piece, start, length)
            .add(tail, 0, tail.length);
    encoder().flowController().addFlowControlled(stream, frames);
    planFlush();
    return written;
  }

  void writeTrailers(
      Http2Stream stream, boolean headersSent, GrpcStatus status, String text, boolean over) {
    var ctx = context();
    if (!over) {
      try {
        // So that the trailers, and the reset behind them, are in order with what was sent.
        encoder().flowController().writePendingBytes();
      } catch (Http2Exception e) {
        onError(ctx, true, e);
        return;
      }
    }
    var trailers = GrpcHeaders.trailers(headersSent, status, text);
    var written = ctx.newPromise();
    encoder().writeHeaders(ctx, stream.id(), trailers, 0, true, written);
    if (!over) {
      // The peer may stop sending: no error, but nobody listens any more.
      if (encoder().flowController().hasFlowControlled(stream)) {
        written.addListener(
            (ChannelFutureListener)
                sent -> {
                  resetStream(ctx, stream.id(), Http2Error.NO_ERROR.code(), ctx.newPromise());
                  planFlush();
                });
      } else {
        resetStream(ctx, stream.id(), Http2Error.NO_ERROR.code(), ctx.newPromise());
      }
    }
    planFlush();
  }

  /** Whether the peer, and the connection, take more of a stream. */
  boolean isWritable(Http2Stream stream) {
    return encoder().flowController().isWritable(stream);
  }

  /** So many bytes of a stream need no room any more. */
  void consumed(Http2Stream stream, int bytes) {
    try {
      if (bytes > 0 && decoder().flowController().consumeBytes(stream, bytes)) {
        planFlush();
      }
    } catch (Http2Exception e) {
      onError(context(), true, e);
    }
  }

  /** While there is something to read, what is written goes out together behind it. */
  private void planFlush() {
    if (reading || flushPlanned) {
      return;
    }
    flushPlanned = true;
    eventLoop()
        .execute(
            () -> {
              flushPlanned = false;
              flush(context());
            });
  }

  private void writabilityChanged(Http2Stream stream) {
    GrpcCall call = stream.getProperty(callKey);
    if (call != null && isWritable(stream)) {
      call.writable();
    }
  }

  private final class Streams extends Http2ConnectionAdapter {
    @Override
    public void onStreamClosed(Http2Stream stream) {
      GrpcCall call = stream.getProperty(callKey);
      if (call != null) {
        call.streamClosed();
      }
    }

    @Override
    public void onStreamRemoved(Http2Stream stream) {
      lingerIfIdle();
    }
  }

  private final class Frames extends Http2FrameAdapter {

    @Override
    public void onSettingsRead(ChannelHandlerContext ctx, Http2Settings settings) {
      cancel(preface);
    }

    @Override
    public void onPingAckRead(ChannelHandlerContext ctx, long data) {
      if (data == GOING_PING && going != null) {
        leaveNow();
      }
    }

    @Override
    public void onHeadersRead(
        ChannelHandlerContext ctx,
        int streamId,
        Http2Headers headers,
        int streamDependency,
        short weight,
        boolean exclusive,
        int padding,
        boolean endOfStream) {
      onHeadersRead(ctx, streamId, headers, padding, endOfStream);
    }

    @Override
    public void onHeadersRead(
        ChannelHandlerContext ctx,
        int streamId,
        Http2Headers headers,
        int padding,
        boolean endOfStream) {
      var stream = connection().stream(streamId);
      GrpcCall running = stream.getProperty(callKey);
      if (running == null) {
        running = begin(stream, headers, endOfStream);
      }
      if (running != null && endOfStream) {
        running.receive(Unpooled.EMPTY_BUFFER, true);
      }
    }

    @Override
    public int onDataRead(
        ChannelHandlerContext ctx, int streamId, ByteBuf data, int padding, boolean endOfStream) {
      GrpcCall call = connection().stream(streamId).getProperty(callKey);
      int consumed = call == null ? data.readableBytes() : call.receive(data, endOfStream);
      return consumed + padding;
    }
  }

  private @Nullable GrpcCall begin(Http2Stream stream, Http2Headers headers, boolean endOfStream) {
    var method = methods.get(AsciiString.of(GrpcHeaders.path(headers)));
    var refusal = GrpcHeaders.refusal(headers, method != null);
    if (method == null || refusal != null) {
      end(stream, Objects.requireNonNull(refusal), endOfStream);
      return null;
    }
    var call = new GrpcCall(this, stream, method.mostMessageBytes());
    stream.setProperty(callKey, call);
    call.listener(method.begin(call, headers));
    return call;
  }

  private void end(Http2Stream stream, Http2Headers headers, boolean over) {
    var ctx = context();
    encoder().writeHeaders(ctx, stream.id(), headers, 0, true, ctx.newPromise());
    if (!over) {
      resetStream(ctx, stream.id(), Http2Error.NO_ERROR.code(), ctx.newPromise());
    }
  }
}
