package io.penstock.picker.config;

import java.util.regex.Pattern;

/** Lengths of time as Go writes them: numbers with units, such as {@code 1m30s}. Pure functions. */
public final class GoDuration {

  /** Never steps back: each step back would be kept on the stack. */
  private static final Pattern WHOLE =
      Pattern.compile("0|(?:[0-9]+(?:\\.[0-9]+)?(?:ns|us|µs|ms|s|m|h))++");

  private static final Pattern PART = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(ns|us|µs|ms|s|m|h)");
  private static final double LONGEST_NANOS = 1e9 * 60 * 60 * 24 * 365;

  private GoDuration() {}

  /**
   * Nanoseconds.
   *
   * @throws IllegalArgumentException for what is no time, negative, or longer than a year
   */
  public static long nanos(String text) {
    if (!WHOLE.matcher(text).matches()) {
      throw new IllegalArgumentException("'" + text + "' is no time");
    }
    double nanos = 0;
    var parts = PART.matcher(text);
    while (parts.find()) {
      nanos += Double.parseDouble(parts.group(1)) * unit(parts.group(2));
    }
    if (nanos > LONGEST_NANOS) {
      throw new IllegalArgumentException("'" + text + "' is longer than a year");
    }
    return Math.round(nanos);
  }

  private static double unit(String name) {
    return switch (name) {
      case "ns" -> 1;
      case "us", "µs" -> 1e3;
      case "ms" -> 1e6;
      case "s" -> 1e9;
      case "m" -> 60e9;
      default -> 3_600e9;
    };
  }

  /** The shortest text with one unit. */
  static String text(long nanos) {
    if (nanos % 1_000_000_000 == 0) {
      return nanos / 1_000_000_000 + "s";
    }
    return nanos % 1_000_000 == 0 ? nanos / 1_000_000 + "ms" : nanos + "ns";
  }
}
