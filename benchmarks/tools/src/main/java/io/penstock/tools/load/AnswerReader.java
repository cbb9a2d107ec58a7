package io.penstock.tools.load;

import io.netty.buffer.ByteBuf;

/**
 * Reads the answers of one connection, one after the other, in any split, without allocating.
 * Confined to its connection.
 *
 * <p>A reader for a load generator: it takes HTTP/1.1 as servers send it and is no guard against
 * hostile ones.
 */
final class AnswerReader {

  private static final int MAX_HEAD_BYTES = 32 * 1024;

  /** Where in an answer the next byte belongs. */
  private enum Part {
    HEAD,
    LENGTH,
    UNTIL_CLOSE,
    CHUNK_SIZE,
    CHUNK,
    CHUNK_END,
    TRAILER,
    ENDED,
    MALFORMED
  }

  private final EventCounter events = new EventCounter();
  private final byte[] head = new byte[MAX_HEAD_BYTES];
  private int headLength;
  private Part part = Part.HEAD;
  private int status;
  private boolean keepAlive;
  private boolean eventStream;
  private long left;
  private int lineLength;
  private boolean sizeEnded;
  private long bodyBytes;

  /** Expects the next answer. */
  void begin() {
    part = Part.HEAD;
    headLength = 0;
    status = 0;
    bodyBytes = 0;
    eventStream = false;
    events.reset();
  }

  /**
   * Reads on; what follows the end of the answer stays unread.
   *
   * @return how many events ended in these bytes
   */
  int read(ByteBuf in) {
    int ended = 0;
    while (in.isReadable()) {
      switch (part) {
        case HEAD -> readHead(in);
        case LENGTH -> {
          ended += body(in);
          if (left == 0) {
            part = Part.ENDED;
          }
        }
        case UNTIL_CLOSE -> {
          left = Long.MAX_VALUE;
          ended += body(in);
        }
        case CHUNK_SIZE -> chunkSize(in.readByte());
        case CHUNK -> {
          ended += body(in);
          if (left == 0) {
            part = Part.CHUNK_END;
          }
        }
        case CHUNK_END -> {
          if (in.readByte() == '\n') {
            part = Part.CHUNK_SIZE;
            sizeEnded = false;
          }
        }
        case TRAILER -> trailer(in.readByte());
        case ENDED, MALFORMED -> {
          return ended;
        }
      }
    }
    return ended;
  }

  /** Whether the answer is complete. */
  boolean ended() {
    return part == Part.ENDED;
  }

  /** Whether what came is not an answer. */
  boolean malformed() {
    return part == Part.MALFORMED;
  }

  /** Whether the end of the connection is the end of the answer. */
  boolean endsWithConnection() {
    return part == Part.UNTIL_CLOSE;
  }

  /** The status, 0 before the head is complete. */
  int status() {
    return status;
  }

  /** Whether the server keeps the connection after this answer. */
  boolean keepAlive() {
    return keepAlive;
  }

  /** Whether the answer is a stream of events. */
  boolean eventStream() {
    return eventStream;
  }

  /** What the stream told. */
  EventCounter events() {
    return events;
  }

  /** Bytes of the body so far. */
  long bodyBytes() {
    return bodyBytes;
  }

  private int body(ByteBuf in) {
    int length = (int) Math.min(in.readableBytes(), left);
    int ended = eventStream ? events.read(in, in.readerIndex(), length) : 0;
    in.skipBytes(length);
    left -= length;
    bodyBytes += length;
    return ended;
  }

  private void readHead(ByteBuf in) {
    while (in.isReadable()) {
      if (headLength == MAX_HEAD_BYTES) {
        part = Part.MALFORMED;
        return;
      }
      byte b = in.readByte();
      head[headLength++] = b;
      if (b == '\n'
          && headLength >= 4
          && head[headLength - 2] == '\r'
          && head[headLength - 3] == '\n') {
        parseHead();
        return;
      }
    }
  }

  private void parseHead() {
    if (headLength < 14 || !is(0, "http/1.1 ") || head[12] < ' ') {
      part = Part.MALFORMED;
      return;
    }
    status = (int) number(9, 10);
    keepAlive = true;
    boolean chunked = false;
    long length = -1;
    for (int line = lineAfter(0); line < headLength - 2; line = lineAfter(line)) {
      if (is(line, "content-length:")) {
        length = number(line + 15, 10);
      } else if (is(line, "transfer-encoding:")) {
        chunked = is(blanks(line + 18), "chunked");
      } else if (is(line, "connection:")) {
        keepAlive = !is(blanks(line + 11), "close");
      } else if (is(line, "content-type:")) {
        eventStream = is(blanks(line + 13), "text/event-stream");
      }
    }
    headLength = 0;
    bodyBegins(chunked, length);
  }

  private void bodyBegins(boolean chunked, long length) {
    if (status / 100 == 1) {
      part = Part.HEAD;
    } else if (chunked) {
      part = Part.CHUNK_SIZE;
      left = 0;
      sizeEnded = false;
    } else if (length > 0) {
      part = Part.LENGTH;
      left = length;
    } else if (length == 0 || status == 204) {
      part = Part.ENDED;
    } else {
      part = Part.UNTIL_CLOSE;
      keepAlive = false;
    }
  }

  private void chunkSize(byte b) {
    int digit = sizeEnded ? -1 : Character.digit(b, 16);
    if (b == '\n') {
      part = left == 0 ? Part.TRAILER : Part.CHUNK;
      lineLength = 0;
    } else if (digit >= 0) {
      left = left * 16 + digit;
    } else {
      sizeEnded = true;
    }
  }

  private void trailer(byte b) {
    if (b != '\n') {
      lineLength += b == '\r' ? 0 : 1;
    } else if (lineLength == 0) {
      part = Part.ENDED;
    } else {
      lineLength = 0;
    }
  }

  private int lineAfter(int from) {
    int at = from;
    while (head[at] != '\n') {
      at++;
    }
    return at + 1;
  }

  private int blanks(int from) {
    int at = from;
    while (head[at] == ' ' || head[at] == '\t') {
      at++;
    }
    return at;
  }

  private long number(int from, int radix) {
    long value = 0;
    for (int at = blanks(from); Character.digit(head[at], radix) >= 0; at++) {
      value = value * radix + Character.digit(head[at], radix);
    }
    return value;
  }

  /** Whether the head has this lower-case text there, in any case. */
  private boolean is(int from, String lower) {
    if (from + lower.length() > headLength) {
      return false;
    }
    for (int i = 0; i < lower.length(); i++) {
      if (Character.toLowerCase((char) head[from + i]) != lower.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
