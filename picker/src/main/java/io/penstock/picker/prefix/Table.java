package io.penstock.picker.prefix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * One generation of a shard's cells: open addressing, linear probing, 16 bytes a cell.
 *
 * <p>A key, once written into a cell, stays there for the life of the table, and all inserters of a
 * key compete for the same first empty cell: so a key is in a table at most once, and a word of
 * holders that was read always belongs to the key that was read. Tombstones are used again by their
 * own key; other keys reclaim them when the shard moves to the next table ({@link Shard}).
 *
 * <p>Ordering. Keys and words are read with acquire and written by compare-and-set (both sides of a
 * release). {@code next} is volatile and set before the first word is frozen or the first empty
 * cell sealed, so who sees a frozen word or a sealed cell also sees {@code next}. {@code used} and
 * {@code dead} are counts for sizing; being off by as many as there are threads does no harm.
 */
final class Table {

  /** Least number of cells. */
  static final int MIN_CELLS = 64;

  /** A new key is refused a cell above this share of used cells, and the shard moves on. */
  static final double FULL = 0.85;

  static final int CELL_BYTES = 2 * Long.BYTES;

  /** Outcomes of {@link #claim} that are no cell. */
  static final int NO_ROOM = -1;

  static final int IS_SEALED = -2;

  static final long EMPTY = 0;
  static final long SEALED = -1;

  private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle USED;
  private static final VarHandle DEAD;
  private static final VarHandle CURSOR;
  private static final VarHandle FINISHED;
  private static final VarHandle NEXT;

  static {
    try {
      var lookup = MethodHandles.lookup();
      USED = lookup.findVarHandle(Table.class, "used", int.class);
      DEAD = lookup.findVarHandle(Table.class, "dead", int.class);
      CURSOR = lookup.findVarHandle(Table.class, "cursor", int.class);
      FINISHED = lookup.findVarHandle(Table.class, "finished", int.class);
      NEXT = lookup.findVarHandle(Table.class, "next", Table.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final int cells;

  /** What the move into this table leaves behind. */
  final DropRule drop;

  private final long[] words;
  private final int limit;
  private volatile int used;
  private volatile int dead;

  /** First cell that nobody has taken up to move, and number of cells that are moved. */
  private volatile int cursor;

  @SuppressWarnings("UnusedVariable") // by FINISHED
  private volatile int finished;

  private volatile @Nullable Table next;

  Table(int cells, DropRule drop) {
    this.cells = cells;
    this.drop = drop;
    this.words = new long[2 * cells];
    this.limit = (int) (cells * FULL);
  }

  /** Spreads a key's bits; the low half chooses the cell, the high bits the shard. */
  static long hash(long key) {
    long hash = (key ^ (key >>> 32)) * 0x9E3779B97F4A7C15L;
    return (hash ^ (hash >>> 29)) * 0xBF58476D1CE4E5B9L;
  }

  /** The cell of a key, -1 when it is not here. */
  int find(long key, long hash) {
    int cell = home(hash);
    for (int probes = 0; probes < cells; probes++) {
      long found = key(cell);
      if (found == key) {
        return cell;
      }
      if (found == EMPTY || found == SEALED) {
        return -1;
      }
      cell = after(cell);
    }
    return -1;
  }

  /** The cell of a key, taken for it when it is not here. */
  int claim(long key, long hash, boolean copying) {
    int cell = home(hash);
    for (int probes = 0; probes < cells; probes++) {
      long found = key(cell);
      if (found == EMPTY) {
        if (!copying && used >= limit) {
          return NO_ROOM;
        }
        found = (long) WORDS.compareAndExchange(words, 2 * cell, EMPTY, key);
        if (found == EMPTY) {
          USED.getAndAdd(this, 1);
          return cell;
        }
      }
      if (found == key) {
        return cell;
      }
      if (found == SEALED) {
        return IS_SEALED;
      }
      cell = after(cell);
    }
    return NO_ROOM;
  }

  /**
   * Sees to it that a key which is not here will not come: the empty cell where it would be put is
   * sealed.
   *
   * @return its cell when it is here, else -1
   */
  int findOrSeal(long key, long hash) {
    int cell = home(hash);
    for (int probes = 0; probes < cells; probes++) {
      long found = key(cell);
      if (found == EMPTY) {
        found = seal(cell);
      }
      if (found == key) {
        return cell;
      }
      if (found == SEALED) {
        return -1;
      }
      cell = after(cell);
    }
    return -1;
  }

  /** Seals a cell that is empty; what is in it afterwards. */
  long seal(int cell) {
    long found = (long) WORDS.compareAndExchange(words, 2 * cell, EMPTY, SEALED);
    return found == EMPTY ? SEALED : found;
  }

  long key(int cell) {
    return (long) WORDS.getAcquire(words, 2 * cell);
  }

  long word(int cell) {
    return (long) WORDS.getAcquire(words, 2 * cell + 1);
  }

  boolean replace(int cell, long from, long to) {
    return WORDS.compareAndSet(words, 2 * cell + 1, from, to);
  }

  /** Notes that a block lost its last holder or moved away (1), or found a holder again (-1). */
  void died(int more) {
    DEAD.getAndAdd(this, more);
  }

  int live() {
    return Math.max(0, used - dead);
  }

  int tombstones() {
    return Math.max(0, dead);
  }

  @Nullable Table next() {
    return next;
  }

  boolean startMove(Table to) {
    return NEXT.compareAndSet(this, null, to);
  }

  /** Takes up {@code count} cells to move; the first of them, {@code cells} or more: none left. */
  int takeUp(int count) {
    return cursor >= cells ? cells : (int) CURSOR.getAndAdd(this, count);
  }

  /** Notes that cells were moved; true when these were the last. */
  boolean finish(int count) {
    return (int) FINISHED.getAndAdd(this, count) + count == cells;
  }

  long bytes() {
    return bytes(cells);
  }

  static long bytes(int cells) {
    return (long) cells * CELL_BYTES + 64;
  }

  /** Cells looked at to find the key that is in this cell. */
  int probes(int cell) {
    int distance = cell - home(hash(key(cell)));
    return 1 + (distance < 0 ? distance + cells : distance);
  }

  private int home(long hash) {
    return (int) (((hash & 0xFFFF_FFFFL) * cells) >>> 32);
  }

  private int after(int cell) {
    return cell + 1 == cells ? 0 : cell + 1;
  }
}
