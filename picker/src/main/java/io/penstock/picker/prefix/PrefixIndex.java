package io.penstock.picker.prefix;

import io.penstock.picker.request.KeyGrid;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;

/**
 * Which endpoints hold which blocks of prompt prefix. Thread-safe and lock-free; every event loop
 * matches and learns, one owner thread opens, forgets and drains slots.
 *
 * <p>An endpoint is named by its slot, a block by its chained 64-bit key and the key's place in its
 * chain. Deep in a prompt a key stands for several blocks ({@link KeyGrid}); capacities count
 * blocks, matches count keys.
 *
 * <p>Life of a slot: {@link #open} when an endpoint gets it; {@link #forget} when the endpoint goes
 * or has lost what it held; {@link #drain} until it says true; then the slot may be given to
 * another endpoint, or to the same again.
 *
 * <p>Life of a request: {@link #match}, pick, {@link #learn} on the picked slot (the reservation);
 * at the first byte {@link #confirm} (it puts back what somebody else unlearned meanwhile, and is
 * next to nothing otherwise); on a failure before that {@link #unlearn}.
 *
 * <p>Parts: {@link SlotRing} has the blocks of each endpoint in the order in which they came (8
 * bytes), {@link ShardMap} the holders of each block (16 bytes a cell, 0.75 to 0.85 of the cells in
 * use), where the end of a prompt that only one endpoint was given has one cell in all, its trail.
 * {@link Holdings} changes both, {@link DepthSearch} does the match, {@link Writes} sees to it that
 * one thread at a time changes anything. A change is made before its call returns, or by the thread
 * that is at it.
 *
 * <p>What always holds between changes: a slot that holds a block has the block in its ring. A
 * block in the ring that is not held is harmless: nothing happens when it is popped. The bounds may
 * lose a change, so that a block is held without being listed (a miss) or, once its request failed,
 * listed without being held; nothing else does.
 */
public final class PrefixIndex {

  /** Shards whose probe lengths the statistics look at. */
  private static final int STATS_SHARDS = 8;

  private final PrefixIndexConfig config;
  private final Rings rings;
  private final ShardMap shards;
  private final Holdings holdings;
  private final DepthSearch search;
  private final OpenSlots open;
  private final Writes writes = new Writes();

  /** By slot: forgotten and not drained. Of the owner. */
  private final boolean[] leaving;

  private final LongAdder verified = new LongAdder();
  private final LongAdder disagreements = new LongAdder();
  private volatile int stamp;

  /** An empty index in which every slot is closed. */
  public PrefixIndex(PrefixIndexConfig config) {
    this.config = config;
    this.rings = new Rings(config.slots());
    this.shards = new ShardMap(config, rings);
    this.holdings = new Holdings(config.slots(), shards, rings);
    this.search = new DepthSearch(shards, rings);
    this.open = new OpenSlots(config.slots());
    this.leaving = new boolean[config.slots()];
  }

  /** Working memory for one thread; {@code random} chooses the matches to verify. */
  public MatchScratch scratch(RandomGenerator random) {
    return new MatchScratch(config.slots(), random);
  }

  /**
   * Takes a slot into use, with nothing held; no effect when it is open already. Owner thread.
   *
   * @throws IllegalStateException when the slot was forgotten and is not drained yet
   */
  public void open(int slot) {
    if (open.isOpen(slot)) {
      return;
    }
    if (leaving[slot]) {
      throw new IllegalStateException("slot " + slot + " is opened before it is drained");
    }
    holdings.capacity(slot, config.defaultBlocks());
    open.open(slot);
  }

  /**
   * How many leading keys each candidate holds, all candidates at once.
   *
   * @param keys of a chain, the first one first; {@code count} of them count
   * @param slots candidates, each at most once; {@code slotCount} of them count
   * @param depth receives at {@code i} the number of keys, contiguous from key 0, that {@code
   *     slots[i]} holds; 0 for a slot that is not open
   */
  public void match(
      long[] keys, int count, int[] slots, int slotCount, int[] depth, MatchScratch scratch) {
    int words = DepthSearch.candidates(slots, slotCount, open, scratch);
    search.search(keys, count, words, scratch);
    for (int i = 0; i < slotCount; i++) {
      depth[i] = scratch.depth[slots[i]];
    }
    if (config.verifyOneIn() > 0 && scratch.random.nextInt(config.verifyOneIn()) == 0) {
      verify(keys, count, slots, slotCount, depth, scratch);
    }
  }

  /**
   * Notes that an endpoint holds the first {@code to} keys of a chain from now on, and that they
   * were used now. What exceeds the endpoint's capacity leaves, least lately used first, tails
   * before heads; what is in use may stay, up to a thirty-second above the capacity. No effect on a
   * slot that is not open.
   *
   * @param keys must not change any more
   */
  public Learned learn(int slot, long[] keys, int to) {
    var learned = new Learned(slot, keys, to);
    writes.run(() -> learned.first = learnNow(learned));
    return learned;
  }

  /** Learns again what was unlearned since; the endpoint has shown that it holds the blocks. */
  public void confirm(Learned learned) {
    writes.run(
        () -> {
          if (!holdings.isCurrent(learned)) {
            learnNow(learned);
          }
        });
  }

  /** Notes that an endpoint does not hold what was new to it with this chain. */
  public void unlearn(Learned learned) {
    writes.run(() -> unlearnNow(learned.slot, learned.keys, learned.first, learned.to));
  }

  /** Notes that an endpoint does not hold keys {@code from} to {@code to - 1} of a chain. */
  public void unlearn(int slot, long[] keys, int from, int to) {
    writes.run(() -> unlearnNow(slot, keys, from, to));
  }

  private int learnNow(Learned learned) {
    return open.isOpen(learned.slot) ? holdings.learn(learned, stamp) : learned.to;
  }

  private void unlearnNow(int slot, long[] keys, int from, int to) {
    if (open.isOpen(slot)) {
      holdings.unlearn(slot, keys, from, to);
    }
  }

  /**
   * Sets how many blocks an open slot's endpoint can hold, of which 134 million count. A smaller
   * number than before takes effect over the next calls of {@link #learn}.
   */
  public void capacity(int slot, int blocks) {
    holdings.capacity(slot, blocks);
  }

  /** Blocks that an endpoint is taken to hold now, those unlearned and not yet popped included. */
  public int blocks(int slot) {
    return open.isOpen(slot) ? holdings.blocks(slot) : 0;
  }

  /** Whether the next new blocks of that slot would push out others, to within a sixteenth. */
  public boolean full(int slot) {
    int capacity = holdings.capacity(slot);
    return blocks(slot) >= capacity - (capacity >> 4);
  }

  /** From now on the slot holds nothing and learns nothing. O(1). Owner thread. */
  public void forget(int slot) {
    leaving[slot] |= open.isOpen(slot);
    open.close(slot);
  }

  /**
   * Takes what is left of a forgotten slot out of the table. Owner thread.
   *
   * @param budget most blocks to take out in this call
   * @return true when nothing is left and the slot may be opened for another endpoint
   * @throws IllegalStateException when the slot is open
   */
  public boolean drain(int slot, int budget) {
    if (open.isOpen(slot)) {
      throw new IllegalStateException("slot " + slot + " is drained before it is forgotten");
    }
    if (!leaving[slot]) {
      return true;
    }
    if (!writes.begin()) {
      return false;
    }
    try {
      writes.catchUp();
      if (!writes.allMade() || !holdings.drain(slot, budget)) {
        return false;
      }
    } finally {
      writes.end();
    }
    leaving[slot] = false;
    return true;
  }

  /**
   * Advances the coarse time, about once a second, by which blocks count as used lately. Owner
   * thread.
   */
  public void tick(long coarseTime) {
    stamp = (int) coarseTime & HolderWord.STAMP_MASK;
    writes.settle();
  }

  /** What the index holds now. Reads every shard and slot, and a sample of the cells. */
  public IndexStats stats() {
    long entries = 0;
    long cells = 0;
    long tableBytes = 0;
    long dropped = 0;
    long refused = writes.givenUp();
    var probes = new ProbeStats();
    int step = Math.max(1, shards.size() / STATS_SHARDS);
    for (int i = 0; i < shards.size(); i++) {
      var shard = shards.shard(i);
      entries += shard.live();
      cells += shard.cells();
      tableBytes += shard.bytes();
      dropped += shard.dropped();
      refused += shard.refused();
      if (i % step == 0) {
        shard.addProbes(probes);
      }
    }
    return new IndexStats(
        entries + rings.following(),
        cells,
        tableBytes,
        shards.sets.bytes(),
        rings.bytes(),
        holdings.evictions(),
        dropped,
        refused,
        verified.sum(),
        disagreements.sum(),
        probes.mean(),
        probes.longest());
  }

  private void verify(
      long[] keys, int count, int[] slots, int slotCount, int[] depth, MatchScratch scratch) {
    int words = DepthSearch.candidates(slots, slotCount, open, scratch);
    search.walk(keys, count, words, scratch);
    verified.increment();
    for (int i = 0; i < slotCount; i++) {
      int walked = scratch.depth[slots[i]];
      if (walked != depth[i]) {
        depth[i] = walked;
        disagreements.increment();
      }
    }
  }
}
