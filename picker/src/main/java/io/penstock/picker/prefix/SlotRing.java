package io.penstock.picker.prefix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The blocks an endpoint was given, oldest first: 8 bytes each, in chunks, so that it grows and
 * shrinks with what it holds. One writer at a time, any number of readers.
 *
 * <p>An entry is a block's hash ({@link ShardMap#hash}), at a position that it keeps until it is
 * popped. Tails are pushed before heads, so the blocks of a chain lie behind one another with
 * falling positions. Where nobody else was given them only the first has a cell, whose {@link
 * HolderWord#trail} says where it lies; the others are marked as following it: to hold a prompt
 * that nobody shares takes one cell, and to let it go the removal of one. A reader goes along the
 * entries and compares; one that was popped or written over is another hash.
 *
 * <p>For each {@link #GROUP} entries the ring notes the stamp of the last push among them: that is
 * how old a popped entry is taken to be.
 */
final class SlotRing {

  static final int POSITION_BITS = 28;

  /** Positions are numbers below this, which begin again at 0. */
  static final int POSITIONS = 1 << POSITION_BITS;

  /** Most blocks of a capacity, so that no two entries have one position. */
  static final int MOST_BLOCKS = POSITIONS / 2;

  /** Set in an entry without a cell, which follows the one that was pushed after it. */
  private static final long FOLLOWS = ShardMap.FREE_BIT;

  private static final int MASK = POSITIONS - 1;
  private static final int CHUNK_BITS = 7;
  private static final int CHUNK = 1 << CHUNK_BITS;
  private static final int GROUP = 16;
  private static final VarHandle ENTRIES = MethodHandles.arrayElementVarHandle(long[].class);

  private static final class Chunk {
    final long[] entries = new long[CHUNK];
    final int[] stamps = new int[CHUNK / GROUP];
  }

  /** By number of chunk, modulo the length, a power of two. */
  private volatile @Nullable Chunk[] chunks = new Chunk[1];

  /**
   * The chunk that was left last: a ring that is full takes a chunk for each that it leaves, and
   * each would be garbage only once it had grown old.
   */
  private @Nullable Chunk spare;

  private int start;
  private int size;
  private long blocks;
  private int poppedStamp;

  static boolean follows(long entry) {
    return (entry & FOLLOWS) != 0;
  }

  /** Whether an entry names no block any more. */
  static boolean dead(long entry) {
    return (entry & ~ShardMap.LOW) == 0;
  }

  /** The hash of an entry's block. */
  static long hash(long entry) {
    return entry & ~FOLLOWS;
  }

  static int before(int position, int entries) {
    return (position - entries) & MASK;
  }

  /** The position of the entry that is pushed after {@code pushes} others. */
  int next(int pushes) {
    return (start + size + pushes) & MASK;
  }

  /** Adds a block as the youngest, which has a cell. Writer. */
  void push(long hash, int stamp) {
    int position = next(0);
    var chunk = (position & (CHUNK - 1)) == 0 ? addChunk(position) : chunkOf(position);
    chunk.stamps[(position & (CHUNK - 1)) / GROUP] = stamp;
    ENTRIES.setRelease(chunk.entries, position & (CHUNK - 1), hash);
    size++;
    blocks += ShardMap.blocks(hash);
  }

  /** Adds a block as the youngest, which follows the one that is pushed next. Writer. */
  void pushFollowing(long hash, int stamp) {
    push(hash | FOLLOWS, stamp);
  }

  private Chunk addChunk(int position) {
    int number = position >>> CHUNK_BITS;
    int first = start >>> CHUNK_BITS;
    var at = chunks;
    if (size > 0 && ((number - first) & (MASK >>> CHUNK_BITS)) >= at.length) {
      var more = new Chunk[2 * at.length];
      for (int i = 0; i < at.length; i++) {
        int moved = (first + i) & (MASK >>> CHUNK_BITS);
        more[moved & (more.length - 1)] = at[moved & (at.length - 1)];
      }
      at = more;
    }
    var chunk = spare != null ? spare : new Chunk();
    spare = null;
    at[number & (at.length - 1)] = chunk;
    chunks = at;
    return chunk;
  }

  /** The chunk of a position that is in use. Writer. */
  private Chunk chunkOf(int position) {
    var chunk = chunkAt(position);
    if (chunk == null) {
      throw new IllegalStateException("no entry was ever pushed to position " + position);
    }
    return chunk;
  }

  private @Nullable Chunk chunkAt(int position) {
    var at = chunks;
    return at[(position >>> CHUNK_BITS) & (at.length - 1)];
  }

  /** The entry at a position; 0 or any other where none is. Any thread. */
  long at(int position) {
    var chunk = chunkAt(position);
    return chunk == null ? 0 : (long) ENTRIES.getAcquire(chunk.entries, position & (CHUNK - 1));
  }

  /**
   * How many keys of a chain lie behind one another. Any thread.
   *
   * @param position of key {@code i}
   * @param to end of the chain
   */
  int matches(int position, long[] keys, int i, int to) {
    if (at(position) != ShardMap.hash(keys[i], i)) {
      return 0;
    }
    int n = 1;
    while (i + n < to && at(before(position, n)) == (ShardMap.hash(keys[i + n], i + n) | FOLLOWS)) {
      n++;
    }
    return n;
  }

  /** The entry has a cell of its own from now on. Writer. */
  void unfollow(int position) {
    ENTRIES.setRelease(chunkOf(position).entries, position & (CHUNK - 1), at(position) & ~FOLLOWS);
  }

  /** The entry names no block any more. Writer. */
  void kill(int position) {
    ENTRIES.setRelease(
        chunkOf(position).entries, position & (CHUNK - 1), (at(position) & ShardMap.LOW) | FOLLOWS);
  }

  /** The entries that follow the one at a position name no block any more; their number. Writer. */
  int killFollowing(int position) {
    for (int n = 0; ; n++) {
      int next = before(position, n + 1);
      var chunk = chunkAt(next);
      if (chunk == null) {
        return n;
      }
      long entry = chunk.entries[next & (CHUNK - 1)];
      if (!follows(entry) || dead(entry)) {
        return n;
      }
      ENTRIES.setRelease(chunk.entries, next & (CHUNK - 1), entry & ShardMap.LOW);
    }
  }

  /** The position of the entry that {@link #pop} takes next. Writer. */
  int oldestPosition() {
    return start;
  }

  /** Takes the oldest entry out; 0 when there is none. Writer. */
  long pop() {
    if (size == 0) {
      return 0;
    }
    var chunk = chunkOf(start);
    int at = start & (CHUNK - 1);
    poppedStamp = chunk.stamps[at / GROUP];
    long entry = chunk.entries[at];
    ENTRIES.setOpaque(chunk.entries, at, 0L);
    if (at == CHUNK - 1) {
      var now = chunks;
      now[(start >>> CHUNK_BITS) & (now.length - 1)] = null;
      spare = chunk;
    }
    start = (start + 1) & MASK;
    size--;
    blocks -= ShardMap.blocks(entry);
    return entry;
  }

  /**
   * Shows the entries that {@link #pop} would take next, without taking them. Writer.
   *
   * @param into receives them, oldest first
   * @param most how many are wanted, at least 1
   * @return how many these are: at least one of a ring that is not empty, perhaps not all of it
   */
  int oldest(long[] into, int most) {
    if (size == 0) {
      return 0;
    }
    int at = start & (CHUNK - 1);
    int count = Math.min(Math.min(most, size), CHUNK - at);
    System.arraycopy(chunkOf(start).entries, at, into, 0, count);
    return count;
  }

  /** When the entry that was popped last was pushed. */
  int poppedStamp() {
    return poppedStamp;
  }

  /** Entries in the ring. */
  int size() {
    return size;
  }

  /** Blocks of prompt that the entries stand for. */
  int blocks() {
    return (int) Math.min(blocks, Integer.MAX_VALUE);
  }

  /** About the bytes of the chunks, with the one that is spare, and of what names them. */
  long bytes() {
    long each = CHUNK * Long.BYTES + CHUNK / GROUP * Integer.BYTES + 64;
    return (size / CHUNK + 2) * each + chunks.length * 8L + 128;
  }
}
