package io.penstock.proxy.exchange;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** The HTTP status that goes with an error object of a pod, which has it as its code. Stateless. */
final class ErrorStatus {

  private static final Pattern CODE = Pattern.compile("\"code\"\\s*:\\s*\"?([45]\\d\\d)\\b");

  private ErrorStatus() {}

  /** The status in {@code error.code}, 502 where there is none. */
  static int of(byte[] json) {
    var found = CODE.matcher(new String(json, StandardCharsets.UTF_8));
    return found.find() ? Integer.parseInt(found.group(1)) : 502;
  }
}
