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
 * <p>A POST is answered when its body is read, which has a length or comes in chunks; it is not
 * looked at but for its last kilobyte: a stream is what asks for one there, wherever a router that
 * writes bodies anew has put it. There is no {@code /render}.
 */
final class MockPodConnection extends ChannelInboundHandlerAdapter {

  private static final int MAX_HEAD_BYTES = 16 * 1024;
  private static final byte[] STREAM = "\"stream\":true".getBytes(US_ASCII);
  private static final int TAIL_BYTES = 1_024;
  private static final ByteBuf HEAD_END =
      Unpooled.unreleasableBuffer(Unpooled.copiedBuffer("\r\n\r\n", US_ASCII));

  private final Supplier<MockPods.Beat> beat;
  private final ByteBuf metrics;
  private byte[] head = new byte[0];
  private final byte[] tail = new byte[TAIL_BYTES];
  private ByteBuf answer = MockAnswers.NOT_FOUND;
  private boolean chat;
  private final ChunkWalk chunks = new ChunkWalk();
  private boolean chunked;
  private long bodyLeft = -1;
  private int eventsLeft;
  private @Nullable Future<?> ticks;

  /**
   * A connection that opens.
   *
   * @param metrics the answer to {@code GET /metrics}
   */
  MockPodConnection(Supplier<MockPods.Beat> beat, ByteBuf metrics) {
    this.beat = beat;
    this.metrics = metrics;
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
    chat = text.startsWith("POST ") && !text.substring(0, text.indexOf('\r')).contains("/render ");
    answer = chat ? MockAnswers.CHAT : page(text);
    var lower = text.toLowerCase(Locale.ROOT);
    chunked = lower.contains("\r\ntransfer-encoding: chunked");
    chunks.reset();
    bodyLeft = contentLength(lower);
    Arrays.fill(tail, (byte) 0);
    if (bodyLeft == 0 && !chunked) {
      complete(ctx);
    }
  }

  private ByteBuf page(String head) {
    if (head.startsWith("GET /metrics ")) {
      return metrics;
    }
    if (head.startsWith("GET /v1/models ")) {
      return MockAnswers.MODELS;
    }
    return head.startsWith("GET /health ") ? MockAnswers.HEALTH : MockAnswers.NOT_FOUND;
  }

  private static long contentLength(String lower) {
    int name = lower.indexOf("\r\ncontent-length:");
    if (name < 0) {
      return 0;
    }
    int end = lower.indexOf("\r\n", name + 2);
    return Long.parseLong(lower.substring(name + 17, end < 0 ? lower.length() : end).strip());
  }

  private void readBody(ChannelHandlerContext ctx, ByteBuf in) {
    if (chunked) {
      int length = chunks.next(in);
      if (length < 0) {
        complete(ctx);
      } else {
        take(in, length);
      }
      return;
    }
    int length = (int) Math.min(bodyLeft, in.readableBytes());
    take(in, length);
    bodyLeft -= length;
    if (bodyLeft == 0) {
      complete(ctx);
    }
  }

  /** Reads a piece, and keeps the last bytes. */
  private void take(ByteBuf in, int length) {
    int last = Math.min(length, tail.length);
    System.arraycopy(tail, last, tail, 0, tail.length - last);
    in.getBytes(in.readerIndex() + length - last, tail, tail.length - last, last);
    in.skipBytes(length);
  }

  private void complete(ChannelHandlerContext ctx) {
    bodyLeft = -1;
    if (chat && asksForStream()) {
      stream(ctx, beat.get());
    } else {
      ctx.writeAndFlush(answer.duplicate(), ctx.voidPromise());
    }
  }

  private boolean asksForStream() {
    for (int i = tail.length - STREAM.length; i >= 0; i--) {
      if (Arrays.equals(tail, i, i + STREAM.length, STREAM, 0, STREAM.length)) {
        return true;
      }
    }
    return false;
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
