package io.penstock.picker.prefix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.LongConsumer;

/**
 * The cells of a {@link Shard}: two words each, hash and {@link HolderWord}, every run of used ones
 * in the order of the hashes' low halves. Behind them are some that take what the last run shifts
 * over the end; the very last one stays empty. Cells are named by the index of their first word.
 */
final class Cells {

  /** Least number of cells. */
  static final int MIN = 64;

  private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

  final long[] words;

  /** Number of cells, those behind the end left out. */
  final int count;

  Cells(int count) {
    this.words = new long[2 * (count + overrun(count))];
    this.count = count;
  }

  private static int overrun(int count) {
    return Math.min(128, 16 + count / 64);
  }

  static long bytes(int count) {
    return (count + overrun(count)) * 16L + 64;
  }

  /** The number of cells that {@code bytes} hold, at least {@link #MIN}. */
  static int within(long bytes) {
    int count = (int) Math.min(bytes / 16, 1 << 24);
    while (count > MIN && bytes(count) > bytes) {
      count -= Math.max(1, count / 64);
    }
    return Math.max(count, MIN);
  }

  /** Where a search for the hash begins. */
  int home(long hash) {
    return 2 * (int) (((hash & 0xFFFF_FFFFL) * count) >>> 32);
  }

  /** The last cell that may be used. */
  int lastUsable() {
    return words.length - 4;
  }

  /** The cell of the hash, or the complement of the one where it would have to be put. */
  int find(long hash) {
    int low = (int) hash;
    for (int at = home(hash); ; at += 2) {
      // A reader may meet a run that is being shifted: the end of the words ends every search.
      long found = at < words.length ? (long) WORDS.getAcquire(words, at) : 0;
      if (found == hash) {
        return at;
      }
      if (found == 0 || Integer.compareUnsigned((int) found, low) > 0) {
        return ~at;
      }
    }
  }

  /** Who holds the block of a cell. */
  long word(int cell) {
    return (long) WORDS.getAcquire(words, cell + 1);
  }

  /** The first empty cell from there on. Writer. */
  int gap(int cell) {
    int gap = cell;
    while (words[gap] != 0) {
      gap += 2;
    }
    return gap;
  }

  /**
   * Puts the blocks into an empty table of another size. Writer.
   *
   * @param dropped gets the words of blocks that the rule drops, or that find no room
   */
  void copyTo(Cells to, DropRule drop, LongConsumer dropped) {
    int next = 0;
    for (int cell = 0; cell < words.length; cell += 2) {
      long hash = words[cell];
      if (hash == 0) {
        continue;
      }
      long word = words[cell + 1];
      int at = Math.max(next, to.home(hash));
      if (at > to.lastUsable() || drop.drops(hash, HolderWord.stamp(word))) {
        dropped.accept(word);
        continue;
      }
      to.words[at] = hash;
      to.words[at + 1] = word;
      next = at + 2;
    }
  }

  /** Adds up how many cells a search for each held block looks at. */
  void addProbes(ProbeStats stats) {
    for (int cell = 0; cell < words.length; cell += 2) {
      long hash = (long) WORDS.getAcquire(words, cell);
      if (hash != 0) {
        stats.add(1 + (cell - home(hash)) / 2);
      }
    }
  }
}
