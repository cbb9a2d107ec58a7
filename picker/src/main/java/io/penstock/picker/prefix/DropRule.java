package io.penstock.picker.prefix;

import java.util.Arrays;

/**
 * Which blocks a shard that may not grow leaves behind when its table is full: the least lately
 * used.
 *
 * @param now stamp at which that is decided
 * @param age blocks older than this go
 * @param share of the blocks of exactly that age, how many of 65,536 go
 * @param turn chooses which; another one each time, since who stayed once would always stay
 */
record DropRule(int now, int age, int share, int turn) {

  /** Everything comes along. */
  static final DropRule NONE = new DropRule(0, Integer.MAX_VALUE, 0, 0);

  private static final int SAMPLE = 512;
  private static final long SPREAD = 0x9E3779B1L;

  /**
   * The rule by which about {@code keep} blocks stay, from a sample of their ages.
   *
   * @param words of the shard's cells, hash and holders in turn
   * @param live blocks among them
   */
  static DropRule keeping(int keep, long[] words, int live, int now, int turn) {
    var ages = new int[SAMPLE];
    int n = 0;
    int step = 2 * Math.max(1, words.length / 2 / SAMPLE);
    for (int cell = 0; cell < words.length && n < SAMPLE; cell += step) {
      if (words[cell] != 0) {
        ages[n++] = HolderWord.age(HolderWord.stamp(words[cell + 1]), now);
      }
    }
    if (n == 0 || live <= keep) {
      return NONE;
    }
    Arrays.sort(ages, 0, n);
    int goes = Math.min(n, (int) Math.ceil((double) n * (live - keep) / live));
    int age = ages[n - goes];
    int older = 0;
    int same = 0;
    for (int i = 0; i < n; i++) {
      older += ages[i] > age ? 1 : 0;
      same += ages[i] == age ? 1 : 0;
    }
    return new DropRule(now, age, (int) Math.ceil((goes - older) * 65536.0 / same), turn);
  }

  boolean drops(long hash, int stamp) {
    int its = HolderWord.age(stamp, now);
    return its > age || (its == age && lot(hash) < share);
  }

  /** A number below 65,536, another one each turn. */
  private int lot(long hash) {
    return (int) ((((hash >>> 32) + turn) * SPREAD) >>> 16) & 0xFFFF;
  }
}
