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
 * <p>Readers. The change of a word is one write. A removal, or an insertion that shifts cells,
 * makes {@code version} odd before and even after; a reader that finds it odd, or another one
 * afterwards, searches again. A writer may be held up in between: after a few tries the reader
 * believes what it finds. Cells are copied before they are overwritten, so a block that is there is
 * found at every moment of a shift; only if the writer is held up within the copy of that very cell
 * can the word be its neighbour's, for this one read.
 */
final class Shard {

  /** Share of used cells above which a shard gets more. */
  private static final double FULL = 0.85;

  /** Share of used cells in a table that was just made. */
  private static final double COMFORTABLE = 0.75;

  /** Share of used cells where some had to leave: few at a time, since trails leave whole. */
  private static final double KEPT = 0.83;

  /** Share of used cells below which a shard gets fewer. */
  private static final double SPARSE = 0.3;

  /** Cells not worth shrinking: a small shard's number of blocks changes by chance all the time. */
  private static final int SMALL = 4 * Cells.MIN;

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

  private final HolderSets sets;
  private final Rings rings;
  private final int maxCells;
  private volatile Cells table;
  private int version;
  private int live;
  private int limit;
  private int turn;
  private long dropped;
  private long refused;

  /**
   * An empty shard.
   *
   * @param maxCells that it may grow to, at least {@link Cells#MIN}
   */
  Shard(int cells, int maxCells, HolderSets sets, Rings rings) {
    this.sets = sets;
    this.rings = rings;
    this.maxCells = maxCells;
    this.table = new Cells(cells);
    this.limit = (int) (cells * FULL);
  }

  /**
   * Which of a set of slots hold a block. Any thread.
   *
   * @param in bitmap of slots
   * @param out receives the slots of {@code in} that hold the block
   * @param words of both bitmaps
   * @return the block's word where it begins a trail, and then {@code out} is empty; else 0
   */
  long holders(long hash, long[] in, long[] out, int words) {
    Arrays.fill(out, 0, words, 0);
    for (int tries = 0; tries < TRIES; tries++) {
      long word = read(hash);
      if (HolderWord.isTrail(word)) {
        return word;
      }
      if (!HolderWord.pooled(word)) {
        HolderWord.intersect(word, in, out, words);
        return 0;
      }
      var set = sets.get(HolderWord.handle(word));
      if (set != null && set.key == hash) {
        set.intersect(in, out, words);
        return 0;
      }
      // The cell has changed since its word was read: what it is now counts.
    }
    return 0;
  }

  /** The word of a block, 0 when it has no cell. Any thread. */
  long read(long hash) {
    for (int tries = 0; ; tries++) {
      int before = (int) VERSION.getAcquire(this);
      var at = table;
      int cell = at.find(hash);
      long word = cell < 0 ? 0 : at.word(cell);
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

  /** The hash in the cell where a search for that one begins; 0: the block has no cell. Writer. */
  long peek(long hash) {
    return table.words[table.home(hash)];
  }

  /** Makes a slot a holder of a block, which gets a cell if it has none. Writer. */
  Outcome add(long hash, int slot, int stamp) {
    int cell = table.find(hash);
    return cell < 0
        ? insert(~cell, hash, HolderWord.with(0, slot, stamp), stamp)
        : use(cell, hash, slot, stamp);
  }

  /**
   * Makes a slot a holder of a block that has a cell, or notes that it has used it; no effect on
   * one that has none, or begins a trail. Writer.
   */
  Outcome use(long hash, int slot, int stamp) {
    int cell = table.find(hash);
    return cell < 0 ? Outcome.ABSENT : use(cell, hash, slot, stamp);
  }

  private Outcome use(int cell, long hash, int slot, int stamp) {
    long[] words = table.words;
    long word = words[cell + 1];
    if (HolderWord.isTrail(word)) {
      return Outcome.TRAIL;
    }
    if (HolderWord.pooled(word)) {
      return addPooled(words, cell, word, slot, stamp);
    }
    int position = HolderWord.position(word, slot);
    if (position >= 0) {
      note(words, cell, word, HolderWord.withStamp(HolderWord.use(word, position), stamp));
      return Outcome.HELD;
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

  /**
   * Gives a block that has no cell one that begins a trail; false when there is no room. Writer.
   */
  boolean addTrail(long hash, long trail) {
    int cell = table.find(hash);
    return cell < 0 && insert(~cell, hash, trail, HolderWord.stamp(trail)) == Outcome.ADDED;
  }

  /**
   * Ends a trail at its first block; what lies behind it is the caller's. Writer.
   *
   * @param with the word that the block has then, 0 for none
   */
  void endTrail(long hash, long with) {
    int cell = table.find(hash);
    if (cell < 0 || !HolderWord.isTrail(table.words[cell + 1])) {
      return;
    }
    if (with != 0) {
      WORDS.setRelease(table.words, cell + 1, with);
    } else {
      delete(cell);
    }
  }

  private Outcome addPooled(long[] words, int cell, long word, int slot, int stamp) {
    int handle = HolderWord.handle(word);
    var set = sets.named(handle);
    var outcome = Outcome.HELD;
    if (set.has(slot)) {
      set.use(slot);
    } else if (sets.replace(handle, set, set.with(slot))) {
      outcome = Outcome.ADDED;
    } else {
      refused++;
      return Outcome.REFUSED;
    }
    note(words, cell, word, HolderWord.withStamp(word, stamp));
    return outcome;
  }

  /** Changes a word only if that makes a difference: most uses in a second find it as it is. */
  private static void note(long[] words, int cell, long before, long after) {
    if (after != before) {
      WORDS.setRelease(words, cell + 1, after);
    }
  }

  private Outcome insert(int cell, long hash, long word, int stamp) {
    if (live >= limit) {
      if (!resize((int) (live / COMFORTABLE) + 1, stamp)) {
        refused++;
        return Outcome.REFUSED;
      }
      cell = ~table.find(hash);
    }
    int gap = table.gap(cell);
    if (gap > table.lastUsable()) {
      // The last run is full to the end: another size spreads it.
      resize(table.count + table.count / 8, stamp);
      cell = ~table.find(hash);
      gap = table.gap(cell);
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

  /**
   * Takes a slot out of a block's holders. Writer.
   *
   * @param position in the slot's ring; only a trail that begins there ends, behind which nothing
   *     is left by then
   * @param unlessNewerThan stamp; when the slot has used the block and the last use of the block
   *     was after the stamp, the slot stays, as one that has not used it. -1: never stays
   */
  Outcome remove(long hash, int slot, int position, int unlessNewerThan) {
    int cell = table.find(hash);
    if (cell < 0) {
      return Outcome.ABSENT;
    }
    long[] words = table.words;
    long word = words[cell + 1];
    if (HolderWord.isTrail(word)) {
      if (HolderWord.trailSlot(word) != slot || HolderWord.trailPosition(word) != position) {
        return Outcome.ABSENT;
      }
      delete(cell);
      return Outcome.REMOVED;
    }
    boolean late =
        unlessNewerThan >= 0 && HolderWord.newer(HolderWord.stamp(word), unlessNewerThan);
    if (HolderWord.pooled(word)) {
      var set = sets.named(HolderWord.handle(word));
      if (!set.has(slot)) {
        return Outcome.ABSENT;
      }
      if (late && set.used(slot)) {
        set.unuse(slot);
        return Outcome.TOUCHED;
      }
      removePooled(words, cell, word, set, slot);
      return Outcome.REMOVED;
    }
    int named = HolderWord.position(word, slot);
    if (named < 0) {
      return Outcome.ABSENT;
    }
    if (late && HolderWord.used(word, named)) {
      WORDS.setRelease(words, cell + 1, HolderWord.unuse(word, named));
      return Outcome.TOUCHED;
    }
    long rest = HolderWord.without(word, named);
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
    beginShift();
    System.arraycopy(words, cell + 2, words, cell, end - cell - 2);
    words[end - 2] = 0;
    endShift();
    live--;
    if (live < table.count * SPARSE && table.count > SMALL) {
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
   * lately used stay behind. At most 16 thousand cells: 50 µs, and 200 where long trails leave.
   */
  private boolean resize(int wantedCells, int stamp) {
    int cells = Math.min(Math.max(wantedCells, Cells.MIN), maxCells);
    var drop =
        live > cells * COMFORTABLE + 1
            ? DropRule.keeping((int) (cells * KEPT), table.words, live, stamp, turn++)
            : DropRule.NONE;
    var to = new Cells(cells);
    table.copyTo(to, drop, this::drop);
    limit = (int) (cells * FULL);
    table = to;
    return live < limit;
  }

  private void drop(long word) {
    live--;
    dropped++;
    if (HolderWord.pooled(word)) {
      int handle = HolderWord.handle(word);
      sets.free(handle, sets.named(handle));
    } else if (HolderWord.isTrail(word)) {
      dropped += rings.lost(word);
    }
  }

  /** Blocks with a holder. */
  int live() {
    return live;
  }

  /** Cells, used or not. */
  int cells() {
    return table.count;
  }

  long bytes() {
    return Cells.bytes(table.count);
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
    table.addProbes(stats);
  }
}
