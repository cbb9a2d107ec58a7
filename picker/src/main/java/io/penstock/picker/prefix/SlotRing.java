package io.penstock.picker.prefix;

import org.jspecify.annotations.Nullable;

/**
 * The keys an endpoint was given, oldest first: 8 bytes each, in linked chunks, so that it grows
 * and shrinks with what it holds, and takes no memory while it does neither. One writer at a time.
 *
 * <p>For each {@link #GROUP} keys the ring notes the stamp of the last push among them: that is how
 * old a popped key is taken to be.
 */
final class SlotRing {

  private static final int FIRST_CHUNK = 32;
  private static final int CHUNK = 256;
  private static final int GROUP = 16;

  private static final class Chunk {
    final long[] hashes;
    final int[] stamps;
    @Nullable Chunk next;

    Chunk(int length) {
      this.hashes = new long[length];
      this.stamps = new int[length / GROUP];
    }
  }

  private Chunk head = new Chunk(FIRST_CHUNK);
  private Chunk tail = head;

  /**
   * The chunk that was left last: a ring that is full takes a chunk for each that it leaves, and
   * each would be garbage only once it had grown old.
   */
  private @Nullable Chunk spare;

  private int taken;
  private int filled;
  private int size;
  private long blocks;
  private int poppedStamp;

  /** Adds a key, whose hash is not 0, as the youngest. */
  void push(long hash, int stamp) {
    if (filled == tail.hashes.length) {
      var next = spare != null ? spare : new Chunk(CHUNK);
      spare = null;
      tail.next = next;
      tail = next;
      filled = 0;
    }
    tail.stamps[filled / GROUP] = stamp;
    tail.hashes[filled++] = hash;
    size++;
    blocks += ShardMap.blocks(hash);
  }

  /** Takes the oldest key out; 0 when there is none. */
  long pop() {
    if (size == 0) {
      return 0;
    }
    leaveTakenChunk();
    size--;
    poppedStamp = head.stamps[taken / GROUP];
    long hash = head.hashes[taken++];
    blocks -= ShardMap.blocks(hash);
    return hash;
  }

  /**
   * Shows the keys that {@link #pop} would take next, without taking them.
   *
   * @param into receives them, oldest first
   * @param most how many are wanted, at least 1
   * @return how many these are: at least one of a ring that is not empty, perhaps not all of it
   */
  int oldest(long[] into, int most) {
    leaveTakenChunk();
    int count = Math.min(Math.min(most, size), head.hashes.length - taken);
    System.arraycopy(head.hashes, taken, into, 0, count);
    return count;
  }

  /** An old chunk that still named the next one would keep all that follow from the collector. */
  private void leaveTakenChunk() {
    var next = head.next;
    if (taken == head.hashes.length && next != null) {
      head.next = null;
      spare = head.hashes.length == CHUNK ? head : spare;
      head = next;
      taken = 0;
    }
  }

  /** When the key that was popped last was pushed. */
  int poppedStamp() {
    return poppedStamp;
  }

  /** Keys in the ring. */
  int size() {
    return size;
  }

  /** Blocks of prompt that the keys stand for. */
  int blocks() {
    return (int) Math.min(blocks, Integer.MAX_VALUE);
  }

  /** About the bytes of the chunks. */
  long bytes() {
    return (long) size * (Long.BYTES + Integer.BYTES / GROUP) + size / CHUNK * 64L + 128;
  }
}
