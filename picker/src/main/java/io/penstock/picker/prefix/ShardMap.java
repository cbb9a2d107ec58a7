package io.penstock.picker.prefix;

import io.penstock.picker.request.KeyGrid;

/**
 * All shards: which block has which holders. One writer at a time, any number of readers.
 *
 * <p>A block is known here by the hash of its key: the high bits choose the shard, the low half the
 * cell, and the lowest five say for how many blocks of prompt it stands ({@link KeyGrid#level}).
 *
 * <p>Seven eighths of the bytes are for cells, shared out evenly to the shards, so that no shard
 * has to drop blocks that another keeps; the last eighth is the {@link HolderSets}'. While a shard
 * changes its size, the old cells of that one come on top.
 */
final class ShardMap {

  private static final int LEVEL_BITS = 5;
  private static final long LEVEL = (1 << LEVEL_BITS) - 1;
  private static final double INITIAL_LOAD = 0.7;
  private static final int SHARD_CELLS = 1 << 14;
  private static final int LEAST_SHARDS = 16;
  private static final int MOST_SHARDS = 1 << 16;
  private static final long HASH_OF_ZERO = 0x5DEECE66DL << LEVEL_BITS;

  final HolderSets sets;

  private final Shard[] shards;
  private final int shift;

  ShardMap(PrefixIndexConfig config) {
    long cellBytes = config.maxBytes() / 8 * 7;
    long wanted = Long.highestOneBit(cellBytes / 16 / SHARD_CELLS) << 1;
    int count = (int) Math.clamp(wanted, (long) LEAST_SHARDS, MOST_SHARDS);
    int most = Cells.within(cellBytes / count);
    this.sets = new HolderSets(config.maxBytes() / 8);
    this.shards = new Shard[count];
    this.shift = Long.SIZE - Integer.numberOfTrailingZeros(count);
    int cells = (int) Math.min(config.initialEntries() / INITIAL_LOAD / count, most);
    for (int i = 0; i < shards.length; i++) {
      shards[i] = new Shard(Math.max(cells, Cells.MIN), most, sets);
    }
  }

  /** Key {@code i} of a chain as the shards know it; never 0. */
  static long hash(long key, int i) {
    long hash = (key ^ (key >>> 32)) * 0x9E3779B97F4A7C15L;
    hash = (hash ^ (hash >>> 29)) * 0xBF58476D1CE4E5B9L & ~LEVEL;
    return (hash == 0 ? HASH_OF_ZERO : hash) | KeyGrid.level(i);
  }

  /** Blocks of prompt that a hash stands for. */
  static int blocks(long hash) {
    return 1 << (hash & LEVEL);
  }

  /** The slots of {@code in} that hold key {@code i}, into {@code out}; any thread. */
  void holders(long key, int i, long[] in, long[] out, int words) {
    long hash = hash(key, i);
    shard(hash).holders(hash, in, out, words);
  }

  /** Brings the home cell of a hash into the cache; the result is worth nothing. */
  long peek(long hash) {
    return shard(hash).peek(hash);
  }

  Shard.Outcome add(long hash, int slot, int stamp) {
    return shard(hash).add(hash, slot, stamp);
  }

  Shard.Outcome remove(long hash, int slot, int unlessNewerThan) {
    return shard(hash).remove(hash, slot, unlessNewerThan);
  }

  Shard shard(int i) {
    return shards[i];
  }

  int size() {
    return shards.length;
  }

  private Shard shard(long hash) {
    return shards[(int) (hash >>> shift)];
  }
}
