package io.penstock.picker.request;

import java.nio.charset.StandardCharsets;

/**
 * Keeps the raw bytes of one short JSON string that may be cut into pieces, and unescapes them.
 * Confined to the event loop of its tokenizer; its buffer is reused.
 */
final class StringCapture {

  /** A character takes at most this many times its UTF-8 length when escaped. */
  private static final int ESCAPED_GROWTH = 6;

  private final byte[] raw;
  private int length;
  private int limit;
  private boolean overflowed;

  /** Holds strings of up to {@code maxBytes} bytes, however they are escaped. */
  StringCapture(int maxBytes) {
    raw = new byte[maxBytes * ESCAPED_GROWTH];
  }

  /** Begins a string of which at most {@code maxBytes} unescaped bytes are of interest. */
  void begin(int maxBytes) {
    length = 0;
    limit = Math.min(raw.length, maxBytes * ESCAPED_GROWTH);
    overflowed = false;
  }

  void append(byte[] bytes, int from, int to) {
    int added = to - from;
    if (overflowed || added > limit - length) {
      overflowed = true;
      return;
    }
    System.arraycopy(bytes, from, raw, length, added);
    length += added;
  }

  /** Whether the string was longer than what is of interest. */
  boolean overflowed() {
    return overflowed;
  }

  byte[] raw() {
    return raw;
  }

  int length() {
    return length;
  }

  /** The string, unescaped; the raw bytes must have been found valid. */
  String text() {
    var utf8 = new String(raw, 0, length, StandardCharsets.UTF_8);
    if (utf8.indexOf('\\') < 0) {
      return utf8;
    }
    var text = new StringBuilder(utf8.length());
    for (int i = 0; i < utf8.length(); i++) {
      char c = utf8.charAt(i);
      if (c != '\\') {
        text.append(c);
        continue;
      }
      char escape = utf8.charAt(++i);
      if (escape == 'u') {
        text.append((char) Integer.parseInt(utf8, i + 1, i + 5, 16));
        i += 4;
      } else {
        text.append(unescaped(escape));
      }
    }
    return text.toString();
  }

  private static char unescaped(char escape) {
    return switch (escape) {
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      default -> escape;
    };
  }
}
