package io.penstock.picker.prefix;

import java.util.Arrays;

/**
 * Which blocks a shard that may not grow leaves behind when it moves to its next table: the least
 * lately used. Immutable; a function of key and stamp only, so that all threads that help with a
 * move decide alike.
 *
 * @param now stamp at which the move began
 * @param age blocks older than this go
 * @param share of the blocks of exactly that age, how many of 65,536 go
 */
record DropRule(int now, int age, int share) {

  /** Everything comes along. */
  static final DropRule NONE = new DropRule(0, Integer.MAX_VALUE, 0);

  private static final int SAMPLE = 512;

  /** The rule by which about {@code keep} blocks stay, from a sample of the table's ages. */
  static DropRule keeping(int keep, Table table, int now) {
    var ages = new int[SAMPLE];
    int n = 0;
    int step = Math.max(1, table.cells / SAMPLE);
    for (int cell = 0; cell < table.cells && n < SAMPLE; cell += step) {
      long word = table.word(cell);
      if (word != 0 && !HolderWord.tombstone(word)) {
        ages[n++] = HolderWord.age(HolderWord.stamp(word), now);
      }
    }
    int live = table.live();
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
    return new DropRule(now, age, (int) Math.ceil((goes - older) * 65536.0 / same));
  }

  boolean drops(long hash, int stamp) {
    int its = HolderWord.age(stamp, now);
    return its > age || (its == age && ((hash >>> 32) & 0xFFFF) < share);
  }
}
