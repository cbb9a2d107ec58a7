package io.penstock.proxy.openai;

import io.netty.buffer.ByteBuf;
import io.penstock.picker.request.ApiKind;
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

  /** More than the members of a usage object from the first number to the last take. */
  public static final int LONGEST_BYTES = 160;

  private static final byte[] NAME = "\"cached_tokens\":".getBytes(StandardCharsets.US_ASCII);

  private CachedTokens() {}

  /**
   * Sets every such number that lies whole between {@code start} and {@code end}.
   *
   * @param api whose usage objects they are
   */
  public static void set(ApiKind api, ByteBuf bytes, int start, int end, int count) {
    if (api == ApiKind.MESSAGES) {
      MessageUsage.set(bytes, start, end, count);
      return;
    }
    String digits = Integer.toString(count);
    int at = afterName(bytes, start, end, NAME);
    while (at >= 0) {
      replace(bytes, at, end, digits);
      at = afterName(bytes, at, end, NAME);
    }
  }

  /** Behind the next member's name and colon, -1 where there is none. */
  static int afterName(ByteBuf bytes, int from, int end, byte[] name) {
    int at = from;
    while (at <= end - name.length) {
      int found = bytes.indexOf(at, end, name[0]);
      if (found < 0) {
        return -1;
      }
      if (isName(bytes, found, end, name)) {
        return found + name.length;
      }
      at = found + 1;
    }
    return -1;
  }

  private static boolean isName(ByteBuf bytes, int at, int end, byte[] name) {
    if (end - at <= name.length) {
      return false;
    }
    for (int i = 1; i < name.length; i++) {
      if (bytes.getByte(at + i) != name[i]) {
        return false;
      }
    }
    return true;
  }

  private static void replace(ByteBuf bytes, int from, int end, String digits) {
    int first = afterSpaces(bytes, from, end);
    int last = afterDigits(bytes, first, end);
    if (last < end && last - first >= digits.length()) {
      for (int i = first; i < last; i++) {
        int digit = i - first;
        bytes.setByte(i, digit < digits.length() ? digits.charAt(digit) : ' ');
      }
    }
  }

  static int afterSpaces(ByteBuf bytes, int from, int end) {
    int at = from;
    while (at < end && bytes.getByte(at) == ' ') {
      at++;
    }
    return at;
  }

  static int afterDigits(ByteBuf bytes, int from, int end) {
    int at = from;
    while (at < end && bytes.getByte(at) >= '0' && bytes.getByte(at) <= '9') {
      at++;
    }
    return at;
  }
}
