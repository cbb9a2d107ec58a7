package io.penstock.picker.prefix;

import java.util.Arrays;

/**
 * Finds how many leading blocks each candidate holds. Stateless; works in a {@link MatchScratch}.
 *
 * <p>An endpoint that holds block i holds every block before it, nearly always, since tails leave
 * before heads. So the search looks at blocks 1, 2, 4, 8 … as long as any candidate holds them, and
 * between the last two at the middle, with the candidates split into those that hold it and those
 * that do not. Every cell is read once, for all candidates that still depend on it, as bitmaps of
 * slots: for a chain of n blocks of which d are held, log d reads and log d for each different
 * depth, of 64 candidates a word.
 */
final class DepthSearch {

  private final ShardMap shards;

  DepthSearch(ShardMap shards) {
    this.shards = shards;
  }

  /**
   * Writes the depth of each candidate into {@code scratch.depth}, which is 0 for all of them
   * before.
   *
   * @param words of the candidates' bitmap, which is level 0 of the scratch
   */
  void search(long[] keys, int count, int words, MatchScratch scratch) {
    var surviving = scratch.level(0);
    var holding = scratch.level(1);
    int held = 0;
    while (held < count) {
      int probe = held == 0 ? 1 : Math.min(2 * held, count);
      boolean any = split(keys, probe - 1, surviving, holding, words);
      if (held > 0 && !empty(surviving, words)) {
        swap(surviving, holding, words);
        bisect(keys, held, probe, 1, words, scratch);
        // The search below has used no level but 1 and deeper: the holders are in level 0.
      } else {
        System.arraycopy(holding, 0, surviving, 0, words);
      }
      if (!any) {
        return;
      }
      held = probe;
    }
    assign(surviving, words, count, scratch);
  }

  /** The same by reading every block; stops where no candidate is left. */
  void walk(long[] keys, int count, int words, MatchScratch scratch) {
    var surviving = scratch.level(0);
    var holding = scratch.level(1);
    for (int held = 0; held < count; held++) {
      boolean any = split(keys, held, surviving, holding, words);
      assign(surviving, words, held, scratch);
      if (!any) {
        return;
      }
      System.arraycopy(holding, 0, surviving, 0, words);
    }
    assign(surviving, words, count, scratch);
  }

  /** The slots of {@code level} hold {@code held} blocks and fewer than {@code missed}. */
  private void bisect(
      long[] keys, int held, int missed, int level, int words, MatchScratch scratch) {
    var slots = scratch.level(level);
    var holding = scratch.level(level + 1);
    int low = held;
    int high = missed;
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      boolean any = split(keys, middle - 1, slots, holding, words);
      if (!any) {
        high = middle;
      } else if (empty(slots, words)) {
        swap(slots, holding, words);
        low = middle;
      } else {
        bisect(keys, middle, high, level + 1, words, scratch);
        high = middle;
      }
    }
    assign(slots, words, low, scratch);
  }

  /** Moves the slots that hold key {@code i} into {@code holding}; false when none does. */
  private boolean split(long[] keys, int i, long[] slots, long[] holding, int words) {
    shards.holders(keys[i], i, slots, holding, words);
    long any = 0;
    for (int word = 0; word < words; word++) {
      any |= holding[word];
      slots[word] &= ~holding[word];
    }
    return any != 0;
  }

  private static void swap(long[] a, long[] b, int words) {
    for (int i = 0; i < words; i++) {
      long kept = a[i];
      a[i] = b[i];
      b[i] = kept;
    }
  }

  private static boolean empty(long[] slots, int words) {
    long any = 0;
    for (int i = 0; i < words; i++) {
      any |= slots[i];
    }
    return any == 0;
  }

  private static void assign(long[] slots, int words, int depth, MatchScratch scratch) {
    for (int i = 0; i < words; i++) {
      for (long rest = slots[i]; rest != 0; rest &= rest - 1) {
        scratch.depth[(i << 6) | Long.numberOfTrailingZeros(rest)] = depth;
      }
    }
  }

  /** Puts the candidates that are open into level 0; the number of words they take. */
  static int candidates(int[] slots, int slotCount, OpenSlots open, MatchScratch scratch) {
    int highest = 0;
    for (int i = 0; i < slotCount; i++) {
      highest = Math.max(highest, slots[i]);
    }
    int words = (highest >> 6) + 1;
    var bitmap = scratch.level(0);
    Arrays.fill(bitmap, 0, words, 0);
    // Neighbours mostly share a word, which goes to memory once and not with each of them.
    int word = 0;
    long bits = 0;
    for (int i = 0; i < slotCount; i++) {
      int slot = slots[i];
      if (slot >> 6 != word) {
        bitmap[word] |= bits;
        word = slot >> 6;
        bits = 0;
      }
      bits |= 1L << slot;
      scratch.depth[slot] = 0;
    }
    bitmap[word] |= bits;
    open.retain(bitmap, words);
    return words;
  }
}
