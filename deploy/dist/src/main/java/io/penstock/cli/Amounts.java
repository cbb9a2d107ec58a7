package io.penstock.cli;

import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import picocli.CommandLine.TypeConversionException;

/** Reads durations and sizes as Kubernetes components take them in flags. Pure functions. */
final class Amounts {

  private static final Pattern DURATION =
      Pattern.compile("(?:([0-9]+(?:\\.[0-9]+)?)(h|ms|m|us|s))+");
  private static final Pattern PART = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(h|ms|m|us|s)");
  private static final Map<String, Double> NANOS =
      Map.of("us", 1e3, "ms", 1e6, "s", 1e9, "m", 60e9, "h", 3_600e9);

  private static final Pattern SIZE = Pattern.compile("([0-9]{1,12})(|K|M|G|Ki|Mi|Gi|KiB|MiB|GiB)");
  private static final Map<String, Long> BYTES =
      Map.of(
          "", 1L,
          "K", 1_000L,
          "M", 1_000_000L,
          "G", 1_000_000_000L,
          "Ki", 1L << 10,
          "Mi", 1L << 20,
          "Gi", 1L << 30,
          "KiB", 1L << 10,
          "MiB", 1L << 20,
          "GiB", 1L << 30);

  private Amounts() {}

  /** Such as {@code 30s}, {@code 50ms} or {@code 1m30s}; 0 for {@code 0}. */
  static Duration duration(String text) {
    if (text.equals("0")) {
      return Duration.ZERO;
    }
    if (!DURATION.matcher(text).matches()) {
      throw new TypeConversionException("'" + text + "' is no duration such as 30s or 1m30s");
    }
    double nanos = 0;
    var parts = PART.matcher(text);
    while (parts.find()) {
      nanos += Double.parseDouble(parts.group(1)) * NANOS.getOrDefault(parts.group(2), 0.0);
    }
    return Duration.ofNanos((long) nanos);
  }

  /** Such as {@code 10MiB}, {@code 512Ki} or {@code 1000}; at most 2^31 - 1 bytes. */
  static int bytes(String text) {
    var matcher = SIZE.matcher(text);
    if (matcher.matches()) {
      long unit = BYTES.getOrDefault(matcher.group(2), 0L);
      long amount = Long.parseLong(matcher.group(1));
      if (amount > 0 && amount <= Integer.MAX_VALUE / unit) {
        return (int) (amount * unit);
      }
    }
    throw new TypeConversionException("'" + text + "' is no size such as 10MiB, below 2 GiB");
  }
}
