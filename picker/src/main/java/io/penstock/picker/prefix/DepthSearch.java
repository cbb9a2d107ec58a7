package io.penstock.picker.prefix;

import java.lang.invoke.VarHandle;
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
 *
 * <p>Blocks that only one endpoint was given have a cell together ({@link HolderWord#trail}), which
 * is that of the last block the search finds with it. There its depth is known at once.
 */
final class DepthSearch {

  /** Searches of a trail that somebody is changing. */
  private static final int TRIES = 8;

  private final ShardMap shards;
  private final Rings rings;

  DepthSearch(ShardMap shards, Rings rings) {
    this.shards = shards;
    this.rings = rings;
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
      boolean any = split(keys, count, probe - 1, surviving, holding, words, scratch);
      if (held > 0 && !empty(surviving, words)) {
        swap(surviving, holding, words);
        bisect(keys, count, held, probe, 1, words, scratch);
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
      boolean any = split(keys, count, held, surviving, holding, words, scratch);
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
      long[] keys, int count, int held, int missed, int level, int words, MatchScratch scratch) {
    var slots = scratch.level(level);
    var holding = scratch.level(level + 1);
    int low = held;
    int high = missed;
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      boolean any = split(keys, count, middle - 1, slots, holding, words, scratch);
      if (!any) {
        high = middle;
      } else if (empty(slots, words)) {
        swap(slots, holding, words);
        low = middle;
      } else {
        bisect(keys, count, middle, high, level + 1, words, scratch);
        high = middle;
      }
    }
    assign(slots, words, low, scratch);
  }

  /**
   * Moves the slots that hold key {@code i} into {@code holding}; false when none does. A slot
   * whose trail the key begins gets its depth and is in neither then.
   */
  private boolean split(
      long[] keys,
      int count,
      int i,
      long[] slots,
      long[] holding,
      int words,
      MatchScratch scratch) {
    long hash = ShardMap.hash(keys[i], i);
    for (int tries = 0; tries < TRIES; tries++) {
      long trail = shards.holders(hash, slots, holding, words);
      if (trail == 0) {
        break;
      }
      int slot = HolderWord.trailSlot(trail);
      if (slot >> 6 >= words || (slots[slot >> 6] & (1L << slot)) == 0) {
        return false;
      }
      int length = rings.matches(trail, keys, i, count);
      VarHandle.loadLoadFence();
      if (shards.word(hash) == trail) {
        if (length > 0) {
          scratch.depth[slot] = behind(keys, count, i + length, slot);
          slots[slot >> 6] &= ~(1L << slot);
        }
        return false;
      }
    }
    long any = 0;
    for (int word = 0; word < words; word++) {
      any |= holding[word];
      slots[word] &= ~holding[word];
    }
    return any != 0;
  }

  /** A trail ended before that key: what a slot may hold from there on came at other times. */
  private int behind(long[] keys, int count, int from, int slot) {
    int held = from;
    while (held < count) {
      long hash = ShardMap.hash(keys[held], held);
      long word = shards.word(hash);
      int more = 0;
      if (!HolderWord.isTrail(word)) {
        more = shards.names(word, hash, slot) ? 1 : 0;
      } else if (HolderWord.trailSlot(word) == slot) {
        more = rings.matches(word, keys, held, count);
      }
      if (more == 0) {
        return held;
      }
      held += more;
    }
    return held;
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
