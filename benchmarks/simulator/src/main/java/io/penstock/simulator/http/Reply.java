package io.penstock.simulator.http;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.fault.Fault.OfAnswer;
import io.penstock.simulator.fault.Faults;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The answer to one request, and the one place where faults of an answer show. Confined to the
 * pod's event loop. Either {@link #whole} once, or {@link #beginStream}, events, {@link
 * #endStream}. Whatever is written after the connection broke or went silent is dropped.
 */
final class Reply {

  private static final byte[] LAST_CHUNK = "0\r\n\r\n".getBytes(US_ASCII);
  private static final byte[] GARBAGE = "\0\1\2 this is not HTTP \3\r\n\r\n".getBytes(US_ASCII);
  private static final byte[] TRAILING = "bytes nobody asked for\r\n".getBytes(US_ASCII);
  private static final String DONE = "data: [DONE]\n\n";

  /** What happens to the answer from here on. */
  private enum State {
    OPEN,
    /** Nothing more is sent, but the connection stays open and the answer unfinished. */
    SILENT,
    /** Whole and sent, or broken by a fault, or left by the client. */
    OVER
  }

  private final ChannelHandlerContext ctx;
  private final ReplyHead heads;
  private final Faults faults;
  private final @Nullable OfAnswer fault;
  private final boolean keepAlive;
  private final boolean chunked;
  private final @Nullable String requestId;
  private final Runnable finished;

  private State state = State.OPEN;
  private int events;
  private long sentBytes;
  private @Nullable Runnable onAbort;

  /**
   * @param fault the fault that strikes this answer, if any
   * @param chunked whether the client understands chunks (HTTP/1.1)
   * @param finished runs once when the answer is sent and the connection can take the next request
   */
  Reply(
      ChannelHandlerContext ctx,
      ReplyHead heads,
      Faults faults,
      @Nullable OfAnswer fault,
      boolean keepAlive,
      boolean chunked,
      @Nullable String requestId,
      Runnable finished) {
    this.ctx = ctx;
    this.heads = heads;
    this.faults = faults;
    this.fault = fault;
    this.keepAlive = keepAlive && chunked;
    this.chunked = chunked;
    this.requestId = requestId;
    this.finished = finished;
  }

  /** Shows a fault that needs no answer to be computed; true when there is nothing left to do. */
  boolean preempted() {
    return switch (fault) {
      case Fault.AnswerStatus status -> {
        Map<String, String> extra =
            status.retryAfterSeconds() < 0
                ? Map.of()
                : Map.of("retry-after", Integer.toString(status.retryAfterSeconds()));
        whole(status.code(), extra, ReplyHead.JSON, ErrorBody.ofStatus(status.code()).json());
        yield true;
      }
      case Fault.Garbage garbage -> {
        send(ctx.alloc().buffer().writeBytes(GARBAGE));
        close();
        yield true;
      }
      case Fault.StallBeforeHead stall -> {
        state = State.SILENT;
        yield true;
      }
      case Fault.ResetAfterBytes reset when reset.bytes() == 0 -> {
        reset();
        yield true;
      }
      case null -> false;
      case Fault.ResetAfterBytes reset -> false;
      case Fault.DieInEvent die -> false;
      case Fault.EndWithoutDone end -> false;
      case Fault.StallAfterEvents stall -> false;
      case Fault.MalformedChunk bad -> false;
      case Fault.ShortContentLength small -> false;
      case Fault.TrailingBytes trailing -> false;
      case Fault.Informational informational -> {
        send(ascii(ReplyHead.informational(informational.code())));
        yield false;
      }
    };
  }

  /** What to do when the client leaves before the answer is finished. */
  void onAbort(Runnable action) {
    this.onAbort = action;
  }

  /** Whether bytes still go out. */
  boolean isOpen() {
    return state == State.OPEN;
  }

  /** Answers with JSON. */
  void json(int status, String body) {
    whole(status, Map.of(), ReplyHead.JSON, body);
  }

  /** Answers with an error in vLLM's envelope. */
  void error(ErrorBody error) {
    json(error.code(), error.json());
  }

  /** Answers with a complete body. */
  void whole(int status, Map<String, String> extra, @Nullable String contentType, String body) {
    byte[] bytes = body.getBytes(UTF_8);
    boolean badChunk = fault instanceof Fault.MalformedChunk && chunked;
    String head =
        heads.of(
            status,
            extra,
            contentType,
            badChunk ? -1 : bytes.length,
            requestId,
            keepAlive,
            badChunk);
    int length = bytes.length;
    if (badChunk) {
      send(ascii(head));
      send(ascii("zz\r\n").writeBytes(bytes).writeBytes(LAST_CHUNK));
    } else if (fault instanceof Fault.StallAfterEvents) {
      send(ascii(head));
      state = State.SILENT;
    } else if (fault instanceof Fault.DieInEvent) {
      send(ascii(head).writeBytes(bytes, 0, length / 2));
      close();
    } else if (fault instanceof Fault.ShortContentLength less && length > 0) {
      send(ascii(head).writeBytes(bytes, 0, Math.max(0, length - less.bytes())));
      close();
    } else {
      send(ascii(head).writeBytes(bytes));
    }
    finish();
  }

  /** Sends the head of an event stream. */
  void beginStream() {
    send(ascii(heads.of(200, Map.of(), ReplyHead.EVENT_STREAM, -1, requestId, keepAlive, chunked)));
  }

  /** Sends one event, {@code data: ...} with its empty line, as one chunk. */
  void event(CharSequence event) {
    if (faults.find(Fault.HangStreams.class).isPresent() && state == State.OPEN) {
      state = State.SILENT;
    }
    if (state != State.OPEN) {
      return;
    }
    boolean done = DONE.contentEquals(event);
    switch (fault) {
      case Fault.StallAfterEvents stall when events >= stall.events() -> state = State.SILENT;
      case Fault.DieInEvent die when events >= die.events() && !done -> {
        ByteBuf chunk = chunk(event);
        send(chunk.writerIndex(chunk.writerIndex() / 2));
        close();
      }
      case Fault.EndWithoutDone end when done || events >= end.events() -> endStream();
      case Fault.MalformedChunk bad when events == bad.events() && !done ->
          send(ascii("zz\r\n").writeBytes(event.toString().getBytes(UTF_8)));
      case null -> send(chunk(event));
      case Fault.StallAfterEvents stall -> send(chunk(event));
      case Fault.DieInEvent die -> send(chunk(event));
      case Fault.EndWithoutDone end -> send(chunk(event));
      case Fault.MalformedChunk bad -> send(chunk(event));
      case Fault.AnswerStatus status -> send(chunk(event));
      case Fault.Garbage garbage -> send(chunk(event));
      case Fault.StallBeforeHead stall -> send(chunk(event));
      case Fault.ResetAfterBytes reset -> send(chunk(event));
      case Fault.ShortContentLength less -> send(chunk(event));
      case Fault.TrailingBytes trailing -> send(chunk(event));
      case Fault.Informational informational -> send(chunk(event));
    }
    events++;
  }

  /** Sends the event that ends OpenAI's streams. */
  void done() {
    event(DONE);
  }

  /** Ends the stream. */
  void endStream() {
    if (state == State.OPEN && faults.find(Fault.HangStreams.class).isPresent()) {
      state = State.SILENT;
    }
    if (fault instanceof Fault.ShortContentLength) {
      close();
    } else if (chunked) {
      send(ctx.alloc().buffer(LAST_CHUNK.length).writeBytes(LAST_CHUNK));
    }
    finish();
  }

  /** The connection is gone; returns whether that cut off an answer the client had not got. */
  boolean connectionLost() {
    if (state == State.OVER) {
      return false;
    }
    over();
    return true;
  }

  private ByteBuf chunk(CharSequence event) {
    int length = ByteBufUtil.utf8Bytes(event);
    ByteBuf buffer = ctx.alloc().buffer(length + 12);
    if (chunked) {
      buffer.writeCharSequence(Integer.toHexString(length), US_ASCII);
      buffer.writeShort(0x0d0a);
    }
    buffer.writeCharSequence(event, UTF_8);
    return chunked ? buffer.writeShort(0x0d0a) : buffer;
  }

  private ByteBuf ascii(String text) {
    ByteBuf buffer = ctx.alloc().buffer(text.length());
    buffer.writeCharSequence(text, US_ASCII);
    return buffer;
  }

  /** Consumes the buffer; cuts it where the connection is to be reset. */
  private void send(ByteBuf bytes) {
    if (state != State.OPEN) {
      bytes.release();
      return;
    }
    int length = bytes.readableBytes();
    if (fault instanceof Fault.ResetAfterBytes reset && sentBytes + length >= reset.bytes()) {
      bytes.writerIndex(bytes.readerIndex() + (int) (reset.bytes() - sentBytes));
      var _ = ctx.writeAndFlush(bytes);
      reset();
      return;
    }
    sentBytes += length;
    var _ = ctx.write(bytes);
    // What trails an answer leaves in one write with it: nobody can take it for the next answer.
    if (!(fault instanceof Fault.TrailingBytes)) {
      ctx.flush();
    }
  }

  private void finish() {
    if (state != State.OPEN) {
      return;
    }
    if (fault instanceof Fault.TrailingBytes) {
      var _ = ctx.writeAndFlush(ctx.alloc().buffer(TRAILING.length).writeBytes(TRAILING));
    }
    state = State.OVER;
    if (!keepAlive) {
      ctx.writeAndFlush(ctx.alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
    }
    finished.run();
  }

  /** Breaks the connection off with a FIN behind what was sent. */
  private void close() {
    if (state == State.OPEN) {
      over();
      ctx.writeAndFlush(ctx.alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
    }
  }

  /** Breaks the connection off with a RST behind what was sent. */
  private void reset() {
    over();
    ctx.channel().config().setOption(ChannelOption.SO_LINGER, 0);
    ctx.writeAndFlush(ctx.alloc().buffer(0)).addListener(ChannelFutureListener.CLOSE);
  }

  private void over() {
    state = State.OVER;
    Runnable abort = onAbort;
    onAbort = null;
    if (abort != null) {
      abort.run();
    }
  }
}
