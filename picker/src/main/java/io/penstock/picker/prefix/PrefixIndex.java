package io.penstock.picker.prefix;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Which endpoints hold which blocks of prompt prefix. Thread-safe and lock-free; every event loop
 * matches and learns, one owner thread opens, forgets and drains slots.
 *
 * <p>An endpoint is named by its slot, a block by its chained 64-bit key.
 *
 * <p>Life of a slot: {@link #open} when an endpoint gets it; {@link #forget} when the endpoint
 * goes; {@link #drain} until it says true; then the slot may be given to another endpoint.
 *
 * <p>Life of a request: {@link #match}, pick, {@link #learn} on the picked slot (the reservation);
 * at the first byte {@link #learn} again (the confirmation: it puts back what somebody else
 * unlearned meanwhile, and is cheap where nothing is missing); on a failure before that {@link
 * #unlearn} from the index on that {@code learn} returned.
 *
 * <p>Parts: {@link ShardMap} has the holders of each block (16 bytes a cell, 0.72 to 0.85 of the
 * cells in use), {@link SlotRing} the blocks of each endpoint in the order in which they came (8
 * bytes), {@link DepthSearch} does the match.
 *
 * <p>What always holds when no writer is at work: a slot that holds a block has the block's key in
 * its ring. A key in the ring without the block held is harmless: nothing happens when it is
 * popped. Races between writers, and the bounds, may lose a holding (a miss), and never make one
 * up.
 */
public final class PrefixIndex {

  /** Pops for a call of {@link #learn}, beyond a multiple of what it pushed. */
  private static final int POPS = 32;

  /** Shards whose probe lengths the statistics look at. */
  private static final int STATS_SHARDS = 8;

  private final PrefixIndexConfig config;
  private final ShardMap shards;
  private final DepthSearch search;
  private final OpenSlots open;
  private final AtomicReferenceArray<@Nullable SlotHoldings> holdings;

  /** By slot: size of its ring after the last change, for readers of many slots. */
  private final AtomicIntegerArray held;

  private final LongAdder evictions = new LongAdder();
  private final LongAdder verified = new LongAdder();
  private final LongAdder disagreements = new LongAdder();
  private volatile int stamp;

  /** An empty index in which every slot is closed. */
  public PrefixIndex(PrefixIndexConfig config) {
    this.config = config;
    this.shards = new ShardMap(config);
    this.search = new DepthSearch(shards);
    this.open = new OpenSlots(config.slots());
    this.holdings = new AtomicReferenceArray<>(config.slots());
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
    if (holdings.get(slot) != null) {
      throw new IllegalStateException("slot " + slot + " is opened before it is drained");
    }
    holdings.set(slot, new SlotHoldings(config.defaultBlocks()));
    open.open(slot);
  }

  /**
   * How many leading blocks each candidate holds, all candidates at once.
   *
   * @param keys block keys, first block first; {@code count} of them count
   * @param slots candidates, each at most once; {@code slotCount} of them count
   * @param depth receives at {@code i} the number of blocks, contiguous from block 0, that {@code
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
   * Notes that an endpoint holds blocks {@code from} to {@code to - 1} of a chain from now on, and
   * that they were used now. What exceeds the endpoint's capacity leaves, least lately used first,
   * tails before heads. No effect on a slot that is not open.
   *
   * @return index of the first block that the endpoint did not hold before, {@code to} when it held
   *     all
   */
  public int learn(int slot, long[] keys, int from, int to) {
    var of = holdings.get(slot);
    if (of == null) {
      return to;
    }
    of.enter();
    try {
      if (!open.isOpen(slot)) {
        return to;
      }
      int now = stamp;
      int first = to;
      int pushed = 0;
      for (int i = to - 1; i >= from; i--) {
        long key = ShardMap.stored(keys[i]);
        if (shards.add(key, slot, now) == Shard.Outcome.ADDED) {
          of.ring.push(key, now);
          first = i;
          pushed++;
        }
      }
      trim(slot, of, pushed, now);
      held.setOpaque(slot, of.ring.size());
      return first;
    } finally {
      of.leave();
    }
  }

  /** Notes that an endpoint does not hold blocks {@code from} to {@code to - 1} of a chain. */
  public void unlearn(int slot, long[] keys, int from, int to) {
    if (!open.isOpen(slot)) {
      return;
    }
    for (int i = to - 1; i >= from; i--) {
      var _ = shards.remove(ShardMap.stored(keys[i]), slot, -1);
    }
  }

  /**
   * Sets how many blocks an open slot's endpoint can hold. A smaller number than before takes
   * effect over the next calls of {@link #learn}.
   */
  public void capacity(int slot, int blocks) {
    var of = holdings.get(slot);
    if (of != null) {
      of.capacity = Math.max(1, blocks);
    }
  }

  /** Blocks that an endpoint is taken to hold now, those unlearned and not yet popped included. */
  public int blocks(int slot) {
    return open.isOpen(slot) ? held.getOpaque(slot) : 0;
  }

  /** From now on the slot holds nothing and learns nothing. O(1). Owner thread. */
  public void forget(int slot) {
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
    var of = holdings.get(slot);
    if (of == null) {
      return true;
    }
    boolean settled = of.idle();
    if (!of.startPopping()) {
      return false;
    }
    try {
      for (int i = 0; i < budget; i++) {
        long key = of.ring.pop();
        if (key == 0) {
          if (settled) {
            holdings.set(slot, null);
            held.set(slot, 0);
          }
          return settled;
        }
        var _ = shards.remove(key, slot, -1);
      }
      return false;
    } finally {
      of.stopPopping();
    }
  }

  /**
   * Advances the coarse time, about once a second, by which blocks count as used lately. Owner
   * thread.
   */
  public void tick(long coarseTime) {
    stamp = (int) coarseTime & HolderWord.STAMP_MASK;
  }

  /** What the index holds now. Reads every shard and slot, and a sample of the cells. */
  public IndexStats stats() {
    long entries = 0;
    long tombstones = 0;
    long cells = 0;
    long sampled = 0;
    long probes = 0;
    int longest = 0;
    int step = Math.max(1, shards.size() / STATS_SHARDS);
    for (int i = 0; i < shards.size(); i++) {
      var table = shards.table(i);
      for (Table t = table; t != null; t = t.next()) {
        entries += t.live();
        tombstones += t.next() == null ? t.tombstones() : 0;
        cells += t.cells;
      }
      for (int cell = 0; i % step == 0 && cell < table.cells; cell++) {
        long key = table.key(cell);
        if (key != Table.EMPTY && key != Table.SEALED) {
          int needed = table.probes(cell);
          sampled++;
          probes += needed;
          longest = Math.max(longest, needed);
        }
      }
    }
    long ringBytes = 0;
    for (int slot = 0; slot < holdings.length(); slot++) {
      var of = holdings.get(slot);
      ringBytes += of == null ? 0 : of.ring.bytes();
    }
    return new IndexStats(
        entries,
        tombstones,
        cells,
        shards.budget.tableBytes(),
        shards.sets.bytes(),
        ringBytes,
        evictions.sum(),
        shards.budget.dropped.sum(),
        shards.budget.refused.sum(),
        verified.sum(),
        disagreements.sum(),
        sampled == 0 ? 0 : (double) probes / sampled,
        longest);
  }

  ShardMap shards() {
    return shards;
  }

  /**
   * Pops what exceeds the capacity. At most half of the pops are second chances and the limit is
   * four for each push, so it always comes down, and no call pays for more than its own share.
   */
  private void trim(int slot, SlotHoldings of, int pushed, int now) {
    if (of.ring.size() <= of.capacity || !of.startPopping()) {
      return;
    }
    try {
      int gone = 0;
      int chances = 2 * pushed + POPS / 2;
      for (int pops = 4 * pushed + POPS; pops > 0 && of.ring.size() > of.capacity; pops--) {
        long key = of.ring.pop();
        if (key == 0) {
          break;
        }
        int unlessNewerThan = chances > 0 ? of.ring.poppedStamp() : -1;
        var outcome = shards.remove(key, slot, unlessNewerThan);
        if (outcome == Shard.Outcome.TOUCHED) {
          of.ring.push(key, now);
          chances--;
        } else if (outcome == Shard.Outcome.REMOVED) {
          gone++;
        }
      }
      evictions.add(gone);
    } finally {
      of.stopPopping();
    }
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
