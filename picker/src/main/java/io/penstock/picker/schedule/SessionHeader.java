package io.penstock.picker.schedule;

import io.penstock.picker.pool.Endpoint;

/**
 * A header of the answer by which a client learns which endpoint had its request, to send it back
 * with its next one. Immutable.
 *
 * <p>The value is a hash of the endpoint's identity, 16 hexadecimal digits: it is the same in every
 * replica, and says nothing of where the endpoint is.
 *
 * @param name in lower case
 * @param ofPrefill whether it names the endpoint that computed the prompt for another
 */
public record SessionHeader(String name, boolean ofPrefill) {

  private static final long FNV_BASIS = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;
  private static final int DIGITS = 16;
  private static final int HIGH = 32;

  /** What stands for no endpoint. */
  public static final long NONE = 0;

  /** The value that names an endpoint. */
  public static String value(Endpoint endpoint) {
    var digits = Long.toHexString(tokenOf(endpoint));
    return "0".repeat(DIGITS - digits.length()) + digits;
  }

  /** The token of a value, {@link #NONE} where it is not one. */
  public static long token(String value) {
    if (value.length() != DIGITS) {
      return NONE;
    }
    try {
      return Long.parseUnsignedLong(value, 16);
    } catch (NumberFormatException other) {
      return NONE;
    }
  }

  /** Whether the token names that endpoint; cheap where it does not. */
  public static boolean names(long token, Endpoint endpoint) {
    return (int) (token >>> HIGH) == endpoint.id().value().hashCode() && token == tokenOf(endpoint);
  }

  private static long tokenOf(Endpoint endpoint) {
    var id = endpoint.id().value();
    long hash = FNV_BASIS;
    for (int i = 0; i < id.length(); i++) {
      hash = (hash ^ id.charAt(i)) * FNV_PRIME;
    }
    long low = (hash ^ (hash >>> HIGH)) & 0xffffffffL;
    return ((long) id.hashCode() << HIGH) | (low == 0 ? 1 : low);
  }
}
