package io.penstock.picker.request;

import org.jspecify.annotations.Nullable;

/**
 * State of one JSON string being read: finds the closing quote and checks escapes and UTF-8 on the
 * way. Confined to the event loop of its tokenizer.
 */
final class JsonString {

  /** Bytes looked at one by one after an escape or a foreign letter: they come in swarms. */
  private static final int WARY_BYTES = 16;

  private enum State {
    TEXT,
    ESCAPE,
    HEX,
    UTF8,
    CLOSED
  }

  private State state = State.CLOSED;
  private boolean escaped;
  private int hexLeft;
  private int utf8Left;
  private int utf8Low;
  private int utf8High;
  private @Nullable String complaint;

  /** Begins after the opening quote. */
  void begin() {
    state = State.TEXT;
    escaped = false;
    complaint = null;
  }

  /** Whether the closing quote was found. */
  boolean closed() {
    return state == State.CLOSED;
  }

  /** What is wrong with the string, or null. */
  @Nullable String complaint() {
    return complaint;
  }

  /** Whether there was an escape. */
  boolean escaped() {
    return escaped;
  }

  /** Reads on; the index of the closing quote, of the byte complained about, or {@code to}. */
  int read(byte[] b, int from, int to) {
    int i = from;
    while (i < to) {
      switch (state) {
        case TEXT -> {
          i = text(b, i, to);
          if (i == to || state == State.CLOSED) {
            return i;
          }
        }
        case ESCAPE -> escape(b[i]);
        case HEX -> hex(b[i]);
        case UTF8 -> continuation(b[i]);
        case CLOSED -> throw new AssertionError("the string is closed");
      }
      if (complaint != null) {
        return i;
      }
      i++;
    }
    return i;
  }

  /** Reads on to the byte that ends plain reading, or to {@code to}. */
  private int text(byte[] b, int from, int to) {
    int i = from;
    int waryUntil = from;
    while (true) {
      i =
          i < waryUntil
              ? JsonBytes.skipPlainBytes(b, i, Math.min(waryUntil, to))
              : JsonBytes.skipPlain(b, i, to);
      if (i == to) {
        return i;
      }
      byte c = b[i];
      int next;
      if (c == '"') {
        state = State.CLOSED;
        return i;
      } else if (c == '\\') {
        escaped = true;
        next = JsonBytes.skipEscape(b, i, to);
        if (next == i) {
          state = State.ESCAPE;
          return i;
        }
      } else if (c < 0) {
        next = JsonBytes.skipCommonUtf8(b, i, to);
        if (next == i) {
          lead(c & 0xff);
          return i;
        }
      } else if (c < ' ') {
        complaint = "a control character in a string is not escaped";
        return i;
      } else {
        next = i; // the wary bytes are over
      }
      i = next;
      waryUntil = c < 0 || c == '\\' ? i + WARY_BYTES : i;
    }
  }

  private void escape(byte c) {
    if (c == 'u') {
      hexLeft = 4;
      state = State.HEX;
    } else if (JsonBytes.isSimpleEscape(c)) {
      state = State.TEXT;
    } else {
      complaint = "an unknown escape in a string";
    }
  }

  private void hex(byte c) {
    if (!JsonBytes.isHex(c)) {
      complaint = "an unknown escape in a string";
    } else if (--hexLeft == 0) {
      state = State.TEXT;
    }
  }

  /** First byte of a multi-byte character; the second one's range shuts out what is not UTF-8. */
  private void lead(int c) {
    state = State.UTF8;
    utf8Low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    utf8High = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (c >= 0xc2 && c <= 0xdf) {
      utf8Left = 1;
    } else if (c >= 0xe0 && c <= 0xef) {
      utf8Left = 2;
    } else if (c >= 0xf0 && c <= 0xf4) {
      utf8Left = 3;
    } else {
      complaint = "a string is not UTF-8";
    }
  }

  private void continuation(byte b) {
    int c = b & 0xff;
    if (c < utf8Low || c > utf8High) {
      complaint = "a string is not UTF-8";
      return;
    }
    utf8Low = 0x80;
    utf8High = 0xbf;
    if (--utf8Left == 0) {
      state = State.TEXT;
    }
  }
}
