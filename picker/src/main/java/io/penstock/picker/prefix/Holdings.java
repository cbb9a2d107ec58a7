package io.penstock.picker.prefix;

import static java.util.Objects.requireNonNull;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.LongAdder;

/**
 * What each endpoint is taken to hold: blocks come and are used, and leave when they are too many.
 * One writer at a time ({@link Writes}); what is not said to be the writer's is any thread's.
 */
final class Holdings {

  /** Pops for a call of {@link #learn}, beyond a multiple of what it pushed. */
  private static final int POPS = 256;

  /** Which part of its capacity a ring may exceed it by while what would leave is in use. */
  private static final int SLACK = 32;

  /** Blocks whose cells are read ahead of their change: 4 KiB of cells, well within a cache. */
  private static final int AHEAD = 64;

  private final ShardMap shards;
  private final Rings rings;
  private final AtomicIntegerArray capacities;

  /** By slot: blocks in its ring, for readers of many slots. */
  private final AtomicIntegerArray held;

  private final long[] unlearns;
  private final LongAdder evictions = new LongAdder();

  private final long[] oldest = new long[AHEAD];
  private long[] hashes = new long[AHEAD];
  private Outcome[] outcomes = new Outcome[AHEAD];

  /** Written so that the compiler keeps the reads of {@link #readOldestAhead}. */
  @SuppressWarnings("UnusedVariable")
  private long readAhead;

  Holdings(int slots, ShardMap shards, Rings rings) {
    this.shards = shards;
    this.rings = rings;
    this.capacities = new AtomicIntegerArray(slots);
    this.held = new AtomicIntegerArray(slots);
    this.unlearns = new long[slots];
  }

  void capacity(int slot, int blocks) {
    capacities.setOpaque(slot, Math.clamp(blocks, 1, SlotRing.MOST_BLOCKS));
  }

  int capacity(int slot) {
    return capacities.getOpaque(slot);
  }

  int blocks(int slot) {
    return held.getOpaque(slot);
  }

  long evictions() {
    return evictions.sum();
  }

  /** Whether anything was taken from the slot since. Writer. */
  boolean isCurrent(Learned learned) {
    return learned.unlearns == unlearns[learned.slot];
  }

  /**
   * Makes a slot a holder of a chain, all of which it has used. Writer.
   *
   * @return the first block that the slot did not hold before; {@code learned.to} if none
   */
  int learn(Learned learned, int now) {
    int slot = learned.slot;
    var ring = rings.of(slot);
    use(learned, now);
    int first = learned.to;
    int pushed = 0;
    for (int i = learned.to - 1; i >= 0; i--) {
      switch (outcomes[i]) {
        case ADDED -> ring.push(hashes[i], now);
        case ABSENT -> {
          int head = i;
          while (head > 0 && outcomes[head - 1] == Outcome.ABSENT) {
            head--;
          }
          if (!pushTrail(slot, ring, head, i, now)) {
            i = head;
            continue;
          }
          for (; i > head; i--) {
            pushed += ShardMap.blocks(hashes[i]);
          }
        }
        default -> {
          continue;
        }
      }
      first = i;
      pushed += ShardMap.blocks(hashes[i]);
    }
    trim(slot, ring, pushed, now);
    held.setOpaque(slot, ring.blocks());
    learned.unlearns = unlearns[slot];
    return first;
  }

  /** Makes the slot a holder of those blocks of a chain that have a cell. */
  private void use(Learned learned, int now) {
    int to = learned.to;
    if (to > hashes.length) {
      hashes = new long[2 * to];
      outcomes = new Outcome[2 * to];
    }
    int read = 0;
    for (int i = 0; i < to; i++) {
      if (i == read) {
        read = Math.min(to, read + AHEAD);
        readAhead(learned.keys, i, read);
      }
      if (outcomes[i] == Outcome.ABSENT) {
        continue;
      }
      var outcome = shards.use(hashes[i], learned.slot, now);
      if (outcome == Outcome.TRAIL) {
        unfold(learned, i);
        outcome = shards.use(hashes[i], learned.slot, now);
        // What was read ahead may have a cell now.
        read = i + 1;
      }
      outcomes[i] = outcome;
    }
  }

  /**
   * Reads the cells of blocks that are about to be looked for. They lie anywhere in memory, and a
   * search would wait for each; reads that depend on nothing overlap. A block whose search would
   * begin at an empty cell has none.
   */
  private void readAhead(long[] keys, int from, int to) {
    for (int i = from; i < to; i++) {
      long hash = ShardMap.hash(keys[i], i);
      hashes[i] = hash;
      outcomes[i] = shards.peek(hash) == 0 ? Outcome.ABSENT : Outcome.HELD;
    }
  }

  /** Blocks {@code head} to {@code last}, which nobody holds; false when there is no room. */
  private boolean pushTrail(int slot, SlotRing ring, int head, int last, int now) {
    long trail = HolderWord.trail(slot, ring.next(last - head), now);
    if (!shards.addTrail(hashes[head], trail)) {
      return false;
    }
    for (int i = last; i > head; i--) {
      ring.pushFollowing(hashes[i], now);
    }
    ring.push(hashes[head], now);
    rings.pushed(last - head);
    return true;
  }

  /**
   * Gives those blocks of a trail cells of their own that it shares with a chain, whose block
   * {@code i} begins it. What does not match becomes a trail by itself. While that is done a reader
   * may find less. Each entry leaves the old trail before a cell is made for it, since that may
   * cost the old trail its cell, and so all that follows in it.
   */
  private void unfold(Learned learned, int i) {
    long word = shards.word(hashes[i]);
    int owner = HolderWord.trailSlot(word);
    int position = HolderWord.trailPosition(word);
    int stamp = HolderWord.stamp(word);
    int shared = rings.matches(word, learned.keys, i, learned.to);
    if (shared == 0) {
      shards.endTrail(hashes[i], 0);
      return;
    }
    var ring = requireNonNull(rings.get(owner));
    shards.endTrail(hashes[i], HolderWord.with(0, owner, stamp));
    beginTrail(ring, owner, SlotRing.before(position, shared), stamp);
    for (int n = shared - 1; n > 0; n--) {
      rings.unfollow(ring, SlotRing.before(position, n));
      var _ = shards.add(ShardMap.hash(learned.keys[i + n], i + n), owner, stamp);
    }
  }

  /** The entry at a position gets a cell, if it follows another, which has left its trail. */
  private void beginTrail(SlotRing ring, int slot, int position, int stamp) {
    if (Rings.alive(ring, position)) {
      long trail = HolderWord.trail(slot, position, stamp);
      if (shards.addTrail(SlotRing.hash(ring.at(position)), trail)) {
        rings.unfollow(ring, position);
      } else {
        var _ = rings.lost(HolderWord.trail(slot, SlotRing.before(position, -1), stamp));
      }
    }
  }

  /** Takes blocks {@code from} to {@code to - 1} of a chain from a slot. Writer. */
  void unlearn(int slot, long[] keys, int from, int to) {
    if (from >= to) {
      return;
    }
    unlearns[slot]++;
    int i = from;
    while (i > 0 && shards.word(ShardMap.hash(keys[i], i)) == 0) {
      i--;
    }
    while (i < to) {
      long hash = ShardMap.hash(keys[i], i);
      long word = shards.word(hash);
      if (HolderWord.isTrail(word) && HolderWord.trailSlot(word) == slot) {
        i += cut(word, keys, i, from, to);
        continue;
      }
      if (i >= from) {
        var _ = shards.remove(hash, slot, -1, -1);
      }
      i++;
    }
  }

  /**
   * Takes blocks out of a trail that begins with block {@code i}; the number it has up to there.
   */
  private int cut(long word, long[] keys, int i, int from, int to) {
    int slot = HolderWord.trailSlot(word);
    int position = HolderWord.trailPosition(word);
    int count = rings.matches(word, keys, i, to);
    var ring = rings.get(slot);
    if (count > from - i && ring != null) {
      for (int n = Math.max(0, from - i); n < count; n++) {
        rings.kill(ring, SlotRing.before(position, n));
      }
      if (i >= from) {
        shards.endTrail(ShardMap.hash(keys[i], i), 0);
      }
      beginTrail(ring, slot, SlotRing.before(position, count), HolderWord.stamp(word));
    }
    return Math.max(1, count);
  }

  /**
   * Takes blocks of a slot out, oldest first. Writer.
   *
   * @return false when some may be left after {@code budget} of them
   */
  boolean drain(int slot, int budget) {
    var ring = rings.get(slot);
    for (int i = 0; ring != null && i < budget; i++) {
      int position = ring.oldestPosition();
      long entry = ring.pop();
      if (entry == 0) {
        rings.clear(slot);
        held.setOpaque(slot, 0);
        return true;
      }
      var _ = leave(slot, position, entry, -1);
    }
    return ring == null;
  }

  /** What becomes of a block that was popped. */
  private Outcome leave(int slot, int position, long entry, int unlessNewerThan) {
    if (SlotRing.follows(entry)) {
      return rings.popped(entry) ? Outcome.REMOVED : Outcome.ABSENT;
    }
    return shards.remove(entry, slot, position, unlessNewerThan);
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
    int capacity = capacity(slot);
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
      int position = ring.oldestPosition();
      long entry = ring.pop();
      int unlessNewerThan = given < chances ? HolderWord.midway(ring.poppedStamp(), now) : -1;
      var outcome = leave(slot, position, entry, unlessNewerThan);
      if (outcome == Outcome.TOUCHED) {
        ring.push(entry, now);
        given++;
      } else if (outcome == Outcome.REMOVED) {
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
      if (!SlotRing.follows(oldest[i])) {
        sum += shards.peek(oldest[i]);
      }
    }
    readAhead = sum;
    return count;
  }
}
