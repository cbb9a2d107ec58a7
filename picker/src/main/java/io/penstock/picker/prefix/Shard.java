package io.penstock.picker.prefix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * One part of the index: the holders of the blocks whose hash falls to it. One writer at a time,
 * any number of readers, who take no lock and make nobody wait.
 *
 * <p>Open addressing in cells of 16 bytes, hash and {@link HolderWord}, where every run of used
 * cells is in the order of the hashes' low halves: home cells grow with the hash, so a search ends
 * at the first larger one, held or not after 2 to 4 cells, and a removal closes its gap instead of
 * leaving a tombstone. Nothing piles up however many blocks come and go.
 *
 * <p>Readers. The change of a word is one write. An insertion or a removal that shifts cells makes
 * {@code version} odd before and even after; a reader that finds it odd, or another one afterwards,
 * searches again. A writer may be held up in between: after a few tries the reader believes what it
 * finds. Cells are copied before they are overwritten, so a block that is there is found at every
 * moment of a shift; only if the writer is held up within the copy of that very cell can the word
 * be its neighbour's, for this one read.
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

  static final int MIN_CELLS = 64;

  /** Share of used cells above which a shard gets more. */
  private static final double FULL = 0.85;

  /** Share of used cells in a table that was just made. */
  private static final double COMFORTABLE = 0.75;

  /** Share of used cells below which a shard gets fewer. */
  private static final double SPARSE = 0.3;

  private static final int TRIES = 8;

  private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle VERSION;

  static {
    try {
      VERSION = MethodHandles.lookup().findVarHandle(Shard.class, "version", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * The cells, and behind them some that take what the last run shifts over the end; the very last
   * one stays empty.
   */
  private static final class Table {
    final long[] words;
    final int cells;

    Table(int cells) {
      this.words = new long[2 * (cells + overrun(cells))];
      this.cells = cells;
    }

    private static int overrun(int cells) {
      return Math.min(128, 16 + cells / 64);
    }

    static long bytes(int cells) {
      return (cells + overrun(cells)) * 16L + 64;
    }

    /** Index of the word where a search for the hash begins. */
    int home(long hash) {
      return 2 * (int) (((hash & 0xFFFF_FFFFL) * cells) >>> 32);
    }

    int lastUsable() {
      return words.length - 4;
    }
  }

  private final HolderSets sets;
  private final int maxCells;
  private volatile Table table;
  private int version;
  private int live;
  private int limit;
  private long dropped;
  private long refused;

  /**
   * An empty shard.
   *
   * @param maxCells that it may grow to, at least {@link #MIN_CELLS}
   */
  Shard(int cells, int maxCells, HolderSets sets) {
    this.sets = sets;
    this.maxCells = maxCells;
    this.table = new Table(cells);
    this.limit = (int) (cells * FULL);
  }

  /** Cells such that {@code bytes} hold them. */
  static int cellsWithin(long bytes) {
    int cells = (int) Math.min(bytes / 16, 1 << 24);
    while (cells > MIN_CELLS && Table.bytes(cells) > bytes) {
      cells -= Math.max(1, cells / 64);
    }
    return Math.max(cells, MIN_CELLS);
  }

  /**
   * Which of a set of slots hold a block. Any thread.
   *
   * @param in bitmap of slots
   * @param out receives the slots of {@code in} that hold the block
   * @param words of both bitmaps
   */
  void holders(long hash, long[] in, long[] out, int words) {
    Arrays.fill(out, 0, words, 0);
    for (int tries = 0; tries < TRIES; tries++) {
      long word = read(hash);
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
      if (set != null && set.key == hash) {
        set.intersect(in, out, words);
        return;
      }
      // The cell has changed since its word was read: what it is now counts.
    }
  }

  /** The word of a block, 0 when nobody holds it. Any thread. */
  private long read(long hash) {
    for (int tries = 0; ; tries++) {
      int before = (int) VERSION.getAcquire(this);
      var at = table;
      int cell = find(at, hash);
      long word = cell < 0 ? 0 : (long) WORDS.getAcquire(at.words, cell + 1);
      VarHandle.loadLoadFence();
      if ((before & 1) == 0 && (int) VERSION.getOpaque(this) == before) {
        return word;
      }
      if (tries == TRIES) {
        return word;
      }
      Thread.onSpinWait();
    }
  }

  /** Index of the hash in the words, or the complement of where it would have to be put. */
  private static int find(Table in, long hash) {
    long[] words = in.words;
    int low = (int) hash;
    for (int at = in.home(hash); ; at += 2) {
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

  /** What is in the home cell of a hash, whatever it is: only that it was read matters. Writer. */
  long peek(long hash) {
    var at = table;
    return at.words[at.home(hash)];
  }

  /** Makes a slot a holder of a block, or notes that the block was used. Writer. */
  Outcome add(long hash, int slot, int stamp) {
    int cell = find(table, hash);
    if (cell < 0) {
      return insert(~cell, hash, HolderWord.with(0, slot, stamp), stamp);
    }
    long[] words = table.words;
    long word = words[cell + 1];
    if (HolderWord.pooled(word)) {
      return addPooled(words, cell, word, slot, stamp);
    }
    if (HolderWord.has(word, slot)) {
      return touch(words, cell, word, stamp);
    }
    if (HolderWord.count(word) < HolderWord.INLINE) {
      WORDS.setRelease(words, cell + 1, HolderWord.with(word, slot, stamp));
      return Outcome.ADDED;
    }
    int handle = sets.keep(HolderSet.of(hash, word, slot));
    if (handle < 0) {
      refused++;
      return Outcome.REFUSED;
    }
    WORDS.setRelease(words, cell + 1, HolderWord.pooled(handle, stamp));
    return Outcome.ADDED;
  }

  private Outcome addPooled(long[] words, int cell, long word, int slot, int stamp) {
    int handle = HolderWord.handle(word);
    var set = sets.get(handle);
    if (set == null || set.has(slot)) {
      return touch(words, cell, word, stamp);
    }
    if (!sets.replace(handle, set, set.with(slot))) {
      refused++;
      return Outcome.REFUSED;
    }
    touch(words, cell, word, stamp);
    return Outcome.ADDED;
  }

  /** Notes the time of use. */
  private static Outcome touch(long[] words, int cell, long word, int stamp) {
    if (HolderWord.stamp(word) != stamp) {
      WORDS.setRelease(words, cell + 1, HolderWord.withStamp(word, stamp));
    }
    return Outcome.HELD;
  }

  private Outcome insert(int cell, long hash, long word, int stamp) {
    if (live >= limit) {
      if (!resize((int) (live / COMFORTABLE) + 1, stamp)) {
        refused++;
        return Outcome.REFUSED;
      }
      cell = ~find(table, hash);
    }
    int gap = gap(cell);
    if (gap > table.lastUsable()) {
      // The last run is full to the end: another size spreads it.
      resize(table.cells + table.cells / 8, stamp);
      cell = ~find(table, hash);
      gap = gap(cell);
      if (gap > table.lastUsable()) {
        refused++;
        return Outcome.REFUSED;
      }
    }
    long[] words = table.words;
    if (gap == cell) {
      words[cell + 1] = word;
      WORDS.setRelease(words, cell, hash);
    } else {
      beginShift();
      System.arraycopy(words, cell, words, cell + 2, gap - cell);
      words[cell] = hash;
      words[cell + 1] = word;
      endShift();
    }
    live++;
    return Outcome.ADDED;
  }

  /** The first empty cell from there on. */
  private int gap(int cell) {
    int gap = cell;
    while (table.words[gap] != 0) {
      gap += 2;
    }
    return gap;
  }

  /**
   * Takes a slot out of a block's holders. Writer.
   *
   * @param unlessNewerThan stamp; when the block was used after it, the slot stays. -1: never stays
   */
  Outcome remove(long hash, int slot, int unlessNewerThan) {
    int cell = find(table, hash);
    if (cell < 0) {
      return Outcome.ABSENT;
    }
    long[] words = table.words;
    long word = words[cell + 1];
    var set = HolderWord.pooled(word) ? sets.get(HolderWord.handle(word)) : null;
    if (set != null ? !set.has(slot) : !HolderWord.has(word, slot)) {
      return Outcome.ABSENT;
    }
    if (unlessNewerThan >= 0 && HolderWord.newer(HolderWord.stamp(word), unlessNewerThan)) {
      return Outcome.TOUCHED;
    }
    if (set != null) {
      removePooled(words, cell, word, set, slot);
      return Outcome.REMOVED;
    }
    long rest = HolderWord.without(word, slot);
    if (HolderWord.count(rest) > 0) {
      WORDS.setRelease(words, cell + 1, rest);
    } else {
      delete(cell);
    }
    return Outcome.REMOVED;
  }

  private void removePooled(long[] words, int cell, long word, HolderSet set, int slot) {
    int handle = HolderWord.handle(word);
    var rest = set.without(slot);
    if (rest.fitsWord()) {
      WORDS.setRelease(words, cell + 1, rest.word(HolderWord.stamp(word)));
      sets.free(handle, set);
    } else {
      sets.shrink(handle, set, rest);
    }
  }

  private void delete(int cell) {
    long[] words = table.words;
    int end = cell + 2;
    while (words[end] != 0 && table.home(words[end]) < end) {
      end += 2;
    }
    if (end == cell + 2) {
      WORDS.setRelease(words, cell, 0L);
    } else {
      beginShift();
      System.arraycopy(words, cell + 2, words, cell, end - cell - 2);
      words[end - 2] = 0;
      endShift();
    }
    live--;
    if (live < table.cells * SPARSE && table.cells > MIN_CELLS) {
      resize((int) (live / COMFORTABLE) + 1, 0);
    }
  }

  private void beginShift() {
    VERSION.setOpaque(this, version + 1);
    VarHandle.storeStoreFence();
  }

  private void endShift() {
    VERSION.setRelease(this, version + 1);
  }

  /**
   * Moves to a table that fits the live blocks; where the bound does not allow that, the least
   * lately used stay behind. At most 16 thousand cells, about 50 µs.
   */
  private boolean resize(int wantedCells, int stamp) {
    int wanted = Math.max(wantedCells, MIN_CELLS);
    int cells = Math.min(wanted, maxCells);
    var drop =
        live > cells * COMFORTABLE + 1
            ? DropRule.keeping((int) (cells * COMFORTABLE), table.words, live, stamp)
            : DropRule.NONE;
    var from = table;
    var to = new Table(cells);
    int next = 0;
    for (int cell = 0; cell < from.words.length; cell += 2) {
      long hash = from.words[cell];
      if (hash == 0) {
        continue;
      }
      long word = from.words[cell + 1];
      int at = Math.max(next, to.home(hash));
      if (at > to.lastUsable() || drop.drops(hash, HolderWord.stamp(word))) {
        drop(word);
        continue;
      }
      to.words[at] = hash;
      to.words[at + 1] = word;
      next = at + 2;
    }
    limit = (int) (cells * FULL);
    table = to;
    return live < limit;
  }

  private void drop(long word) {
    live--;
    dropped++;
    if (HolderWord.pooled(word)) {
      int handle = HolderWord.handle(word);
      var set = sets.get(handle);
      if (set != null) {
        sets.free(handle, set);
      }
    }
  }

  /** Blocks with a holder. */
  int live() {
    return live;
  }

  /** Cells, used or not. */
  int cells() {
    return table.cells;
  }

  long bytes() {
    return Table.bytes(table.cells);
  }

  /** Blocks that left because the bytes were used up. */
  long dropped() {
    return dropped;
  }

  /** Changes that found no room. */
  long refused() {
    return refused;
  }

  /** Adds up how many cells a search for each held block looks at. */
  void addProbes(ProbeStats stats) {
    var at = table;
    for (int cell = 0; cell < at.words.length; cell += 2) {
      long hash = (long) WORDS.getAcquire(at.words, cell);
      if (hash != 0) {
        stats.add(1 + (cell - at.home(hash)) / 2);
      }
    }
  }

  /** Probe lengths of a sample. */
  static final class ProbeStats {
    private long blocks;
    private long probes;
    private int longest;

    private void add(int needed) {
      blocks++;
      probes += needed;
      longest = Math.max(longest, needed);
    }

    double mean() {
      return blocks == 0 ? 0 : (double) probes / blocks;
    }

    int longest() {
      return longest;
    }
  }
}
