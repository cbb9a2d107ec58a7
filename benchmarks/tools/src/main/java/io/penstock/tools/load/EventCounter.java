package io.penstock.tools.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Counts the events of a stream as its bytes come, in any split, without allocating: lines are
 * found by their ends, and of a line only the first bytes are looked at. Confined to its
 * connection.
 *
 * <p>An event is one or more {@code data:} lines up to an empty line; comments are not counted, nor
 * is {@code data: [DONE]}.
 */
final class EventCounter {

  private static final byte[] DATA = "data:".getBytes(US_ASCII);
  private static final byte[] DONE = "[DONE]".getBytes(US_ASCII);
  private static final byte[] ERROR = "{\"error\"".getBytes(US_ASCII);
  private static final int KEPT = 16;

  private final byte[] line = new byte[KEPT];
  private int kept;
  private boolean longer;
  private boolean data;
  private boolean done;
  private boolean error;

  /** Forgets everything, for the next stream. */
  void reset() {
    kept = 0;
    longer = false;
    data = false;
    done = false;
    error = false;
  }

  /** Looks at further bytes of the stream; returns how many events ended in them. */
  int read(ByteBuf bytes, int from, int length) {
    int end = from + length;
    int events = 0;
    int at = from;
    while (at < end) {
      int newline = bytes.indexOf(at, end, (byte) '\n');
      int stop = newline < 0 ? end : newline;
      int taken = Math.min(stop - at, KEPT - kept);
      bytes.getBytes(at, line, kept, taken);
      kept += taken;
      longer |= taken < stop - at;
      if (newline < 0) {
        break;
      }
      if (lineEnds()) {
        events++;
      }
      at = newline + 1;
    }
    return events;
  }

  /** Whether {@code data: [DONE]} was seen. */
  boolean done() {
    return done;
  }

  /** Whether an event's data began with an error object. */
  boolean error() {
    return error;
  }

  /** Whether an event ends with this line. */
  private boolean lineEnds() {
    int length = !longer && kept > 0 && line[kept - 1] == '\r' ? kept - 1 : kept;
    kept = 0;
    longer = false;
    if (length == 0) {
      boolean event = data;
      data = false;
      return event;
    }
    if (startsWith(DATA, 0, length)) {
      int value = length > DATA.length && line[DATA.length] == ' ' ? 1 : 0;
      if (startsWith(DONE, DATA.length + value, length)) {
        done = true;
      } else {
        data = true;
        error |= startsWith(ERROR, DATA.length + value, length);
      }
    }
    return false;
  }

  private boolean startsWith(byte[] expected, int from, int length) {
    int to = from + expected.length;
    return to <= length && Arrays.equals(line, from, to, expected, 0, expected.length);
  }
}
