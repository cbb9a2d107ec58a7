package io.penstock.tools.beside;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A mock pod's side of one connection. Confined to the event loop.
 *
 * <p>A POST is answered when its {@code content-length} bytes are read; its body is not looked at,
 * but for its last bytes: a stream is what asks for one there.
 */
final class MockPodConnection extends ChannelInboundHandlerAdapter {

  private static final int MAX_HEAD_BYTES = 16 * 1024;
  private static final byte[] STREAM = "\"stream\":true}".getBytes(US_ASCII);
  private static final ByteBuf HEAD_END =
      Unpooled.unreleasableBuffer(Unpooled.copiedBuffer("\r\n\r\n", US_ASCII));

  private final Supplier<MockPods.Beat> beat;
  private byte[] head = new byte[0];
  private final byte[] tail = new byte[STREAM.length];
  private ByteBuf answer = MockAnswers.NOT_FOUND;
  private boolean chat;
  private long bodyLeft = -1;
  private int eventsLeft;
  private @Nullable Future<?> ticks;

  MockPodConnection(Supplier<MockPods.Beat> beat) {
    this.beat = beat;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    var in = (ByteBuf) message;
    try {
      while (in.isReadable()) {
        if (bodyLeft < 0) {
          readHead(ctx, in);
        } else {
          readBody(ctx, in);
        }
      }
    } finally {
      in.release();
    }
  }

  private void readHead(ChannelHandlerContext ctx, ByteBuf in) {
    int kept = head.length;
    int end = kept == 0 ? ByteBufUtil.indexOf(HEAD_END, in) : -1;
    int length = end < 0 ? in.readableBytes() : end + 4 - in.readerIndex();
    head = Arrays.copyOf(head, kept + length);
    in.readBytes(head, kept, length);
    var text = new String(head, US_ASCII);
    int headEnd = text.indexOf("\r\n\r\n");
    if (headEnd < 0) {
      if (head.length > MAX_HEAD_BYTES) {
        ctx.close();
      }
      return;
    }
    in.readerIndex(in.readerIndex() - (head.length - headEnd - 4));
    head = new byte[0];
    begin(ctx, text.substring(0, headEnd));
  }

  private void begin(ChannelHandlerContext ctx, String text) {
    chat = text.startsWith("POST ");
    answer = chat ? MockAnswers.CHAT : page(text);
    bodyLeft = contentLength(text);
    Arrays.fill(tail, (byte) 0);
    if (bodyLeft == 0) {
      complete(ctx);
    }
  }

  private static ByteBuf page(String head) {
    if (head.startsWith("GET /metrics ")) {
      return MockAnswers.METRICS;
    }
    if (head.startsWith("GET /v1/models ")) {
      return MockAnswers.MODELS;
    }
    return head.startsWith("GET /health ") ? MockAnswers.HEALTH : MockAnswers.NOT_FOUND;
  }

  private static long contentLength(String head) {
    var lower = head.toLowerCase(Locale.ROOT);
    int name = lower.indexOf("\r\ncontent-length:");
    if (name < 0) {
      return 0;
    }
    int end = lower.indexOf("\r\n", name + 2);
    return Long.parseLong(lower.substring(name + 17, end < 0 ? lower.length() : end).strip());
  }

  private void readBody(ChannelHandlerContext ctx, ByteBuf in) {
    int length = (int) Math.min(bodyLeft, in.readableBytes());
    int last = Math.min(length, tail.length);
    System.arraycopy(tail, last, tail, 0, tail.length - last);
    in.getBytes(in.readerIndex() + length - last, tail, tail.length - last, last);
    in.skipBytes(length);
    bodyLeft -= length;
    if (bodyLeft == 0) {
      complete(ctx);
    }
  }

  private void complete(ChannelHandlerContext ctx) {
    bodyLeft = -1;
    if (chat && Arrays.equals(tail, STREAM)) {
      stream(ctx, beat.get());
    } else {
      ctx.writeAndFlush(answer.duplicate(), ctx.voidPromise());
    }
  }

  private void stream(ChannelHandlerContext ctx, MockPods.Beat next) {
    eventsLeft = next.events() - 1;
    ctx.write(MockAnswers.STREAM_HEAD.duplicate(), ctx.voidPromise());
    ctx.writeAndFlush(MockAnswers.EVENT.duplicate(), ctx.voidPromise());
    long nanos = next.interval().toNanos();
    ticks = ctx.executor().scheduleAtFixedRate(() -> tick(ctx), nanos, nanos, TimeUnit.NANOSECONDS);
  }

  private void tick(ChannelHandlerContext ctx) {
    if (eventsLeft-- > 0) {
      ctx.writeAndFlush(MockAnswers.EVENT.duplicate(), ctx.voidPromise());
    } else {
      stopTicks();
      ctx.writeAndFlush(MockAnswers.STREAM_END.duplicate(), ctx.voidPromise());
    }
  }

  private void stopTicks() {
    if (ticks != null) {
      ticks.cancel(false);
      ticks = null;
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    stopTicks();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
