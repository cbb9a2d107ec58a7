package io.penstock.picker.prefix;

import io.penstock.picker.request.KeyGrid;

/**
 * All shards: which block has which holders. One writer at a time, any number of readers.
 *
 * <p>A block is known here by the hash of its key: the high bits choose the shard, the low half the
 * cell, and the lowest five say for how many blocks of prompt it stands ({@link KeyGrid#level}).
 * The sixth is 0; {@link SlotRing} uses it.
 *
 * <p>Seven eighths of the bytes are for cells, shared out evenly to the shards, so that no shard
 * has to drop blocks that another keeps; the last eighth is the {@link HolderSets}'. While a shard
 * changes its size, the old cells of that one come on top.
 */
final class ShardMap {

  private static final int LEVEL_BITS = 5;
  private static final long LEVEL = (1 << LEVEL_BITS) - 1;
  private static final int LOW_BITS = LEVEL_BITS + 1;

  /** The bit of a hash that is always 0. */
  static final long FREE_BIT = 1 << LEVEL_BITS;

  /** The bits of a hash that do not come from the key; the others are never all 0. */
  static final long LOW = (1 << LOW_BITS) - 1;

  private static final double INITIAL_LOAD = 0.7;
  private static final int SHARD_CELLS = 1 << 14;
  private static final int LEAST_SHARDS = 16;
  private static final int MOST_SHARDS = 1 << 16;
  private static final long HASH_OF_ZERO = 0x5DEECE66DL << LOW_BITS;

  final HolderSets sets;

  private final Shard[] shards;
  private final int shift;

  ShardMap(PrefixIndexConfig config, Rings rings) {
    long cellBytes = config.maxBytes() / 8 * 7;
    long wanted = Long.highestOneBit(cellBytes / 16 / SHARD_CELLS) << 1;
    int count = (int) Math.clamp(wanted, (long) LEAST_SHARDS, MOST_SHARDS);
    int most = Cells.within(cellBytes / count);
    this.sets = new HolderSets(config.maxBytes() / 8);
    this.shards = new Shard[count];
    this.shift = Long.SIZE - Integer.numberOfTrailingZeros(count);
    int cells = (int) Math.min(config.initialEntries() / INITIAL_LOAD / count, most);
    for (int i = 0; i < shards.length; i++) {
      shards[i] = new Shard(Math.max(cells, Cells.MIN), most, sets, rings);
    }
  }

  /** Key {@code i} of a chain as the shards know it; never 0. */
  static long hash(long key, int i) {
    long hash = (key ^ (key >>> 32)) * 0x9E3779B97F4A7C15L;
    hash = (hash ^ (hash >>> 29)) * 0xBF58476D1CE4E5B9L & ~LOW;
    return (hash == 0 ? HASH_OF_ZERO : hash) | KeyGrid.level(i);
  }

  /** Blocks of prompt that a hash stands for. */
  static int blocks(long hash) {
    return 1 << (hash & LEVEL);
  }

  /** See {@link Shard#holders}; any thread. */
  long holders(long hash, long[] in, long[] out, int words) {
    return shard(hash).holders(hash, in, out, words);
  }

  /** The word of a block's cell, 0 when it has none; any thread. */
  long word(long hash) {
    return shard(hash).read(hash);
  }

  /** Whether a block's word, which begins no trail, names a slot; any thread. */
  boolean names(long word, long hash, int slot) {
    if (!HolderWord.pooled(word)) {
      return HolderWord.position(word, slot) >= 0;
    }
    var set = sets.get(HolderWord.handle(word));
    return set != null && set.key == hash && set.has(slot);
  }

  /** See {@link Shard#peek}; it brings the cell into the cache. Writer. */
  long peek(long hash) {
    return shard(hash).peek(hash);
  }

  Outcome use(long hash, int slot, int stamp) {
    return shard(hash).use(hash, slot, stamp);
  }

  Outcome add(long hash, int slot, int stamp) {
    return shard(hash).add(hash, slot, stamp);
  }

  boolean addTrail(long hash, long trail) {
    return shard(hash).addTrail(hash, trail);
  }

  void endTrail(long hash, long with) {
    shard(hash).endTrail(hash, with);
  }

  Outcome remove(long hash, int slot, int position, int unlessNewerThan) {
    return shard(hash).remove(hash, slot, position, unlessNewerThan);
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
