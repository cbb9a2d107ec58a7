package io.penstock.picker.prefix;

/**
 * All shards: which block has which holders. Thread-safe, as its shards are.
 *
 * <p>Keys 0 and -1 have a meaning in a table; a block with such a key (one in 2^63) is kept under
 * another.
 */
final class ShardMap {

  private static final double INITIAL_LOAD = 0.7;

  final TableBudget budget;
  final HolderSets sets;

  private final Shard[] shards;
  private final int shift;

  ShardMap(PrefixIndexConfig config) {
    this.budget = new TableBudget(config.maxBytes());
    this.sets = new HolderSets(config.maxBytes() / 8);
    this.shards = new Shard[budget.shards];
    this.shift = Long.SIZE - Integer.numberOfTrailingZeros(budget.shards);
    double cells = config.initialEntries() / INITIAL_LOAD / budget.shards;
    for (int i = 0; i < shards.length; i++) {
      // Staggered, so that not all move at the same time.
      double staggered = cells * (1 + 0.2 * i / shards.length);
      int bounded = (int) Math.min(staggered, budget.shardCells);
      shards[i] = new Shard(Math.max(bounded, Table.MIN_CELLS), budget, sets);
    }
  }

  /** A block's key as the tables know it. */
  static long stored(long key) {
    return key == Table.EMPTY || key == Table.SEALED ? key ^ 0x5DEECE66DL : key;
  }

  void holders(long key, long[] in, long[] out, int words) {
    long stored = stored(key);
    long hash = Table.hash(stored);
    shard(hash).holders(stored, hash, in, out, words);
  }

  Shard.Outcome add(long stored, int slot, int stamp) {
    long hash = Table.hash(stored);
    return shard(hash).add(stored, hash, slot, stamp);
  }

  Shard.Outcome remove(long stored, int slot, int unlessNewerThan) {
    long hash = Table.hash(stored);
    return shard(hash).remove(stored, hash, slot, unlessNewerThan);
  }

  /** Tables that are in use; those that are being moved from, not to. */
  Table table(int shard) {
    return shards[shard].table();
  }

  int size() {
    return shards.length;
  }

  private Shard shard(long hash) {
    return shards[(int) (hash >>> shift)];
  }
}
