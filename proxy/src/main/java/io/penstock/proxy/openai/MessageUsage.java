package io.penstock.proxy.openai;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * Sets the number of cached tokens in usage objects of the Messages API that pass by, in place.
 * Pure functions.
 *
 * <p>There {@code input_tokens} leaves out what {@code cache_read_input_tokens} counts, so that
 * both change and their sum stays. Together they keep their place: what is between them moves, and
 * fewer digits leave white space behind. Where they need more digits than there are, both are left
 * as they came, since one without the other would count tokens twice or not at all.
 */
final class MessageUsage {

  private static final byte[] USAGE = ascii("\"usage\":");
  private static final byte[] INPUT = ascii("\"input_tokens\":");
  private static final byte[] READ = ascii("\"cache_read_input_tokens\":");

  /** Of what an int can hold. */
  private static final int MOST_DIGITS = 10;

  private MessageUsage() {}

  /** Sets the number in every object that lies whole between {@code start} and {@code end}. */
  static void set(ByteBuf bytes, int start, int end, int cached) {
    int at = CachedTokens.afterName(bytes, start, end, USAGE);
    while (at >= 0) {
      int open = CachedTokens.afterSpaces(bytes, at, end);
      int close =
          open < end && bytes.getByte(open) == '{' ? bytes.indexOf(open, end, (byte) '}') : -1;
      if (close >= 0) {
        setIn(bytes, open, close, cached);
      }
      at = CachedTokens.afterName(bytes, at, end, USAGE);
    }
  }

  private static void setIn(ByteBuf bytes, int open, int close, int cached) {
    int input = number(bytes, open, close, INPUT);
    int read = input < 0 ? -1 : number(bytes, input, close, READ);
    if (read < 0) {
      return;
    }
    int inputEnd = CachedTokens.afterDigits(bytes, input, close);
    int readEnd = CachedTokens.afterDigits(bytes, read, close);
    long both = value(bytes, input, inputEnd) + value(bytes, read, readEnd);
    String others = Long.toString(both - cached);
    String known = Integer.toString(cached);
    int between = read - inputEnd;
    if (both < cached || others.length() + between + known.length() > readEnd - input) {
      return;
    }
    var text = new StringBuilder(readEnd - input).append(others);
    text.append(bytes.toString(inputEnd, between, StandardCharsets.ISO_8859_1)).append(known);
    text.repeat(' ', readEnd - input - text.length());
    bytes.setBytes(input, text.toString().getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Where the digits of that member begin, -1 where it has none. */
  private static int number(ByteBuf bytes, int from, int close, byte[] name) {
    int at = CachedTokens.afterName(bytes, from, close, name);
    if (at < 0) {
      return -1;
    }
    int first = CachedTokens.afterSpaces(bytes, at, close);
    int digits = CachedTokens.afterDigits(bytes, first, close) - first;
    return digits > 0 && digits <= MOST_DIGITS ? first : -1;
  }

  private static long value(ByteBuf bytes, int first, int last) {
    long value = 0;
    for (int i = first; i < last; i++) {
      value = value * 10 + (bytes.getByte(i) - '0');
    }
    return value;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
