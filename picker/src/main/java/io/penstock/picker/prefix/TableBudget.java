package io.penstock.picker.prefix;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * The bytes of all tables, bounded, and what was given up for the bound. Thread-safe.
 *
 * <p>Three quarters of the bound are for tables at rest, shared out evenly to the shards, so that
 * no shard has to drop blocks that another keeps; an eighth is for the tables that shards are
 * moving to; the last eighth is the {@link HolderSets}'.
 */
final class TableBudget {

  private static final int SHARD_CELLS = 1 << 14;
  private static final int LEAST_SHARDS = 16;
  private static final int MOST_SHARDS = 1 << 16;

  /** Number of shards, a power of two. */
  final int shards;

  /** Most cells of a shard. */
  final int shardCells;

  final LongAdder dropped = new LongAdder();
  final LongAdder refused = new LongAdder();

  private final long maxTableBytes;
  private final AtomicLong tableBytes = new AtomicLong();

  TableBudget(long maxBytes) {
    long resting = maxBytes / 4 * 3;
    long wanted = resting / Table.CELL_BYTES / SHARD_CELLS;
    this.shards =
        (int) Math.clamp(Long.highestOneBit(wanted) << 1, (long) LEAST_SHARDS, MOST_SHARDS);
    this.shardCells =
        (int)
            Math.min((resting / shards - Table.bytes(0)) / Table.CELL_BYTES, Integer.MAX_VALUE / 2);
    this.maxTableBytes = maxBytes / 8 * 7;
  }

  boolean reserve(long bytes) {
    if (tableBytes.addAndGet(bytes) > maxTableBytes) {
      tableBytes.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  /** Counts a table that is there from the start. */
  void start(long bytes) {
    tableBytes.addAndGet(bytes);
  }

  void release(long bytes) {
    tableBytes.addAndGet(-bytes);
  }

  long tableBytes() {
    return tableBytes.get();
  }
}
