package io.penstock.proxy.upstream;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Walks the body of one answer, read by read, without copying: where its payload lies and where the
 * message ends. Confined to the event loop; one per connection, reused.
 *
 * <p>Indices are absolute ones of the buffer that was walked last, and valid only until the next.
 */
public final class BodyFraming {

  private static final int MAX_SIZE_LINE = 4 * 1024;
  private static final int MAX_TRAILERS = 16 * 1024;

  /** Room for the segments of a read: one or two are usual, and open streams are many. */
  private static final int FIRST_ROOM = 2 * 4;

  private static final int MOST_KEPT = 2 * 64;

  private enum State {
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,
    TRAILER_LINE,
    TRAILER_LF,
    LAST_LF
  }

  private ResponseHead.Framing kind = ResponseHead.Framing.NONE;
  private State state = State.SIZE;
  private long left;
  private int digits;
  private int lineBytes;
  private int trailerBytes;
  private int[] segments = new int[FIRST_ROOM];
  private int segmentCount;
  private int wholeEnd;
  private boolean ended;
  private int end;

  /** Prepares for the body of another answer. */
  void begin(ResponseHead head) {
    begin(head.framing(), head.contentLength());
  }

  /**
   * Prepares for the body of another answer.
   *
   * @param contentLength of {@link ResponseHead.Framing#LENGTH}, in bytes
   */
  public void begin(ResponseHead.Framing framing, long contentLength) {
    kind = framing;
    left = kind == ResponseHead.Framing.LENGTH ? contentLength : 0;
    state = State.SIZE;
    digits = 0;
    lineBytes = 0;
    trailerBytes = 0;
    segmentCount = 0;
    if (segments.length > MOST_KEPT) {
      segments = new int[FIRST_ROOM];
    }
    ended = kind == ResponseHead.Framing.NONE;
  }

  /**
   * Walks the readable bytes of one read.
   *
   * @throws MalformedAnswer the chunk framing is broken (RFC 9112 §7.1)
   */
  public void walk(ByteBuf read) throws MalformedAnswer {
    segmentCount = 0;
    int start = read.readerIndex();
    int stop = read.writerIndex();
    wholeEnd = start;
    end = stop;
    switch (kind) {
      case NONE -> end = start;
      case UNTIL_CLOSE -> {
        add(start, stop - start);
        wholeEnd = stop;
      }
      case LENGTH -> {
        int taken = (int) Math.min(left, stop - start);
        add(start, taken);
        left -= taken;
        wholeEnd = start + taken;
        end = start + taken;
        ended = left == 0;
      }
      case CHUNKED -> walkChunks(read, start, stop);
    }
  }

  private void walkChunks(ByteBuf read, int start, int stop) throws MalformedAnswer {
    for (int i = start; i < stop; ) {
      if (state == State.DATA) {
        int taken = (int) Math.min(left, stop - i);
        add(i, taken);
        left -= taken;
        i += taken;
        if (left == 0) {
          state = State.DATA_CR;
        }
        continue;
      }
      byte b = read.getByte(i++);
      switch (state) {
        case SIZE -> size(b);
        case EXTENSION -> extension(b);
        case SIZE_LF -> {
          expect(b, '\n');
          state = left == 0 ? State.TRAILER : State.DATA;
        }
        case DATA_CR -> {
          expect(b, '\r');
          state = State.DATA_LF;
        }
        case DATA_LF -> {
          expect(b, '\n');
          state = State.SIZE;
          digits = 0;
          lineBytes = 0;
          wholeEnd = i;
        }
        case TRAILER -> state = trailer(b) && b == '\r' ? State.LAST_LF : State.TRAILER_LINE;
        case TRAILER_LINE -> {
          trailer(b);
          if (b == '\r') {
            state = State.TRAILER_LF;
          }
        }
        case TRAILER_LF -> {
          expect(b, '\n');
          state = State.TRAILER;
        }
        case LAST_LF -> {
          expect(b, '\n');
          ended = true;
          end = i;
          return;
        }
        case DATA -> throw new IllegalStateException();
      }
    }
  }

  private void size(byte b) throws MalformedAnswer {
    int digit = Character.digit(b, 16);
    if (digit >= 0 && b > 0) {
      if (++digits > 15) {
        throw new MalformedAnswer("a chunk size is too large");
      }
      left = digits == 1 ? digit : left << 4 | digit;
      return;
    }
    if (digits == 0) {
      throw new MalformedAnswer("a chunk without a size");
    }
    if (b == '\r') {
      state = State.SIZE_LF;
    } else if (b == ';' || b == ' ' || b == '\t') {
      state = State.EXTENSION;
    } else {
      throw new MalformedAnswer("a chunk size is not hexadecimal");
    }
  }

  private void extension(byte b) throws MalformedAnswer {
    if (++lineBytes > MAX_SIZE_LINE || b == '\n' || b == 0) {
      throw new MalformedAnswer("a chunk extension is malformed");
    }
    if (b == '\r') {
      state = State.SIZE_LF;
    }
  }

  private boolean trailer(byte b) throws MalformedAnswer {
    if (++trailerBytes > MAX_TRAILERS || b == '\n' || b == 0) {
      throw new MalformedAnswer("the trailers are malformed");
    }
    return true;
  }

  private static void expect(byte b, char wanted) throws MalformedAnswer {
    if (b != wanted) {
      throw new MalformedAnswer("a chunk does not end where its size says");
    }
  }

  private void add(int start, int length) {
    if (length == 0) {
      return;
    }
    if (2 * segmentCount == segments.length) {
      segments = Arrays.copyOf(segments, segments.length * 2);
    }
    segments[2 * segmentCount] = start;
    segments[2 * segmentCount++ + 1] = length;
  }

  /** Whether the connection's end is a proper end of the body. */
  public boolean endsWithConnection() {
    return kind == ResponseHead.Framing.UNTIL_CLOSE;
  }

  /** Whether the body came in chunks. */
  public boolean chunked() {
    return kind == ResponseHead.Framing.CHUNKED;
  }

  /** Number of payload segments in the read. */
  public int segments() {
    return segmentCount;
  }

  /** Index of the first byte of segment i. */
  public int segmentStart(int i) {
    return segments[2 * i];
  }

  /** Length of segment i in bytes, above 0. */
  public int segmentLength(int i) {
    return segments[2 * i + 1];
  }

  /** Index behind the last chunk that ended in this read; the read's start when none did. */
  public int wholeEnd() {
    return wholeEnd;
  }

  /** Whether the read ends exactly behind a chunk, so that nothing of one is still to come. */
  public boolean atChunkEnd() {
    return switch (state) {
      case SIZE -> digits == 0;
      case TRAILER, TRAILER_LINE, TRAILER_LF, LAST_LF -> true;
      case EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF -> false;
    };
  }

  /** Whether the message has ended. */
  public boolean ended() {
    return ended;
  }

  /** Index behind the message, where it has ended; else behind the read. */
  int messageEnd() {
    return end;
  }
}
