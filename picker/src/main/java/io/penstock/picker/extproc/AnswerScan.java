package io.penstock.picker.extproc;

import io.penstock.picker.signals.TokenUsage;

/**
 * Reads token counts and events out of a response's body that passes by. The counts stand in a
 * {@code usage} object at the very end of what an engine sends, or, in the Messages API, at the
 * beginning and the end; so the first piece is looked at, and the last bytes are kept.
 */
final class AnswerScan {

  private static final byte[] NOTHING = {};

  private final TokenUsage usage = new TokenUsage();
  private byte[] tail = NOTHING;
  private int tailLength;
  private boolean lineStart = true;
  private boolean first = true;
  private long bytes;

  /** Looks at a piece; returns how many events with data began in it, were it an event stream. */
  int piece(byte[] array, int start, int length) {
    if (length == 0) {
      return 0;
    }
    bytes += length;
    if (first) {
      first = false;
      usage.look(array, start, start + length);
    }
    keep(array, start, length);
    return dataLines(array, start, length);
  }

  /** Lines that begin like {@code data:}; no other field of an event begins with that letter. */
  private int dataLines(byte[] array, int start, int length) {
    int lines = 0;
    boolean begins = lineStart;
    for (int i = start; i < start + length; i++) {
      byte b = array[i];
      if (begins && b == 'd') {
        lines++;
      }
      begins = b == '\n';
    }
    lineStart = begins;
    return lines;
  }

  private void keep(byte[] array, int start, int length) {
    if (tail.length == 0) {
      tail = new byte[TokenUsage.TAIL_BYTES];
    }
    int taken = Math.min(length, tail.length);
    int kept = Math.min(tailLength, tail.length - taken);
    System.arraycopy(tail, tailLength - kept, tail, 0, kept);
    System.arraycopy(array, start + length - taken, tail, kept, taken);
    tailLength = kept + taken;
  }

  /** The body is over. */
  void end() {
    usage.look(tail, 0, tailLength);
    tail = NOTHING;
    tailLength = 0;
  }

  /** Bytes of the body so far. */
  long bytes() {
    return bytes;
  }

  /** What the engine counted, complete once the body is over. */
  TokenUsage usage() {
    return usage;
  }
}
