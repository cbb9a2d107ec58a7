package io.penstock.proxy.disagg;

import java.util.random.RandomGenerator;

/** Names of transfers, of 128 random bits, so that no two meet. */
final class TransferId {

  private TransferId() {}

  /** A fresh one, in the form of a UUID. */
  static String of(RandomGenerator random) {
    String high = digits(random.nextLong());
    String low = digits(random.nextLong());
    return high.substring(0, 8)
        + '-'
        + high.substring(8, 12)
        + '-'
        + high.substring(12)
        + '-'
        + low.substring(0, 4)
        + '-'
        + low.substring(4);
  }

  private static String digits(long bits) {
    String hex = Long.toHexString(bits);
    return "0".repeat(16 - hex.length()) + hex;
  }
}
