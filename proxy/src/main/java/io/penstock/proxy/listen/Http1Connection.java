package io.penstock.proxy.listen;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.penstock.proxy.exchange.ClientStream;
import io.penstock.proxy.exchange.Deadlines;
import io.penstock.proxy.exchange.Exchange;
import io.penstock.proxy.exchange.LoopContext;
import io.penstock.proxy.exchange.RequestHead;
import io.penstock.proxy.upstream.ResponseHead;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client's HTTP/1 connection: one exchange after the other, answers written as raw bytes.
 *
 * <p>Confined to the channel's event loop. Reading never stops while an exchange runs, so that a
 * client that leaves is noticed at once; what it pipelines is kept, at most one read, until the
 * answer before is done and the client reads. An answer that ends before its request was read
 * closes the connection after the client had time to read it. No connection is closed on answers
 * that are still being read, and none stays for a client that stopped reading.
 */
final class Http1Connection extends ChannelInboundHandlerAdapter implements ClientStream {

  private static final String[] NO_FIELDS = {};
  static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(75);
  private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final LoopContext loop;
  private final ArrayDeque<Object> pipelined = new ArrayDeque<>();
  private final Deadlines.Deadline limit =
      new Deadlines.Deadline() {
        @Override
        protected void expired(long nowNanos) {
          limitReached();
        }
      };

  @SuppressWarnings("NullAway.Init") // set by handlerAdded, before any other call
  private ChannelHandlerContext ctx;

  private @Nullable Exchange current;
  private boolean headBytesSeen;
  private boolean requestEnded;
  private boolean http10;
  private boolean keepAlive;
  private boolean chunking;

  /** The answer's body ends with the connection. */
  private boolean untilClose;

  /** The last answer is written: what still comes is dropped. */
  private boolean leaving;

  /** Bytes that the client had not read when that was looked at last. */
  private long unread;

  @SuppressWarnings("NullAway.Init") // set by decoder, before any other call
  private StrictRequestDecoder decoder;

  Http1Connection(LoopContext loop) {
    this.loop = loop;
  }

  /** The decoder that goes before this handler. */
  StrictRequestDecoder decoder(int maxHeadBytes) {
    decoder = new StrictRequestDecoder(maxHeadBytes, this::bytesSeen);
    return decoder;
  }

  // ---- inbound ----

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
    waitForRequest();
  }

  /** Bytes arrived; the first ones of a request start its head limit. */
  private void bytesSeen() {
    if (current == null && !headBytesSeen && !leaving && pipelined.isEmpty()) {
      headBytesSeen = true;
      within(loop.settings().timeouts().requestHeadNanos());
    }
  }

  private void within(long nanos) {
    unread = unread();
    loop.deadlines().set(limit, loop.deadlines().now() + nanos);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (leaving) {
      ReferenceCountUtil.release(message);
    } else if (pipelined.isEmpty() && takes()) {
      handle(message);
    } else {
      pipelined.addLast(message);
      ctx.channel().config().setAutoRead(false);
      if (current == null) {
        waitForRequest();
      }
    }
  }

  /** More of the running request is taken, and a new one once the client reads its answers. */
  private boolean takes() {
    return current == null ? writable() : !requestEnded;
  }

  private void handle(Object message) {
    try {
      if (message instanceof HttpRequest request) {
        start(request);
      }
      if (message instanceof HttpContent content && current != null && !requestEnded) {
        content(content);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void start(HttpRequest request) {
    headBytesSeen = false;
    loop.deadlines().clear(limit);
    requestEnded = false;
    http10 = request.protocolVersion().equals(HttpVersion.HTTP_1_0);
    keepAlive = HttpUtil.isKeepAlive(request);
    var exchange = loop.exchange(this);
    current = exchange;
    String fault = RequestFraming.fault(request);
    if (fault != null) {
      keepAlive = false;
      exchange.refuseHead(fault, RequestFraming.tooLarge(request));
      return;
    }
    exchange.head(
        new RequestHead(
            request.method().name(),
            request.uri(),
            request.headers(),
            RequestFraming.length(request)),
        HttpUtil.is100ContinueExpected(request));
  }

  private void content(HttpContent content) {
    var exchange = current;
    if (exchange == null) {
      return;
    }
    if (content.decoderResult().isFailure()) {
      keepAlive = false;
      exchange.refuseBody("the request body's chunks are not valid HTTP/1.1");
      return;
    }
    if (content.content().isReadable()) {
      exchange.body(content.content());
    }
    if (content instanceof LastHttpContent && current == exchange) {
      requestEnded = true;
      exchange.bodyEnd();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (current != null) {
      current.clientWritable(writable());
    } else if (writable() && !pipelined.isEmpty()) {
      ctx.executor().execute(this::takePipelined);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    discardPipelined();
    var exchange = current;
    current = null;
    if (exchange != null) {
      exchange.clientGone();
    }
    loop.deadlines().clear(limit);
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    ctx.close();
  }

  private void limitReached() {
    if (headBytesSeen && !leaving && current == null) {
      headTooSlow();
    } else if (unread() > 0 && unread() < unread) {
      within(loop.settings().timeouts().clientStallNanos());
    } else {
      ctx.close();
    }
  }

  /** The head of a request does not go on. */
  void headTooSlow() {
    keepAlive = false;
    var exchange = loop.exchange(this);
    current = exchange;
    exchange.headTooSlow();
  }

  /** Bytes of answers that are still here. */
  private long unread() {
    var out = ctx.channel().unsafe().outboundBuffer();
    return out == null ? 0 : out.totalPendingWriteBytes();
  }

  /** Closes the connection when it waits for a request; one that works closes after its answer. */
  void drain() {
    if (current == null && !headBytesSeen && pipelined.isEmpty()) {
      leave();
    }
  }

  // ---- the exchange's side ----

  @Override
  public String httpVersion() {
    return http10 ? "1.0" : "1.1";
  }

  @Override
  public @Nullable String address() {
    return ClientAddress.of(ctx.channel());
  }

  @Override
  public EventLoop loop() {
    return ctx.channel().eventLoop();
  }

  @Override
  public boolean chunked() {
    return !http10;
  }

  @Override
  public void interim(ResponseHead interim) {
    if (http10) {
      return;
    }
    var head = AnswerHead.of(ctx.alloc(), interim.status(), interim, NO_FIELDS, -1, false, null);
    ctx.writeAndFlush(head, ctx.voidPromise());
  }

  @Override
  public void begin(
      int status, @Nullable ResponseHead relayed, String[] extra, long contentLength) {
    untilClose = contentLength < 0 && http10;
    if (!requestEnded || loop.draining() || untilClose) {
      keepAlive = false;
    }
    chunking = contentLength < 0 && !http10;
    var connection = keepAlive ? (http10 ? "keep-alive" : null) : "close";
    var head =
        AnswerHead.of(ctx.alloc(), status, relayed, extra, contentLength, chunking, connection);
    ctx.write(head, ctx.voidPromise());
  }

  @Override
  public void body(ByteBuf bytes) {
    ctx.write(bytes, ctx.voidPromise());
  }

  @Override
  public void comment(ByteBuf payload) {
    if (chunking) {
      int bytes = payload.readableBytes();
      ctx.write(AnswerHead.chunkSize(ctx.alloc(), bytes), ctx.voidPromise());
      ctx.write(payload, ctx.voidPromise());
      ctx.write(AnswerHead.chunkEnd(ctx.alloc()), ctx.voidPromise());
    } else {
      ctx.write(payload, ctx.voidPromise());
    }
  }

  @Override
  public void flush() {
    ctx.flush();
  }

  @Override
  public void end(boolean endPassed) {
    if (chunking && !endPassed) {
      ctx.write(AnswerHead.lastChunk(), ctx.voidPromise());
    }
    current = null;
    if (keepAlive && requestEnded) {
      ctx.flush();
      next();
    } else if (requestEnded) {
      leave();
    } else {
      linger();
    }
  }

  @Override
  public void abort() {
    current = null;
    leave(LINGER_NANOS, ConnectionEnd.cut(ctx.channel(), untilClose));
  }

  @Override
  public boolean writable() {
    return ctx.channel().isWritable();
  }

  @Override
  public void continueReading() {
    ctx.writeAndFlush(AnswerHead.goOn(ctx.alloc()), ctx.voidPromise());
  }

  // ---- between exchanges ----

  private void next() {
    if (loop.draining() && pipelined.isEmpty()) {
      leave();
      return;
    }
    waitForRequest();
    if (!pipelined.isEmpty()) {
      // In a turn of its own: an answer that ends inside a read must not start the next one there.
      ctx.executor().execute(this::takePipelined);
    }
  }

  private void takePipelined() {
    while (!pipelined.isEmpty() && !leaving && takes()) {
      handle(pipelined.pollFirst());
    }
    if (pipelined.isEmpty() && !leaving) {
      ctx.channel().config().setAutoRead(true);
      if (current == null) {
        waitForRequest();
      }
    }
  }

  /** While nothing is read, a head that has begun need not go on. */
  private void waitForRequest() {
    headBytesSeen = pipelined.isEmpty() && decoder.headBegun();
    within(headBytesSeen ? loop.settings().timeouts().requestHeadNanos() : IDLE_NANOS);
  }

  private void leave() {
    leave(loop.settings().timeouts().clientStallNanos(), ChannelFutureListener.CLOSE);
  }

  /** Closes once the client has read everything, at the latest when it reads nothing so long. */
  private void leave(long stallNanos, ChannelFutureListener close) {
    if (!leaving) {
      dropAllThatComes(stallNanos);
      ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(close);
    }
  }

  /**
   * The request is still coming: ends our side, then reads on a while, or a reset eats the answer.
   */
  private void linger() {
    dropAllThatComes(LINGER_NANOS);
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ConnectionEnd.HALF);
  }

  private void dropAllThatComes(long stallNanos) {
    leaving = true;
    discardPipelined();
    ctx.flush();
    within(stallNanos);
    ctx.channel().config().setAutoRead(true);
  }

  private void discardPipelined() {
    while (!pipelined.isEmpty()) {
      ReferenceCountUtil.release(pipelined.pollFirst());
    }
  }
}
