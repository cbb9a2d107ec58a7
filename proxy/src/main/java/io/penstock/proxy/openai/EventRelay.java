package io.penstock.proxy.openai;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.penstock.picker.signals.TokenUsage;
import io.penstock.proxy.upstream.BodyFraming;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Passes on only whole events of a stream, as they come. Confined to the exchange's event loop.
 *
 * <p>The usual read holds whole chunks that end with whole events: it is passed on itself, without
 * a copy, with its chunk framing where the client's side is chunked. Otherwise what is not yet a
 * whole event is copied and held back, so that a stream that dies can end on a clean boundary; when
 * the event completes, it goes out in a chunk of its own. More than 1 MiB is not held: then the
 * bytes go on as they are.
 *
 * <p>The last chunk of a chunked body is never passed on: how the answer ends is the caller's
 * decision.
 */
public final class EventRelay {

  /** So much of an event is held back at most. */
  public static final int MAX_HELD_BYTES = 1024 * 1024;

  private final boolean chunkedOut;
  private final boolean readUsage;
  private final ByteBufAllocator allocator;
  private final Consumer<ByteBuf> sink;
  private final EventScanner scanner = new EventScanner();
  private final TokenUsage usage = new TokenUsage();
  private @Nullable ByteBuf held;
  private int heldWhole;
  private boolean aligned = true;
  private boolean split;

  /**
   * A relay for one stream.
   *
   * @param chunkedOut whether the sink takes whole chunks; else payload
   * @param readUsage whether to look for usage objects
   * @param sink takes ownership of what it gets
   */
  public EventRelay(
      boolean chunkedOut, boolean readUsage, ByteBufAllocator allocator, Consumer<ByteBuf> sink) {
    this.chunkedOut = chunkedOut;
    this.readUsage = readUsage;
    this.allocator = allocator;
    this.sink = sink;
  }

  /** Takes one read, whose ownership passes. */
  public void read(ByteBuf raw, BodyFraming framing) {
    if (held == null && passWhole(raw, framing)) {
      return;
    }
    try {
      hold(raw, framing);
    } finally {
      raw.release();
    }
    aligned = framing.atChunkEnd();
    passHeld();
  }

  /** The fast path: true when the read was passed on as it is, or was empty. */
  private boolean passWhole(ByteBuf raw, BodyFraming framing) {
    boolean mayPass =
        chunkedOut ? aligned && framing.chunked() && framing.atChunkEnd() : framing.segments() == 1;
    if (!mayPass || framing.segments() == 0) {
      return false;
    }
    // Looked at from its end first: most reads end with an event, and only then is it scanned here.
    int last = framing.segments() - 1;
    int payloadEnd = framing.segmentStart(last) + framing.segmentLength(last);
    if (raw.getByte(payloadEnd - 1) != '\n') {
      return false;
    }
    if (!endsWithEmptyLine(raw, framing.segmentStart(last), payloadEnd)) {
      return false;
    }
    for (int i = 0; i <= last; i++) {
      int start = framing.segmentStart(i);
      scan(raw, start, start, start + framing.segmentLength(i));
    }
    if (chunkedOut) {
      raw.writerIndex(framing.wholeEnd());
    } else {
      raw.setIndex(framing.segmentStart(0), payloadEnd);
    }
    split = false;
    sink.accept(raw);
    return true;
  }

  /** Whether payload that ends with LF ends with an empty line, as far as the segment shows. */
  private static boolean endsWithEmptyLine(ByteBuf raw, int start, int end) {
    if (end - start >= 2 && raw.getByte(end - 2) == '\n') {
      return true;
    }
    return end - start >= 4 && raw.getByte(end - 2) == '\r' && raw.getByte(end - 3) == '\n';
  }

  private void hold(ByteBuf raw, BodyFraming framing) {
    for (int i = 0; i < framing.segments(); i++) {
      int start = framing.segmentStart(i);
      int length = framing.segmentLength(i);
      ByteBuf into = held;
      if (into == null) {
        into = allocator.directBuffer(length);
        held = into;
        heldWhole = 0;
      }
      int at = into.writerIndex();
      into.writeBytes(raw, start, length);
      int whole = scan(into, 0, at, into.writerIndex());
      if (whole >= 0) {
        heldWhole = whole;
      }
    }
  }

  private int scan(ByteBuf buffer, int eventStart, int start, int end) {
    int whole = scanner.scan(buffer, start, end);
    if (readUsage && whole >= 0) {
      UsageReader.look(usage, buffer, eventStart, whole);
    }
    return whole;
  }

  private void passHeld() {
    ByteBuf holding = held;
    if (holding == null) {
      return;
    }
    boolean tooLong = holding.readableBytes() - heldWhole > MAX_HELD_BYTES;
    if (tooLong) {
      heldWhole = holding.readableBytes();
    }
    if (heldWhole == 0) {
      return;
    }
    split = tooLong;
    ByteBuf rest = null;
    int left = holding.readableBytes() - heldWhole;
    if (left > 0) {
      rest = allocator.directBuffer(left);
      rest.writeBytes(holding, heldWhole, left);
      holding.writerIndex(heldWhole);
    }
    held = rest;
    heldWhole = 0;
    emit(holding);
  }

  private void emit(ByteBuf payload) {
    if (!chunkedOut) {
      sink.accept(payload);
      return;
    }
    ByteBuf chunk = allocator.directBuffer(payload.readableBytes() + 12);
    ByteBufUtil.writeAscii(chunk, Integer.toHexString(payload.readableBytes()));
    chunk.writeCharSequence("\r\n", StandardCharsets.US_ASCII);
    chunk.writeBytes(payload);
    chunk.writeCharSequence("\r\n", StandardCharsets.US_ASCII);
    payload.release();
    sink.accept(chunk);
  }

  /** Events with data passed on or held so far. */
  public int events() {
    return scanner.events();
  }

  /**
   * Of these, events that come of the engine's work: not those by which a pod says that it has made
   * a response, or has it in progress, before the engine has looked at the request.
   */
  public int generated() {
    return scanner.generated();
  }

  /** Whether nothing of an event is held back, and what was passed on ends with a whole one. */
  public boolean atEventEnd() {
    return held == null && !split;
  }

  /** Whether what was passed on ends inside an event, which was too long to be held. */
  public boolean passedPart() {
    return split;
  }

  /** Whether {@code [DONE]}, which ends chat and completion streams, came. */
  public boolean sawDone() {
    return scanner.done();
  }

  /** Whether an event came that ends a stream of the Responses or the Messages API. */
  public boolean sawLastEvent() {
    return scanner.lastEvent();
  }

  /** Whether the pod sent an error event. */
  public boolean sawError() {
    return scanner.errorSeen();
  }

  /** Whether the first event is an error: the answer is not a stream at all. */
  public boolean firstEventIsError() {
    return scanner.firstIsError();
  }

  /** The JSON of that error. */
  public byte[] firstError() {
    return scanner.firstError();
  }

  /** The last token counts seen. */
  public TokenUsage usage() {
    return usage;
  }

  /** Releases what is held back. */
  public void discard() {
    if (held != null) {
      held.release();
      held = null;
    }
  }
}
