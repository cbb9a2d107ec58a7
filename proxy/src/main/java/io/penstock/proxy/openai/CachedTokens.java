package io.penstock.proxy.openai;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/**
 * Sets the number of cached tokens in usage objects that pass by, in place. Pure functions.
 *
 * <p>A pod that was handed a prompt counts all of it as cached; what was cached is what the pod
 * that computed it says. The number keeps its place: fewer digits leave white space behind, and a
 * longer number, which no honest pod leads to, is left as it came. So no length and no framing
 * changes.
 */
public final class CachedTokens {

  /** More than a member's name and its number take. */
  public static final int LONGEST_BYTES = 48;

  private static final byte[] NAME = "\"cached_tokens\":".getBytes(StandardCharsets.US_ASCII);

  private CachedTokens() {}

  /** Sets every such number that lies whole between {@code start} and {@code end}. */
  public static void set(ByteBuf bytes, int start, int end, int count) {
    String digits = Integer.toString(count);
    int at = start;
    while (at >= 0 && at <= end - NAME.length) {
      int found = bytes.indexOf(at, end, NAME[0]);
      if (found < 0) {
        return;
      }
      at = found + 1;
      if (isName(bytes, found, end)) {
        at = replace(bytes, found + NAME.length, end, digits);
      }
    }
  }

  private static boolean isName(ByteBuf bytes, int at, int end) {
    if (end - at <= NAME.length) {
      return false;
    }
    for (int i = 1; i < NAME.length; i++) {
      if (bytes.getByte(at + i) != NAME[i]) {
        return false;
      }
    }
    return true;
  }

  private static int replace(ByteBuf bytes, int from, int end, String digits) {
    int first = from;
    while (first < end && bytes.getByte(first) == ' ') {
      first++;
    }
    int last = first;
    while (last < end && bytes.getByte(last) >= '0' && bytes.getByte(last) <= '9') {
      last++;
    }
    if (last < end && last - first >= digits.length()) {
      for (int i = first; i < last; i++) {
        int digit = i - first;
        bytes.setByte(i, digit < digits.length() ? digits.charAt(digit) : ' ');
      }
    }
    return last;
  }
}
