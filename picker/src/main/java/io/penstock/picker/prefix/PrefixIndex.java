package io.penstock.picker.prefix;

import io.penstock.picker.request.KeyGrid;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Which endpoints hold which blocks of prompt prefix. Thread-safe and lock-free; every event loop
 * matches and learns, one owner thread opens, forgets and drains slots.
 *
 * <p>An endpoint is named by its slot, a block by its chained 64-bit key and the key's place in its
 * chain. Deep in a prompt a key stands for several blocks ({@link KeyGrid}); capacities count
 * blocks, matches count keys.
 *
 * <p>Life of a slot: {@link #open} when an endpoint gets it; {@link #forget} when the endpoint
 * goes; {@link #drain} until it says true; then the slot may be given to another endpoint.
 *
 * <p>Life of a request: {@link #match}, pick, {@link #learn} on the picked slot (the reservation);
 * at the first byte {@link #confirm} (it puts back what somebody else unlearned meanwhile, and is
 * next to nothing otherwise); on a failure before that {@link #unlearn}.
 *
 * <p>Parts: {@link ShardMap} has the holders of each block (16 bytes a cell, 0.75 to 0.85 of the
 * cells in use), {@link SlotRing} the blocks of each endpoint in the order in which they came (8
 * bytes), {@link DepthSearch} does the match, {@link Writes} sees to it that one thread at a time
 * changes any of it. A change is made before its call returns, or by the thread that is at it.
 *
 * <p>What always holds between changes: a slot that holds a block has the block in its ring. A
 * block in the ring that is not held is harmless: nothing happens when it is popped. The bounds may
 * lose a change, so that a block is held without being listed (a miss) or, once its request failed,
 * listed without being held; nothing else does.
 */
public final class PrefixIndex {

  /** Pops for a call of {@link #learn}, beyond a multiple of what it pushed. */
  private static final int POPS = 256;

  /** Which part of its capacity a ring may exceed it by while what would leave is in use. */
  private static final int SLACK = 32;

  /** Blocks whose cells are read ahead of their change: 4 KiB of cells, well within a cache. */
  private static final int AHEAD = 64;

  /** Shards whose probe lengths the statistics look at. */
  private static final int STATS_SHARDS = 8;

  private final PrefixIndexConfig config;
  private final ShardMap shards;
  private final DepthSearch search;
  private final OpenSlots open;
  private final Writes writes = new Writes();

  /** By slot; null where nothing was learned yet. Of the writer. */
  private final @Nullable SlotRing[] rings;

  private final long[] unlearns;

  /** By slot: forgotten and not drained. Of the owner. */
  private final boolean[] leaving;

  private final AtomicIntegerArray capacities;

  /** By slot: blocks in its ring, for readers of many slots. */
  private final AtomicIntegerArray held;

  private final LongAdder evictions = new LongAdder();
  private final LongAdder verified = new LongAdder();
  private final LongAdder disagreements = new LongAdder();
  private final long[] oldest = new long[AHEAD];
  private volatile int stamp;

  /** Written so that the compiler keeps the reads of {@link #readAhead}. */
  @SuppressWarnings("UnusedVariable")
  private long readAhead;

  /** An empty index in which every slot is closed. */
  public PrefixIndex(PrefixIndexConfig config) {
    this.config = config;
    this.shards = new ShardMap(config);
    this.search = new DepthSearch(shards);
    this.open = new OpenSlots(config.slots());
    this.rings = new SlotRing[config.slots()];
    this.unlearns = new long[config.slots()];
    this.leaving = new boolean[config.slots()];
    this.capacities = new AtomicIntegerArray(config.slots());
    this.held = new AtomicIntegerArray(config.slots());
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
    capacities.setOpaque(slot, config.defaultBlocks());
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
          if (learned.unlearns != unlearns[learned.slot]) {
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
    int slot = learned.slot;
    if (!open.isOpen(slot)) {
      return learned.to;
    }
    var ring = rings[slot];
    if (ring == null) {
      ring = new SlotRing();
      rings[slot] = ring;
    }
    int now = stamp;
    int first = learned.to;
    int pushed = 0;
    int readFrom = learned.to;
    for (int i = learned.to - 1; i >= 0; i--) {
      if (i < readFrom) {
        readFrom = Math.max(0, readFrom - AHEAD);
        readAhead(learned.keys, readFrom, i + 1);
      }
      long hash = ShardMap.hash(learned.keys[i], i);
      if (shards.add(hash, slot, now) == Shard.Outcome.ADDED) {
        ring.push(hash, now);
        first = i;
        pushed += ShardMap.blocks(hash);
      }
    }
    trim(slot, ring, pushed, now);
    held.setOpaque(slot, ring.blocks());
    learned.unlearns = unlearns[slot];
    return first;
  }

  /**
   * Reads the cells of blocks that are about to change. They lie anywhere in memory, and a change
   * would wait for each; reads that depend on nothing overlap.
   */
  private void readAhead(long[] keys, int from, int to) {
    long sum = 0;
    for (int i = from; i < to; i++) {
      sum += shards.peek(ShardMap.hash(keys[i], i));
    }
    readAhead = sum;
  }

  private void unlearnNow(int slot, long[] keys, int from, int to) {
    if (!open.isOpen(slot) || from >= to) {
      return;
    }
    unlearns[slot]++;
    for (int i = to - 1; i >= from; i--) {
      var _ = shards.remove(ShardMap.hash(keys[i], i), slot, -1);
    }
  }

  /**
   * Sets how many blocks an open slot's endpoint can hold. A smaller number than before takes
   * effect over the next calls of {@link #learn}.
   */
  public void capacity(int slot, int blocks) {
    capacities.setOpaque(slot, Math.max(1, blocks));
  }

  /** Blocks that an endpoint is taken to hold now, those unlearned and not yet popped included. */
  public int blocks(int slot) {
    return open.isOpen(slot) ? held.getOpaque(slot) : 0;
  }

  /** Whether the next new blocks of that slot would push out others, to within a sixteenth. */
  public boolean full(int slot) {
    int capacity = capacities.getOpaque(slot);
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
      if (!writes.allMade() || !drainNow(slot, budget)) {
        return false;
      }
    } finally {
      writes.end();
    }
    leaving[slot] = false;
    return true;
  }

  private boolean drainNow(int slot, int budget) {
    var ring = rings[slot];
    for (int i = 0; ring != null && i < budget; i++) {
      long hash = ring.pop();
      if (hash == 0) {
        rings[slot] = null;
        held.setOpaque(slot, 0);
        return true;
      }
      var _ = shards.remove(hash, slot, -1);
    }
    return ring == null;
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
    long ringBytes = 0;
    for (var ring : rings) {
      ringBytes += ring == null ? 0 : ring.bytes();
    }
    return new IndexStats(
        entries,
        cells,
        tableBytes,
        shards.sets.bytes(),
        ringBytes,
        evictions.sum(),
        dropped,
        refused,
        verified.sum(),
        disagreements.sum(),
        probes.mean(),
        probes.longest());
  }

  /**
   * Pops what exceeds the capacity. A block that this endpoint has used since its push, and anybody
   * in the later half of its time in the ring, gets a second chance: going round once more is
   * nearer to leaving least lately used first than leaving now is; for a block that was used only
   * soon after its push it is the other way round.
   *
   * <p>A call makes four pops for each block that was pushed, and {@value #POPS}; half of them, and
   * half of the ring, may be second chances. When these are used up, what is left to pop waits for
   * the calls to come, since all of it may be in use, as prefixes that everybody shares; but what
   * is more than a thirty-second above the capacity leaves whatever its use.
   */
  private void trim(int slot, SlotRing ring, int pushed, int now) {
    int capacity = capacities.getOpaque(slot);
    int gone = 0;
    int chances = Math.min(2 * pushed + POPS / 2, ring.size() / 2);
    int given = 0;
    long most = capacity + (long) capacity / SLACK;
    int ahead = 0;
    for (int pops = 4 * pushed + POPS; pops > 0 && ring.blocks() > capacity; pops--) {
      if (given == chances && ring.blocks() <= most) {
        break;
      }
      if (ahead-- == 0) {
        // After some that are in use there are likely as many more.
        ahead = readOldestAhead(ring, Math.max(ring.blocks() - capacity, given)) - 1;
      }
      long hash = ring.pop();
      int unlessNewerThan = given < chances ? HolderWord.midway(ring.poppedStamp(), now) : -1;
      var outcome = shards.remove(hash, slot, unlessNewerThan);
      if (outcome == Shard.Outcome.TOUCHED) {
        ring.push(hash, now);
        given++;
      } else if (outcome == Shard.Outcome.REMOVED) {
        gone++;
      }
    }
    if (gone > 0) {
      evictions.add(gone);
    }
  }

  /** Reads the cells of the blocks that will be popped next; returns of how many. */
  private int readOldestAhead(SlotRing ring, int most) {
    int count = ring.oldest(oldest, Math.min(most, AHEAD));
    long sum = 0;
    for (int i = 0; i < count; i++) {
      sum += shards.peek(oldest[i]);
    }
    readAhead = sum;
    return count;
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
