package io.penstock.proxy.listen;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.penstock.proxy.exchange.ClientStream;
import io.penstock.proxy.exchange.Deadlines;
import io.penstock.proxy.exchange.Exchange;
import io.penstock.proxy.exchange.LoopContext;
import io.penstock.proxy.exchange.RequestHead;
import io.penstock.proxy.upstream.ResponseHead;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client's HTTP/1 connection: one exchange after the other, answers written as raw bytes.
 *
 * <p>Confined to the channel's event loop. Reading never stops while an exchange runs, so that a
 * client that leaves is noticed at once; what it pipelines is kept, at most one read, until the
 * answer before is done. An answer that ends before its request was read closes the connection
 * after the client had time to read it.
 */
final class Http1Connection extends ChannelInboundHandlerAdapter implements ClientStream {

  private static final byte[] CONTINUE = ascii("HTTP/1.1 100 Continue\r\n\r\n");
  private static final ByteBuf LAST_CHUNK =
      Unpooled.unreleasableBuffer(Unpooled.directBuffer().writeBytes(ascii("0\r\n\r\n")))
          .asReadOnly();
  private static final byte[] CRLF = ascii("\r\n");
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(75);
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
  private boolean lingering;

  Http1Connection(LoopContext loop) {
    this.loop = loop;
  }

  // ---- inbound ----

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
    waitForRequest();
  }

  /** Bytes arrived; the first ones of a request start its head limit. */
  void bytesSeen() {
    if (current == null && !headBytesSeen && !lingering) {
      headBytesSeen = true;
      loop.deadlines()
          .set(limit, loop.deadlines().now() + loop.settings().timeouts().requestHeadNanos());
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (lingering) {
      ReferenceCountUtil.release(message);
    } else if (current != null && requestEnded) {
      pipelined.addLast(message);
      ctx.channel().config().setAutoRead(false);
    } else {
      handle(message);
    }
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
      current.clientWritable(ctx.channel().isWritable());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    loop.deadlines().clear(limit);
    discardPipelined();
    var exchange = current;
    current = null;
    if (exchange != null) {
      exchange.clientGone();
    }
    context.fireChannelInactive();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    ctx.close();
  }

  private void limitReached() {
    if (headBytesSeen && !lingering && current == null) {
      keepAlive = false;
      var exchange = loop.exchange(this);
      current = exchange;
      exchange.headTooSlow();
      return;
    }
    ctx.close();
  }

  /** Closes the connection when it waits for a request; one that works closes after its answer. */
  void drain() {
    if (current == null && !headBytesSeen) {
      ctx.close();
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
    ByteBuf head = ctx.alloc().directBuffer(256);
    StatusLines.write(head, interim.status());
    interim.writeHeadersTo(head);
    head.writeBytes(CRLF);
    ctx.writeAndFlush(head, ctx.voidPromise());
  }

  @Override
  public void begin(
      int status, @Nullable ResponseHead relayed, String[] extra, long contentLength) {
    if (!requestEnded || loop.draining() || (contentLength < 0 && http10)) {
      keepAlive = false;
    }
    chunking = contentLength < 0 && !http10;
    ByteBuf head = ctx.alloc().directBuffer(512);
    StatusLines.write(head, status);
    if (relayed != null) {
      relayed.writeHeadersTo(head);
    }
    for (int i = 0; i < extra.length; i += 2) {
      field(head, extra[i], extra[i + 1]);
    }
    if (contentLength >= 0) {
      field(head, "content-length", Long.toString(contentLength));
    } else if (chunking) {
      field(head, "transfer-encoding", "chunked");
    }
    if (!keepAlive) {
      field(head, "connection", "close");
    } else if (http10) {
      field(head, "connection", "keep-alive");
    }
    head.writeBytes(CRLF);
    ctx.write(head, ctx.voidPromise());
  }

  @Override
  public void body(ByteBuf bytes) {
    ctx.write(bytes, ctx.voidPromise());
  }

  @Override
  public void comment(ByteBuf payload) {
    if (chunking) {
      ByteBuf size = ctx.alloc().directBuffer(10);
      size.writeCharSequence(
          Integer.toHexString(payload.readableBytes()), StandardCharsets.US_ASCII);
      size.writeBytes(CRLF);
      ctx.write(size, ctx.voidPromise());
      ctx.write(payload, ctx.voidPromise());
      ctx.write(ctx.alloc().directBuffer(2).writeBytes(CRLF), ctx.voidPromise());
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
      ctx.write(LAST_CHUNK.duplicate(), ctx.voidPromise());
    }
    current = null;
    if (keepAlive && requestEnded) {
      ctx.flush();
      next();
    } else if (requestEnded) {
      ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    } else {
      linger();
    }
  }

  @Override
  public void abort() {
    current = null;
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public boolean writable() {
    return ctx.channel().isWritable();
  }

  @Override
  public void continueReading() {
    ctx.writeAndFlush(
        ctx.alloc().directBuffer(CONTINUE.length).writeBytes(CONTINUE), ctx.voidPromise());
  }

  // ---- between exchanges ----

  private void next() {
    waitForRequest();
    if (loop.draining() && pipelined.isEmpty()) {
      ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
      return;
    }
    if (pipelined.isEmpty()) {
      return;
    }
    // In a turn of its own: an answer that ends inside a read must not start the next one there.
    ctx.executor().execute(this::takePipelined);
  }

  private void takePipelined() {
    while (!pipelined.isEmpty() && !(current != null && requestEnded) && !lingering) {
      handle(pipelined.pollFirst());
    }
    if (pipelined.isEmpty()) {
      ctx.channel().config().setAutoRead(true);
    }
  }

  private void waitForRequest() {
    headBytesSeen = false;
    loop.deadlines().set(limit, loop.deadlines().now() + IDLE_NANOS);
  }

  /**
   * The request is still coming: ends our side, then reads on a while, or a reset eats the answer.
   */
  private void linger() {
    lingering = true;
    discardPipelined();
    loop.deadlines().set(limit, loop.deadlines().now() + LINGER_NANOS);
    var flushed = ctx.writeAndFlush(Unpooled.EMPTY_BUFFER);
    if (ctx.channel() instanceof DuplexChannel duplex
        && ctx.pipeline().get(SslHandler.class) == null) {
      flushed.addListener(done -> duplex.shutdownOutput());
    }
    ctx.channel().config().setAutoRead(true);
  }

  private void discardPipelined() {
    while (!pipelined.isEmpty()) {
      ReferenceCountUtil.release(pipelined.pollFirst());
    }
  }

  private static void field(ByteBuf out, String name, String value) {
    ByteBufUtil.writeAscii(out, name);
    out.writeByte(':').writeByte(' ');
    ByteBufUtil.writeAscii(out, value);
    out.writeBytes(CRLF);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
