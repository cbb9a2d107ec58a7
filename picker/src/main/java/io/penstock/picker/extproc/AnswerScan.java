package io.penstock.picker.extproc;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.penstock.picker.signals.ResponseEvents;
import io.penstock.picker.signals.TokenUsage;
import java.util.Arrays;

/**
 * Reads token counts and events out of a response's body that passes by. The counts stand in a
 * {@code usage} object at the very end of what an engine sends, or, in the Messages API, at the
 * beginning and the end; so the first piece is looked at, and the last bytes are kept.
 *
 * <p>Events by which a pod says that it has made a response, or has it in progress, do not count:
 * they come before the engine has looked at the request.
 */
final class AnswerScan {

  private static final byte[] NOTHING = {};
  private static final byte[][] ANNOUNCEMENTS =
      ResponseEvents.ANNOUNCEMENTS.stream()
          .map(name -> ("event: " + name).getBytes(US_ASCII))
          .toArray(byte[][]::new);
  private static final int LONGEST =
      Arrays.stream(ANNOUNCEMENTS).mapToInt(line -> line.length).max().orElseThrow();

  private final TokenUsage usage = new TokenUsage();
  private byte[] tail = NOTHING;
  private int tailLength;
  private boolean lineStart = true;

  /** The line that may name an event as far as it is here; its length is -1 in other lines. */
  private final byte[] name = new byte[LONGEST];

  private int nameLength = -1;
  private boolean announcement;
  private int events;
  private boolean first = true;
  private long bytes;

  /**
   * Looks at a piece; returns how many events with data began in it, were it an event stream, that
   * do more than announce a response.
   */
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
    int more = dataLines(array, start, length);
    events += more;
    return more;
  }

  /** Lines that begin like {@code data:}; no other field of an event begins with that letter. */
  private int dataLines(byte[] array, int start, int length) {
    int lines = 0;
    boolean begins = lineStart;
    for (int i = start; i < start + length; i++) {
      byte b = array[i];
      if (begins) {
        lines += b == 'd' && !announcement ? 1 : 0;
        announcement &= b != '\n' && b != '\r';
        nameLength = b == 'e' ? 0 : -1;
      }
      if (nameLength >= 0) {
        name(b);
      }
      begins = b == '\n';
    }
    lineStart = begins;
    return lines;
  }

  private void name(byte b) {
    if (b == '\n' || b == '\r') {
      announcement = false;
      for (var known : ANNOUNCEMENTS) {
        announcement |= Arrays.equals(name, 0, nameLength, known, 0, known.length);
      }
      nameLength = -1;
    } else if (nameLength < LONGEST) {
      name[nameLength++] = b;
    } else {
      nameLength = -1;
    }
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

  /** Events so far of those that {@link #piece} counts. */
  int events() {
    return events;
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
