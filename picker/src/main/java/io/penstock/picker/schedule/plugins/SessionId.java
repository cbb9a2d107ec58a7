package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.SchedulingContext;
import org.jspecify.annotations.Nullable;

/**
 * Where a request says which session it belongs to: a header, or a cookie. Immutable.
 *
 * @param header in lower case; {@code cookie} where {@code cookie} is not null
 * @param cookie name of the cookie, not empty; null where the header's value itself is the id
 */
public record SessionId(String header, @Nullable String cookie) {

  /** No session. */
  static final long NONE = 0;

  private static final long FNV_BASIS = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  /** Checks the cookie's name. */
  public SessionId {
    if (cookie != null && cookie.isEmpty()) {
      throw new IllegalArgumentException("a cookie without a name");
    }
  }

  /** Hash of the request's session id, {@link #NONE} where it has none. */
  long hash(SchedulingContext context) {
    var value = context.header(header);
    if (value == null) {
      return NONE;
    }
    if (cookie == null) {
      return hash(value, 0, value.length());
    }
    int start = start(value, cookie);
    if (start < 0) {
      return NONE;
    }
    int end = value.indexOf(';', start);
    return hash(value, start, end < 0 ? value.length() : end);
  }

  /** Where the cookie's value begins (RFC 6265 §4.2.1: {@code a=b; c=d}), -1 if it is not there. */
  private static int start(String header, String name) {
    int at = header.indexOf(name);
    while (at >= 0) {
      int equals = at + name.length();
      boolean begins = at == 0 || header.charAt(at - 1) == ' ' || header.charAt(at - 1) == ';';
      if (begins && equals < header.length() && header.charAt(equals) == '=') {
        return equals + 1;
      }
      at = header.indexOf(name, at + 1);
    }
    return -1;
  }

  private static long hash(String text, int from, int to) {
    long hash = FNV_BASIS;
    for (int i = from; i < to; i++) {
      hash = (hash ^ text.charAt(i)) * FNV_PRIME;
    }
    hash ^= hash >>> 32;
    return from == to ? NONE : hash == NONE ? FNV_BASIS : hash;
  }
}
