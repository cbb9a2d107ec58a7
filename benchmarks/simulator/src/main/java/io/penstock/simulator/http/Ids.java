package io.penstock.simulator.http;

import java.util.random.RandomGenerator;

/** Draws ids and the server's fingerprint. Confined to the pod's event loop. */
final class Ids {

  private static final String HEX = "0123456789abcdef";

  private final RandomGenerator random;
  private final String fingerprint;

  Ids(RandomGenerator random) {
    this.random = random;
    this.fingerprint = "vllm-0.32.0-" + hex(8);
  }

  /** That many hexadecimal digits. */
  String hex(int digits) {
    var id = new StringBuilder(digits);
    for (int i = 0; i < digits; i++) {
      id.append(HEX.charAt(random.nextInt(16)));
    }
    return id.toString();
  }

  /** In the form of a UUID. */
  String uuid() {
    return hex(8) + '-' + hex(4) + '-' + hex(4) + '-' + hex(4) + '-' + hex(12);
  }

  /** The same for every answer of a server. */
  String fingerprint() {
    return fingerprint;
  }
}
