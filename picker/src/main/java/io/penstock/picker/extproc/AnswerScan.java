package io.penstock.picker.extproc;

import java.nio.charset.StandardCharsets;

/**
 * Reads token counts and events out of a response's body that passes by. The counts stand in a
 * {@code usage} object at the very end of what an engine sends, or, in the Messages API, at the
 * beginning and the end; so the first piece is looked at, and the last bytes are kept. -1 stands
 * for a count that was not reported.
 */
final class AnswerScan {

  private static final int TAIL_BYTES = 2 * 1024;

  private static final byte[] USAGE = ascii("\"usage\":");
  private static final byte[] PROMPT = ascii("\"prompt_tokens\":");
  private static final byte[] INPUT = ascii("\"input_tokens\":");
  private static final byte[] COMPLETION = ascii("\"completion_tokens\":");
  private static final byte[] OUTPUT = ascii("\"output_tokens\":");
  private static final byte[] CACHED = ascii("\"cached_tokens\":");
  private static final byte[] CACHE_READ = ascii("\"cache_read_input_tokens\":");
  private static final byte[] NOTHING = {};

  private byte[] tail = NOTHING;
  private int tailLength;
  private boolean lineStart = true;
  private boolean first = true;
  private long bytes;
  private int promptTokens = -1;
  private int cachedTokens = -1;
  private int completionTokens = -1;

  /** Looks at a piece; returns how many events with data began in it, were it an event stream. */
  int piece(byte[] array, int start, int length) {
    if (length == 0) {
      return 0;
    }
    bytes += length;
    if (first) {
      first = false;
      look(array, start, start + length);
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
      tail = new byte[TAIL_BYTES];
    }
    int taken = Math.min(length, TAIL_BYTES);
    int kept = Math.min(tailLength, TAIL_BYTES - taken);
    System.arraycopy(tail, tailLength - kept, tail, 0, kept);
    System.arraycopy(array, start + length - taken, tail, kept, taken);
    tailLength = kept + taken;
  }

  /** The body is over. */
  void end() {
    look(tail, 0, tailLength);
    tail = NOTHING;
    tailLength = 0;
  }

  private void look(byte[] array, int start, int end) {
    int at = lastUsage(array, start, end);
    if (at < 0) {
      return;
    }
    promptTokens = either(array, at, end, PROMPT, INPUT, promptTokens);
    completionTokens = either(array, at, end, COMPLETION, OUTPUT, completionTokens);
    cachedTokens = either(array, at, end, CACHED, CACHE_READ, cachedTokens);
  }

  /** Where the last usage object begins, -1 if there is none; null is none. */
  private static int lastUsage(byte[] array, int start, int end) {
    for (int i = end - USAGE.length - 1; i >= start; i--) {
      if (array[i] == '"' && matches(array, i, end, USAGE)) {
        int at = i + USAGE.length;
        while (at < end && array[at] == ' ') {
          at++;
        }
        if (at < end && array[at] == '{') {
          return at;
        }
      }
    }
    return -1;
  }

  private static int either(
      byte[] array, int from, int end, byte[] name, byte[] other, int otherwise) {
    int value = number(array, from, end, name);
    if (value < 0) {
      value = number(array, from, end, other);
    }
    return value < 0 ? otherwise : value;
  }

  private static int number(byte[] array, int from, int end, byte[] name) {
    int at = from;
    while (at < end && !(array[at] == '"' && matches(array, at, end, name))) {
      at++;
    }
    at += name.length;
    while (at < end && array[at] == ' ') {
      at++;
    }
    long value = -1;
    for (; at < end && array[at] >= '0' && array[at] <= '9'; at++) {
      value = Math.max(value, 0) * 10 + (array[at] - '0');
      if (value > Integer.MAX_VALUE) {
        return -1;
      }
    }
    return (int) value;
  }

  private static boolean matches(byte[] array, int at, int end, byte[] wanted) {
    if (end - at < wanted.length) {
      return false;
    }
    for (int i = 0; i < wanted.length; i++) {
      if (array[at + i] != wanted[i]) {
        return false;
      }
    }
    return true;
  }

  /** Bytes of the body so far. */
  long bytes() {
    return bytes;
  }

  /** Tokens of the prompt. */
  int promptTokens() {
    return promptTokens;
  }

  /** Tokens of the prompt that the engine had cached. */
  int cachedTokens() {
    return cachedTokens;
  }

  /** Tokens generated. */
  int completionTokens() {
    return completionTokens;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
