package io.penstock.picker.prefix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The keys an endpoint was given, oldest first: 8 bytes each, in linked chunks, so that it grows
 * and shrinks with what it holds.
 *
 * <p>Several threads push, each claiming its place by an atomic add; one at a time pops ({@link
 * SlotHoldings} sees to that and makes {@code head} and {@code taken} safe to read from one popper
 * to the next). A place is published by the release write of its key, which is never 0; a popper
 * that meets 0 finds the ring empty for now. Chunks are never used twice, so no reader can mistake
 * an old one.
 *
 * <p>For each {@link #GROUP} keys the ring notes the stamp of the last push among them: that is how
 * old a popped key is taken to be.
 */
final class SlotRing {

  private static final int FIRST_CHUNK = 32;
  private static final int CHUNK = 256;
  private static final int GROUP = 16;

  private static final VarHandle KEYS = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle CLAIMED;
  private static final VarHandle NEXT;
  private static final VarHandle TAIL;

  static {
    try {
      var lookup = MethodHandles.lookup();
      CLAIMED = lookup.findVarHandle(Chunk.class, "claimed", int.class);
      NEXT = lookup.findVarHandle(Chunk.class, "next", Chunk.class);
      TAIL = lookup.findVarHandle(SlotRing.class, "tail", Chunk.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final class Chunk {

    /** Pushes before this chunk. */
    final long base;

    final long[] keys;

    /** Written before the key of the push, so seen by who sees the key, or newer. */
    final int[] stamps;

    volatile int claimed;
    volatile @Nullable Chunk next;

    Chunk(long base, int length) {
      this.base = base;
      this.keys = new long[length];
      this.stamps = new int[length / GROUP];
    }

    int length() {
      return Math.min(claimed, keys.length);
    }
  }

  private volatile Chunk tail = new Chunk(0, FIRST_CHUNK);

  /** Of the popper. */
  private Chunk head = tail;

  private int taken;
  private int poppedStamp;

  /** Pops so far; written by the popper. */
  private volatile long popped;

  private static final VarHandle POPPED;

  static {
    try {
      POPPED = MethodHandles.lookup().findVarHandle(SlotRing.class, "popped", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Adds a key, which is not 0, as the youngest. Any thread. */
  void push(long key, int stamp) {
    for (; ; ) {
      var chunk = tail;
      int place = chunk.claimed < chunk.keys.length ? (int) CLAIMED.getAndAdd(chunk, 1) : CHUNK;
      if (place < chunk.keys.length) {
        chunk.stamps[place / GROUP] = stamp;
        KEYS.setRelease(chunk.keys, place, key);
        return;
      }
      var next = chunk.next;
      if (next == null) {
        var fresh = new Chunk(chunk.base + chunk.keys.length, CHUNK);
        next = NEXT.compareAndSet(chunk, null, fresh) ? fresh : chunk.next;
      }
      TAIL.compareAndSet(this, chunk, next);
    }
  }

  /** Takes the oldest key out; 0 when there is none. Popper. */
  long pop() {
    var chunk = head;
    if (taken == chunk.keys.length) {
      var next = chunk.next;
      if (next == null) {
        return 0;
      }
      head = next;
      chunk = next;
      taken = 0;
    }
    long key = (long) KEYS.getAcquire(chunk.keys, taken);
    if (key != 0) {
      poppedStamp = chunk.stamps[taken / GROUP];
      taken++;
      POPPED.setOpaque(this, chunk.base + taken);
    }
    return key;
  }

  /** When the key that was popped last was pushed. Popper. */
  int poppedStamp() {
    return poppedStamp;
  }

  /** Keys in the ring. Any thread. */
  int size() {
    long gone = popped;
    var chunk = tail;
    return (int) Math.max(0, chunk.base + chunk.length() - gone);
  }

  /** About the bytes of the chunks. Any thread. */
  long bytes() {
    var chunk = tail;
    long first = popped / CHUNK * CHUNK;
    long keys = Math.max(0, chunk.base + chunk.keys.length - first);
    return keys * (Long.BYTES + Integer.BYTES / GROUP) + keys / CHUNK * 64 + 128;
  }
}
