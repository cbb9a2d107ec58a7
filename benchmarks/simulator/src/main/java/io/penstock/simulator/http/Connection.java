package io.penstock.simulator.http;

import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.ScheduledFuture;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.fault.Fault.OfAnswer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One client connection: collects requests, answers them one after another, closes when idle for
 * long. Confined to the pod's event loop. Requests that come while one is answered wait in a queue
 * of at most {@value #MAX_PIPELINED}; reading goes on, so that a client that leaves is noticed.
 */
final class Connection extends SimpleChannelInboundHandler<HttpObject> {

  private static final int MAX_PIPELINED = 64;

  /** What a pod that stops tells its connections, as a user event. */
  enum Order {
    /** Close as soon as there is nothing to answer. */
    DRAIN,
    /** Close now, with a RST. */
    RESET
  }

  private record Pending(ReceivedRequest request, boolean keepAlive, boolean chunked) {}

  private final PodServer pod;
  private final ArrayDeque<Pending> waiting = new ArrayDeque<>();
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private @Nullable HttpRequest head;
  private @Nullable Reply current;
  private @Nullable ScheduledFuture<?> idleTimer;

  Connection(PodServer pod) {
    super(HttpObject.class);
    this.pod = pod;
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    if (pod.opened(ctx.channel())) {
      startIdleTimer(ctx);
    } else {
      reset(ctx);
    }
  }

  private static void reset(ChannelHandlerContext ctx) {
    ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
    var _ = ctx.close();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    stopIdleTimer();
    waiting.clear();
    Reply cutOff = current;
    current = null;
    pod.closed(ctx.channel(), cutOff != null && cutOff.connectionLost());
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == Order.RESET && ctx.channel().isOpen()) {
      reset(ctx);
    } else if (event == Order.DRAIN && current == null) {
      var _ = ctx.close();
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
    stopIdleTimer();
    if (message.decoderResult().isFailure()) {
      refuse(ctx);
      return;
    }
    if (message instanceof HttpRequest request) {
      head = request;
      body.reset();
      if (HttpUtil.is100ContinueExpected(request)) {
        var _ =
            ctx.writeAndFlush(
                ctx.alloc()
                    .buffer()
                    .writeBytes(ReplyHead.informational(100).getBytes(StandardCharsets.US_ASCII)));
      }
    }
    if (message instanceof HttpContent content) {
      collect(content);
      if (content instanceof LastHttpContent && head != null) {
        enqueue(ctx, pending(head));
        head = null;
      }
    }
  }

  private void collect(HttpContent content) {
    try {
      content.content().readBytes(body, content.content().readableBytes());
    } catch (IOException e) {
      throw new UncheckedIOException("memory cannot fail to be written", e);
    }
  }

  private Pending pending(HttpRequest request) {
    String uri = request.uri();
    int mark = uri.indexOf('?');
    String path = mark < 0 ? uri : uri.substring(0, mark);
    String query = mark < 0 ? "" : uri.substring(mark + 1);
    List<Map.Entry<String, String>> headers =
        request.headers().entries().stream()
            .map(header -> Map.entry(header.getKey(), header.getValue()))
            .toList();
    var received =
        new ReceivedRequest(request.method().name(), path, query, headers, body.toByteArray());
    body.reset();
    boolean http11 = request.protocolVersion().compareTo(HttpVersion.HTTP_1_1) >= 0;
    boolean close = request.headers().containsValue(HttpHeaderNames.CONNECTION, "close", true);
    return new Pending(received, http11 && !close, http11);
  }

  private void enqueue(ChannelHandlerContext ctx, Pending pending) {
    if (current == null) {
      serve(ctx, pending);
    } else if (waiting.size() < MAX_PIPELINED) {
      waiting.add(pending);
    } else {
      var _ = ctx.close();
    }
  }

  private void serve(ChannelHandlerContext ctx, Pending pending) {
    ReceivedRequest request = pending.request();
    pod.received(request);
    OfAnswer fault = pod.faultFor(request);
    var reply =
        new Reply(
            ctx,
            pod.heads(),
            pod.faults(),
            fault,
            pending.keepAlive(),
            pending.chunked(),
            pod.echoedRequestId(request),
            () -> answered(ctx));
    current = reply;
    if (!reply.preempted()) {
      pod.routes().serve(request, reply);
    }
  }

  /** The current answer is sent: the next request, if one waits. */
  private void answered(ChannelHandlerContext ctx) {
    current = null;
    Pending next = waiting.poll();
    if (pod.isStopped()) {
      ctx.writeAndFlush(ctx.alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
    } else if (next != null) {
      ctx.channel().eventLoop().execute(() -> serveNext(ctx, next));
    } else {
      startIdleTimer(ctx);
    }
  }

  private void serveNext(ChannelHandlerContext ctx, Pending next) {
    if (ctx.channel().isActive() && current == null) {
      serve(ctx, next);
    }
  }

  private void startIdleTimer(ChannelHandlerContext ctx) {
    pod.faults()
        .find(Fault.IdleClose.class)
        .ifPresent(
            fault ->
                idleTimer =
                    ctx.channel()
                        .eventLoop()
                        .schedule(() -> close(ctx), fault.after().toNanos(), TimeUnit.NANOSECONDS));
  }

  private static void close(ChannelHandlerContext ctx) {
    var _ = ctx.close();
  }

  private void stopIdleTimer() {
    if (idleTimer != null) {
      idleTimer.cancel(false);
      idleTimer = null;
    }
  }

  /** What uvicorn answers to bytes that are no request. */
  private static void refuse(ChannelHandlerContext ctx) {
    String answer =
        "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\nconnection:"
            + " close\r\n\r\nInvalid HTTP request received.";
    ctx.writeAndFlush(ctx.alloc().buffer().writeBytes(answer.getBytes(StandardCharsets.US_ASCII)))
        .addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!(cause instanceof IOException)) {
      pod.failed(cause);
    }
    var _ = ctx.close();
  }
}
