package io.penstock.simulator.engine;

import org.jspecify.annotations.Nullable;

/**
 * 64-bit hashes of token runs, each chained to the one before it.
 *
 * <p>Stateless. Two block contents collide with a probability of 2^-64, which a simulation can
 * bear.
 */
final class TokenHash {

  /** Parent of a first block. */
  static final long ROOT = 0x51_7C_C1_B7_27_22_0A_95L;

  private TokenHash() {}

  /**
   * Hash of {@code count} tokens behind {@code parent}.
   *
   * @param extra what else tells the block apart, 0 for nothing
   */
  static long block(long parent, long extra, int[] tokens, int from, int count) {
    long hash = mix(parent ^ extra);
    for (int i = from; i < from + count; i++) {
      hash = (hash ^ tokens[i]) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 29;
    }
    long mixed = mix(hash);
    return mixed == 0 ? 1 : mixed;
  }

  /** Hash of a name such as a salt or an adapter; 0 for none. */
  static long name(@Nullable String name) {
    if (name == null) {
      return 0;
    }
    long hash = ROOT + name.length();
    for (int i = 0; i < name.length(); i++) {
      hash = (hash ^ name.charAt(i)) * 0x9E3779B97F4A7C15L;
      hash ^= hash >>> 29;
    }
    return mix(hash) | 1;
  }

  /** Spreads every input bit over all output bits; a bijection (the finalizer of splitmix64). */
  static long mix(long value) {
    long z = value + 0x9E3779B97F4A7C15L;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
