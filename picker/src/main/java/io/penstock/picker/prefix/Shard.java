package io.penstock.picker.prefix;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One part of the index: the holders of the blocks whose hash falls to it. Thread-safe, lock-free.
 *
 * <p>A change of a block is one compare-and-set of the word of its cell, or of its holder set; how
 * the cells move to another table while that goes on, says {@link TableChain}.
 */
final class Shard {

  /** Outcomes of {@link #add} and {@link #remove}. */
  enum Outcome {
    /** Became a holder. */
    ADDED,
    /** Was a holder before. */
    HELD,
    /** There is no room. */
    REFUSED,
    /** Is no holder any more. */
    REMOVED,
    /** Still a holder, since the block was used lately. */
    TOUCHED,
    /** Was no holder. */
    ABSENT
  }

  private final TableBudget budget;
  private final HolderSets sets;

  private final TableChain tables;

  Shard(int cells, TableBudget budget, HolderSets sets) {
    this.budget = budget;
    this.sets = sets;
    this.tables = new TableChain(cells, budget, sets);
  }

  /**
   * Which of a set of slots hold a block.
   *
   * @param in bitmap of slots
   * @param out receives the slots of {@code in} that hold the block
   * @param words of both bitmaps
   */
  void holders(long key, long hash, long[] in, long[] out, int words) {
    for (; ; ) {
      Arrays.fill(out, 0, words, 0);
      long word = read(key, hash);
      if (!HolderWord.pooled(word)) {
        for (int i = HolderWord.count(word) - 1; i >= 0; i--) {
          int slot = HolderWord.slot(word, i);
          if (slot >> 6 < words) {
            out[slot >> 6] |= in[slot >> 6] & (1L << slot);
          }
        }
        return;
      }
      var set = sets.get(HolderWord.handle(word));
      if (set != null && set.key == key) {
        set.intersect(in, out, words);
        return;
      }
      // The entry has changed since its word was read: what it is now counts.
    }
  }

  /** Makes a slot a holder of a block, or notes that the block was used. */
  Outcome add(long key, long hash, int slot, int stamp) {
    var at = tables.oldest();
    for (; ; ) {
      var next = at.next();
      if (next != null) {
        tables.help(at, next);
        int old = at.findOrSeal(key, hash);
        if (old >= 0) {
          tables.move(at, old, next);
        }
        at = next;
        continue;
      }
      int cell = at.claim(key, hash, false);
      if (cell >= 0) {
        var outcome = addAt(at, cell, key, slot, stamp);
        if (outcome != null) {
          return outcome;
        }
      } else if (cell == Table.NO_ROOM && !tables.makeRoom(at, stamp)) {
        budget.refused.increment();
        return Outcome.REFUSED;
      }
    }
  }

  /**
   * Takes a slot out of a block's holders.
   *
   * @param unlessNewerThan stamp; when the block was used after it, the slot stays. -1: never stays
   */
  Outcome remove(long key, long hash, int slot, int unlessNewerThan) {
    var at = tables.oldest();
    for (; ; ) {
      var next = at.next();
      int cell = at.find(key, hash);
      if (next != null) {
        if (cell >= 0) {
          tables.move(at, cell, next);
        }
        at = next;
        continue;
      }
      if (cell < 0) {
        return Outcome.ABSENT;
      }
      var outcome = removeAt(at, cell, key, slot, unlessNewerThan);
      if (outcome != null) {
        return outcome;
      }
    }
  }

  /** The table that is being moved from, or else the only one. */
  Table table() {
    return tables.oldest();
  }

  /** The word of a block, perhaps frozen, 0 when it is not here. */
  private long read(long key, long hash) {
    for (Table at = tables.oldest(); at != null; at = at.next()) {
      int cell = at.find(key, hash);
      long word = cell < 0 ? 0 : at.word(cell);
      if (word != 0 && word != HolderWord.MOVED) {
        return word;
      }
    }
    return 0;
  }

  /** Null: the cell has moved. */
  private @Nullable Outcome addAt(Table at, int cell, long key, int slot, int stamp) {
    for (; ; ) {
      long word = at.word(cell);
      if (HolderWord.frozen(word)) {
        return null;
      }
      if (HolderWord.pooled(word)) {
        var outcome = addPooled(at, cell, word, key, slot, stamp);
        if (outcome != null) {
          return outcome;
        }
      } else if (HolderWord.has(word, slot)) {
        if (touch(at, cell, word, stamp)) {
          return Outcome.HELD;
        }
      } else if (HolderWord.count(word) < HolderWord.INLINE) {
        if (at.replace(cell, word, HolderWord.with(word, slot, stamp))) {
          if (HolderWord.tombstone(word)) {
            at.died(-1);
          }
          return Outcome.ADDED;
        }
      } else {
        long handle = sets.keep(HolderSet.of(key, word, slot));
        if (handle < 0) {
          budget.refused.increment();
          return Outcome.REFUSED;
        }
        if (at.replace(cell, word, HolderWord.pooled(handle, stamp))) {
          return Outcome.ADDED;
        }
        sets.free(handle);
      }
    }
  }

  /** Null: the word is another one by now. */
  private @Nullable Outcome addPooled(
      Table at, int cell, long word, long key, int slot, int stamp) {
    long handle = HolderWord.handle(word);
    var set = sets.get(handle);
    if (set == null || set.key != key) {
      return null;
    }
    if (set.closed) {
      unpool(at, cell, word, set);
      return null;
    }
    if (set.has(slot)) {
      return touch(at, cell, word, stamp) ? Outcome.HELD : null;
    }
    var grown = set.with(slot);
    if (!sets.fits(set, grown)) {
      budget.refused.increment();
      return Outcome.REFUSED;
    }
    if (!sets.replace(handle, set, grown)) {
      return null;
    }
    touch(at, cell, word, stamp);
    return Outcome.ADDED;
  }

  /** Null: the cell has moved. */
  private @Nullable Outcome removeAt(Table at, int cell, long key, int slot, int unlessNewerThan) {
    for (; ; ) {
      long word = at.word(cell);
      if (HolderWord.frozen(word)) {
        return null;
      }
      boolean pooled = HolderWord.pooled(word);
      var set = pooled ? sets.get(HolderWord.handle(word)) : null;
      if (pooled && (set == null || set.key != key)) {
        continue;
      }
      if (set != null && set.closed) {
        unpool(at, cell, word, set);
        continue;
      }
      if (set != null ? !set.has(slot) : !HolderWord.has(word, slot)) {
        return Outcome.ABSENT;
      }
      if (unlessNewerThan >= 0 && HolderWord.newer(HolderWord.stamp(word), unlessNewerThan)) {
        return Outcome.TOUCHED;
      }
      if (set == null) {
        long rest = HolderWord.without(word, slot);
        if (at.replace(cell, word, rest)) {
          if (HolderWord.tombstone(rest)) {
            at.died(1);
          }
          return Outcome.REMOVED;
        }
      } else {
        var rest = set.without(slot);
        if (sets.replace(HolderWord.handle(word), set, rest)) {
          if (rest.closed) {
            unpool(at, cell, word, rest);
          }
          return Outcome.REMOVED;
        }
      }
    }
  }

  /** Notes the time of use; false when the word is another one by now. */
  private static boolean touch(Table at, int cell, long word, int stamp) {
    return HolderWord.stamp(word) == stamp
        || at.replace(cell, word, HolderWord.withStamp(word, stamp));
  }

  /** Puts the holders of a closed set back into the entry. */
  private void unpool(Table at, int cell, long word, HolderSet set) {
    if (set.size <= HolderWord.INLINE && at.replace(cell, word, set.word(HolderWord.stamp(word)))) {
      sets.free(HolderWord.handle(word));
    }
  }
}
