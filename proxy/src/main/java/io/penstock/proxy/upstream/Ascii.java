package io.penstock.proxy.upstream;

/** Comparisons of header bytes with names in lower case. Stateless. */
final class Ascii {

  private Ascii() {}

  static boolean equalsIgnoreCase(byte[] bytes, int start, int end, String lower) {
    if (end - start != lower.length()) {
      return false;
    }
    for (int i = start; i < end; i++) {
      if (lower(bytes[i]) != lower.charAt(i - start)) {
        return false;
      }
    }
    return true;
  }

  static boolean startsWithIgnoreCase(byte[] bytes, int start, int end, String lower) {
    return end - start >= lower.length()
        && equalsIgnoreCase(bytes, start, start + lower.length(), lower);
  }

  /** A decimal number of at most 18 digits, -1 when it is none. */
  static long number(byte[] bytes, int start, int end) {
    if (end == start || end - start > 18) {
      return -1;
    }
    long value = 0;
    for (int i = start; i < end; i++) {
      if (bytes[i] < '0' || bytes[i] > '9') {
        return -1;
      }
      value = value * 10 + (bytes[i] - '0');
    }
    return value;
  }

  /** Whether a byte may stand in a field name (RFC 9110 §5.6.2). */
  static boolean isToken(byte b) {
    return (b >= 'a' && b <= 'z')
        || (b >= 'A' && b <= 'Z')
        || (b >= '0' && b <= '9')
        || "!#$%&'*+-.^_`|~".indexOf(b) >= 0;
  }

  private static int lower(byte b) {
    return b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b;
  }
}
