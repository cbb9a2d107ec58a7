package io.penstock.proxy.openai;

import org.jspecify.annotations.Nullable;

/**
 * A {@code traceparent} header (W3C Trace Context, level 1). Immutable.
 *
 * @param traceId 32 hexadecimal digits in lower case, not all 0
 * @param spanId 16 of them
 * @param sampled whether the caller records the trace
 */
public record TraceParent(String traceId, String spanId, boolean sampled) {

  private static final int LENGTH = 55;
  private static final int SPAN = 36;
  private static final int FLAGS = 53;

  /** Reads a header; null where there is none, or none that is valid. */
  public static @Nullable TraceParent parse(@Nullable String header) {
    if (header == null || header.length() < LENGTH) {
      return null;
    }
    boolean known = header.startsWith("00");
    if (!hex(header, 0, 2)
        || header.startsWith("ff")
        || header.charAt(2) != '-'
        || !hex(header, 3, SPAN - 1)
        || header.charAt(SPAN - 1) != '-'
        || !hex(header, SPAN, FLAGS - 1)
        || header.charAt(FLAGS - 1) != '-'
        || !hex(header, FLAGS, LENGTH)
        || (header.length() > LENGTH && (known || header.charAt(LENGTH) != '-'))
        || zero(header, 3, SPAN - 1)
        || zero(header, SPAN, FLAGS - 1)) {
      return null;
    }
    return new TraceParent(
        header.substring(3, SPAN - 1),
        header.substring(SPAN, FLAGS - 1),
        (Character.digit(header.charAt(LENGTH - 1), 16) & 1) != 0);
  }

  /** The header, in version 00. */
  public String header() {
    return "00-" + traceId + "-" + spanId + (sampled ? "-01" : "-00");
  }

  private static boolean hex(String text, int from, int to) {
    for (int i = from; i < to; i++) {
      char c = text.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        return false;
      }
    }
    return true;
  }

  private static boolean zero(String text, int from, int to) {
    for (int i = from; i < to; i++) {
      if (text.charAt(i) != '0') {
        return false;
      }
    }
    return true;
  }
}
