package io.penstock.picker.prefix;

import java.util.SplittableRandom;

/** Keys, candidates and matches for the tests of this room. */
final class Chains {

  private Chains() {}

  /** A chain of random keys. */
  static long[] random(SplittableRandom random, int blocks) {
    return random.longs(blocks).toArray();
  }

  /** A chain that goes on where {@code head} ends. */
  static long[] after(long[] head, SplittableRandom random, int blocks) {
    var keys = new long[head.length + blocks];
    System.arraycopy(head, 0, keys, 0, head.length);
    for (int i = head.length; i < keys.length; i++) {
      keys[i] = random.nextLong();
    }
    return keys;
  }

  static int[] slots(int count) {
    var slots = new int[count];
    for (int i = 0; i < count; i++) {
      slots[i] = i;
    }
    return slots;
  }

  static int[] match(PrefixIndex index, MatchScratch scratch, long[] keys, int... slots) {
    var depth = new int[slots.length];
    index.match(keys, keys.length, slots, slots.length, depth, scratch);
    return depth;
  }

  static PrefixIndex open(PrefixIndexConfig config) {
    var index = new PrefixIndex(config);
    for (int slot = 0; slot < config.slots(); slot++) {
      index.open(slot);
    }
    return index;
  }
}
