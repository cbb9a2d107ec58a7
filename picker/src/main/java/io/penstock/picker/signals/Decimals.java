package io.penstock.picker.signals;

/** Reads the numbers of a Prometheus page out of bytes, without a string for each. Stateless. */
final class Decimals {

  private static final int MAX_DIGITS = 18;
  private static final int MAX_EXPONENT = 400;
  private static final int EXACT = 22;

  /** Powers of ten that a double holds exactly. */
  private static final double[] TEN_TO = new double[EXACT + 1];

  static {
    long power = 1;
    for (int i = 0; i <= 18; i++) {
      TEN_TO[i] = power;
      power *= 10;
    }
    for (int i = 19; i <= EXACT; i++) {
      TEN_TO[i] = TEN_TO[i - 1] * 10;
    }
  }

  private Decimals() {}

  /**
   * The number in those bytes, right to about one unit in the last place; NaN for anything that is
   * not a finite decimal number, so for {@code NaN} and {@code +Inf} too.
   */
  static double parse(byte[] bytes, int from, int to) {
    int at = from;
    boolean negative = at < to && bytes[at] == '-';
    if (at < to && (bytes[at] == '-' || bytes[at] == '+')) {
      at++;
    }
    long mantissa = 0;
    int digits = 0;
    int exponent = 0;
    boolean point = false;
    boolean any = false;
    for (; at < to; at++) {
      int digit = bytes[at] - '0';
      if (digit >= 0 && digit <= 9) {
        any = true;
        if (digits < MAX_DIGITS) {
          mantissa = mantissa * 10 + digit;
          digits += mantissa == 0 ? 0 : 1;
          exponent -= point ? 1 : 0;
        } else {
          exponent += point ? 0 : 1;
        }
      } else if (bytes[at] == '.' && !point) {
        point = true;
      } else {
        break;
      }
    }
    if (!any) {
      return Double.NaN;
    }
    if (at < to) {
      int written = exponent(bytes, at, to);
      if (written == Integer.MIN_VALUE) {
        return Double.NaN;
      }
      exponent += written;
    }
    double value = scaled(mantissa, exponent);
    return Double.isInfinite(value) ? Double.NaN : negative ? -value : value;
  }

  /** The exponent that starts with its {@code e}; the least int when it is not one. */
  private static int exponent(byte[] bytes, int from, int to) {
    int at = from + 1;
    if (bytes[from] != 'e' && bytes[from] != 'E') {
      return Integer.MIN_VALUE;
    }
    boolean negative = at < to && bytes[at] == '-';
    if (at < to && (bytes[at] == '-' || bytes[at] == '+')) {
      at++;
    }
    if (at == to) {
      return Integer.MIN_VALUE;
    }
    int exponent = 0;
    for (; at < to; at++) {
      int digit = bytes[at] - '0';
      if (digit < 0 || digit > 9) {
        return Integer.MIN_VALUE;
      }
      exponent = Math.min(MAX_EXPONENT, exponent * 10 + digit);
    }
    return negative ? -exponent : exponent;
  }

  private static double scaled(long mantissa, int exponent) {
    double value = mantissa;
    int left = exponent;
    for (; left > EXACT && value != 0 && !Double.isInfinite(value); left -= EXACT) {
      value *= TEN_TO[EXACT];
    }
    for (; left < -EXACT && value != 0; left += EXACT) {
      value /= TEN_TO[EXACT];
    }
    if (value == 0 || Double.isInfinite(value)) {
      return value;
    }
    return left >= 0 ? value * TEN_TO[left] : value / TEN_TO[-left];
  }
}
