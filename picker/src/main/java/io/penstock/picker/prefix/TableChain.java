package io.penstock.picker.prefix;

import static java.util.Objects.requireNonNull;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The tables of a shard: one, or two while its cells move from one to the next. Thread-safe,
 * lock-free.
 *
 * <p>A table that is full moves to a next one, larger, smaller or as large, whatever fits its live
 * blocks; so the index grows without a pause, and tombstones go. Every writer that comes by moves
 * {@link #MOVED_PER_CALL} cells, and first of all the one it came for:
 *
 * <ol>
 *   <li>the word in the old cell is frozen, by compare-and-set: from then on it is constant;
 *   <li>it is written into the new cell if that was never written, which is so once;
 *   <li>the old word becomes {@link HolderWord#MOVED}.
 * </ol>
 *
 * <p>Each step may be done by several helpers, also by one who comes late: the first loses its
 * effect on a frozen word, the second on a written one, and the third decides who frees what was
 * dropped. Writers turn to the next table only when the old cell says moved, or is sealed, so
 * nothing is written beside a copy that is still to come; readers take the old word until it says
 * moved and then look in the next table. The next table becomes {@code table} when all cells are
 * moved, and only then may it move on itself.
 *
 * <p>Cost: a move copies about 0.72 of the cells for each 0.13 that were newly claimed, so six
 * sequential copies for a new block.
 */
final class TableChain {

  private static final int MOVED_PER_CALL = 512;

  /** Share of live blocks in a table that was just moved to. */
  private static final double COMFORTABLE = 0.72;

  private static final VarHandle TABLE;

  static {
    try {
      TABLE = MethodHandles.lookup().findVarHandle(TableChain.class, "table", Table.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final TableBudget budget;
  private final HolderSets sets;

  /** Oldest table that is not wholly moved. */
  private volatile Table table;

  TableChain(int cells, TableBudget budget, HolderSets sets) {
    this.budget = budget;
    this.sets = sets;
    this.table = new Table(cells, DropRule.NONE);
    budget.start(table.bytes());
  }

  /** Where to look first; on from there by {@link Table#next}. */
  Table oldest() {
    return table;
  }

  /**
   * Starts a move, or ends the one that leads to {@code at}; false when there is no room for it.
   */
  boolean makeRoom(Table at, int stamp) {
    var oldest = table;
    if (oldest != at) {
      var next = oldest.next();
      if (next != null) {
        moveAll(oldest, next);
      }
      return true;
    }
    if (at.next() != null) {
      return true;
    }
    int live = at.live();
    int wanted = Math.max((int) (live / COMFORTABLE) + 1, Table.MIN_CELLS);
    int cells = Math.min(wanted, Math.max(budget.shardCells, Table.MIN_CELLS));
    long bytes = Table.bytes(cells);
    if (!budget.reserve(bytes)) {
      return false;
    }
    var drop =
        wanted > cells ? DropRule.keeping((int) (cells * COMFORTABLE), at, stamp) : DropRule.NONE;
    if (!at.startMove(new Table(cells, drop))) {
      budget.release(bytes);
    }
    return true;
  }

  /** Does a share of a move. */
  void help(Table from, Table to) {
    int first = from.takeUp(MOVED_PER_CALL);
    if (first < from.cells) {
      int end = Math.min(first + MOVED_PER_CALL, from.cells);
      for (int cell = first; cell < end; cell++) {
        moveOrSeal(from, cell, to);
      }
      if (from.finish(end - first)) {
        promote(from, to);
      }
    } else if (table == from) {
      // Somebody is held up over the cells it took up; new blocks must not fill their place.
      moveAll(from, to);
    }
  }

  private void moveAll(Table from, Table to) {
    for (int cell = 0; cell < from.cells; cell++) {
      moveOrSeal(from, cell, to);
    }
    promote(from, to);
  }

  private void promote(Table from, Table to) {
    if (TABLE.compareAndSet(this, from, to)) {
      budget.release(from.bytes());
    }
  }

  private void moveOrSeal(Table from, int cell, Table to) {
    long key = from.key(cell);
    if (key == Table.EMPTY) {
      key = from.seal(cell);
    }
    if (key != Table.SEALED) {
      move(from, cell, to);
    }
  }

  /** Moves one cell that has a key; afterwards its word says moved. */
  void move(Table from, int cell, Table to) {
    long word = freeze(from, cell);
    if (word == HolderWord.MOVED) {
      return;
    }
    long thawed = HolderWord.thaw(word);
    if (HolderWord.tombstone(thawed)) {
      from.replace(cell, word, HolderWord.MOVED);
      return;
    }
    long key = from.key(cell);
    long hash = Table.hash(key);
    if (!to.drop.drops(hash, HolderWord.stamp(thawed))) {
      int target = to.claim(key, hash, true);
      if (target >= 0) {
        to.replace(target, 0, thawed);
      }
      if (from.replace(cell, word, HolderWord.MOVED)) {
        from.died(1);
      }
      return;
    }
    if (HolderWord.pooled(thawed)) {
      close(from, cell, word, HolderWord.handle(thawed));
    }
    if (from.replace(cell, word, HolderWord.MOVED)) {
      from.died(1);
      budget.dropped.increment();
      if (HolderWord.pooled(thawed)) {
        sets.free(HolderWord.handle(thawed));
      }
    }
  }

  private static long freeze(Table from, int cell) {
    for (; ; ) {
      long word = from.word(cell);
      if (HolderWord.frozen(word)) {
        return word;
      }
      long frozen = word == 0 ? HolderWord.MOVED : HolderWord.freeze(word);
      if (from.replace(cell, word, frozen)) {
        if (word == 0) {
          from.died(1);
        }
        return frozen;
      }
    }
  }

  /** Lets nobody join the set of a block that is being dropped. */
  private void close(Table from, int cell, long frozen, long handle) {
    for (; ; ) {
      var set = sets.get(handle);
      // While the word is the frozen one the handle is the block's, so the set just read is, too.
      if (from.word(cell) != frozen || requireNonNull(set).closed) {
        return;
      }
      if (sets.replace(handle, set, set.close())) {
        return;
      }
    }
  }
}
