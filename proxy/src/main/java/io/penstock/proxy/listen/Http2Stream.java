package io.penstock.proxy.listen;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.penstock.proxy.exchange.ClientStream;
import io.penstock.proxy.exchange.Deadlines;
import io.penstock.proxy.exchange.Exchange;
import io.penstock.proxy.exchange.LoopContext;
import io.penstock.proxy.exchange.RequestHead;
import io.penstock.proxy.upstream.ResponseHead;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/2 stream of a client: one exchange. Confined to the connection's event loop.
 *
 * <p>Stream and connection windows are Netty's; a stream that the client resets ends its exchange.
 * What is left of a whole answer does not wait for a client that has stopped reading.
 */
final class Http2Stream extends ChannelInboundHandlerAdapter implements ClientStream {

  private final LoopContext loop;

  @SuppressWarnings("NullAway.Init") // set by handlerAdded, before any other call
  private ChannelHandlerContext ctx;

  private @Nullable Exchange exchange;
  private long declaredLength;
  private long receivedLength;
  private boolean begun;
  private boolean requestEnded;

  /** Room for more of the answer when that was looked at last. */
  private long room;

  private final Deadlines.Deadline limit =
      new Deadlines.Deadline() {
        @Override
        protected void expired(long nowNanos) {
          stalled();
        }
      };

  Http2Stream(LoopContext loop) {
    this.loop = loop;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    ctx = context;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    try {
      if (message instanceof Http2HeadersFrame frame) {
        headers(frame);
      } else if (message instanceof Http2DataFrame frame) {
        data(frame);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void headers(Http2HeadersFrame frame) {
    if (begun) {
      // Trailers, maybe of a request that has its answer already.
      ended(frame.isEndStream());
      return;
    }
    begun = true;
    var started = loop.exchange(this);
    exchange = started;
    Http2Headers received = frame.headers();
    var headers = new DefaultHttpHeaders();
    for (var field : received) {
      String name = field.getKey().toString();
      if (!name.startsWith(":")) {
        headers.add(name, field.getValue());
      }
    }
    if (headers.contains(HttpHeaderNames.COOKIE)) {
      // RFC 9113 §8.2.3: its pairs may come in fields of their own.
      headers.set(
          HttpHeaderNames.COOKIE, String.join("; ", headers.getAll(HttpHeaderNames.COOKIE)));
    }
    if (received.authority() != null && !headers.contains(HttpHeaderNames.HOST)) {
      headers.set(HttpHeaderNames.HOST, received.authority());
    }
    String length = headers.get(HttpHeaderNames.CONTENT_LENGTH);
    declaredLength = frame.isEndStream() ? 0 : RequestFraming.parseLength(length);
    if (received.method() == null || received.path() == null || declaredLength < -1) {
      started.refuseHead("the request head is not valid HTTP/2", false);
      return;
    }
    started.head(
        new RequestHead(
            received.method().toString(), received.path().toString(), headers, declaredLength),
        "100-continue".equals(lower(headers.get(HttpHeaderNames.EXPECT))));
    ended(frame.isEndStream());
  }

  private void data(Http2DataFrame frame) {
    receivedLength += frame.content().readableBytes();
    var running = exchange;
    if (running != null && frame.content().isReadable()) {
      running.body(frame.content());
    }
    ended(frame.isEndStream());
  }

  private void ended(boolean endStream) {
    if (!endStream || requestEnded) {
      return;
    }
    requestEnded = true;
    var running = exchange;
    if (running == null) {
      return;
    }
    if (declaredLength >= 0 && receivedLength != declaredLength) {
      running.refuseBody("the body is not as long as Content-Length says");
    } else {
      running.bodyEnd();
    }
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext context, Object event) {
    if (event instanceof Http2ResetFrame) {
      gone();
      ctx.close();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    if (exchange != null) {
      exchange.clientWritable(ctx.channel().isWritable());
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    gone();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    gone();
    var error = cause instanceof Http2Exception broken ? broken.error() : Http2Error.INTERNAL_ERROR;
    ctx.writeAndFlush(new DefaultHttp2ResetFrame(error)).addListener(done -> ctx.close());
  }

  private void gone() {
    var running = exchange;
    exchange = null;
    if (running != null) {
      running.clientGone();
    }
  }

  // ---- the exchange's side ----

  @Override
  public String httpVersion() {
    return "2";
  }

  @Override
  public @Nullable String address() {
    return ClientAddress.of(ctx.channel().parent());
  }

  @Override
  public EventLoop loop() {
    return ctx.channel().eventLoop();
  }

  @Override
  public boolean chunked() {
    return false;
  }

  @Override
  public void interim(ResponseHead interim) {
    var headers = new DefaultHttp2Headers().status(Integer.toString(interim.status()));
    interim.forEachEndToEnd((name, value) -> headers.add(lower(name), value));
    ctx.writeAndFlush(new DefaultHttp2HeadersFrame(headers, false));
  }

  @Override
  public void begin(
      int status, @Nullable ResponseHead relayed, String[] extra, long contentLength) {
    var headers = new DefaultHttp2Headers();
    headers.status(Integer.toString(status));
    if (relayed != null) {
      relayed.forEachEndToEnd((name, value) -> headers.add(lower(name), value));
    }
    for (int i = 0; i < extra.length; i += 2) {
      headers.set(extra[i], extra[i + 1]);
    }
    if (contentLength >= 0) {
      headers.setLong(HttpHeaderNames.CONTENT_LENGTH, contentLength);
    }
    ctx.write(new DefaultHttp2HeadersFrame(headers, false));
  }

  @Override
  public void body(ByteBuf bytes) {
    ctx.write(new DefaultHttp2DataFrame(bytes, false));
  }

  @Override
  public void comment(ByteBuf payload) {
    body(payload);
  }

  @Override
  public void flush() {
    ctx.flush();
  }

  @Override
  public void end(boolean endPassed) {
    exchange = null;
    var written = ctx.writeAndFlush(new DefaultHttp2DataFrame(true));
    if (!written.isDone()) {
      waitForReader();
      written.addListener(done -> loop.deadlines().clear(limit));
    }
    if (!requestEnded) {
      written.addListener(this::unwanted);
    }
  }

  /** RFC 9113 §8.1: the answer is whole, the rest of the request is not wanted. */
  private void unwanted(Future<? super Void> written) {
    if (written.isSuccess()) {
      ctx.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.NO_ERROR));
    }
  }

  private void waitForReader() {
    room = room();
    var deadlines = loop.deadlines();
    deadlines.set(limit, deadlines.now() + loop.settings().timeouts().clientStallNanos());
  }

  /** Grows with each write of the answer that the client has taken. */
  private long room() {
    return ctx.channel().bytesBeforeUnwritable() - ctx.channel().bytesBeforeWritable();
  }

  private void stalled() {
    if (room() > room) {
      waitForReader();
    } else {
      ctx.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.CANCEL))
          .addListener(done -> ctx.close());
    }
  }

  @Override
  public void abort() {
    exchange = null;
    // A reset overtakes data that is only written: out with it first, as far as the window goes.
    ctx.flush();
    ctx.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.INTERNAL_ERROR))
        .addListener(done -> ctx.close());
  }

  @Override
  public boolean writable() {
    return ctx.channel().isWritable();
  }

  @Override
  public void continueReading() {
    var headers = new DefaultHttp2Headers().status("100");
    ctx.writeAndFlush(new DefaultHttp2HeadersFrame(headers, false));
  }

  private static @Nullable String lower(@Nullable String text) {
    return text == null ? null : text.toLowerCase(Locale.ROOT);
  }
}
