package io.penstock.picker.prefix;

import static java.util.Objects.requireNonNull;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The pool of holder sets, named by handles that fit an entry. Thread-safe, lock-free, bounded in
 * bytes: what does not fit is refused.
 *
 * <p>A handle belongs to the entry whose word names it. Who replaces that word by one that does not
 * name it, frees the handle, once. Everybody else may come late, when another block has its index:
 * a reader compares the set's key and reads the entry again, a writer fails its compare-and-set,
 * since sets are immutable and a set object is never used twice.
 */
final class HolderSets {

  private static final int CHUNK = 1024;
  private static final int LEAST_BYTES = 64;
  private static final int INDEX_BITS = 31;
  private static final int INDEX_MASK = Integer.MAX_VALUE;
  private static final int USE_MASK = (1 << 11) - 1;

  /**
   * Sets and, for indices that are free, the next free one. The links are written before the head
   * of the free list is set to their index, by the same thread, and read after the head was read.
   */
  private record Chunk(AtomicReferenceArray<@Nullable HolderSet> sets, AtomicIntegerArray links) {

    static final int BYTES = CHUNK * 8 + 64;

    Chunk() {
      this(new AtomicReferenceArray<>(CHUNK), new AtomicIntegerArray(CHUNK));
    }
  }

  private final long maxBytes;
  private final AtomicLong bytes = new AtomicLong();
  private final AtomicReferenceArray<@Nullable Chunk> chunks;
  private final AtomicInteger fresh = new AtomicInteger();
  private final AtomicInteger uses = new AtomicInteger();

  /** Index of the first free one plus 1, and above it a version against reuse between two reads. */
  private final AtomicLong free = new AtomicLong();

  HolderSets(long maxBytes) {
    this.maxBytes = maxBytes;
    this.chunks =
        new AtomicReferenceArray<>(
            (int) Math.min(maxBytes / LEAST_BYTES / CHUNK + 1, Integer.MAX_VALUE / CHUNK));
  }

  /**
   * Keeps a set.
   *
   * @return its handle of 42 bits, an index and above it 11 bits that differ from one use of the
   *     index to the next; -1 when there is no room
   */
  long keep(HolderSet set) {
    if (!reserve(set.bytes())) {
      return -1;
    }
    int index = popFree();
    if (index < 0) {
      index = takeFresh();
      if (index < 0) {
        bytes.addAndGet(-set.bytes());
        return -1;
      }
    }
    chunk(index).sets.set(index % CHUNK, set);
    return ((long) (uses.getAndIncrement() & USE_MASK) << INDEX_BITS) | index;
  }

  /** The set of a handle; null or another block's when the entry has another handle by now. */
  @Nullable HolderSet get(long handle) {
    int index = (int) handle & INDEX_MASK;
    return chunk(index).sets.getAcquire(index % CHUNK);
  }

  /** Whether there is room to put {@code to} in place of {@code from}. */
  boolean fits(HolderSet from, HolderSet to) {
    return bytes.get() + to.bytes() - from.bytes() <= maxBytes;
  }

  boolean replace(long handle, HolderSet from, HolderSet to) {
    int index = (int) handle & INDEX_MASK;
    if (!chunk(index).sets.compareAndSet(index % CHUNK, from, to)) {
      return false;
    }
    bytes.addAndGet(to.bytes() - from.bytes());
    return true;
  }

  /** Gives a handle back; only by who took it out of the entry, or never put it in. */
  void free(long handle) {
    int index = (int) handle & INDEX_MASK;
    var chunk = chunk(index);
    var set = chunk.sets.getAndSet(index % CHUNK, null);
    if (set != null) {
      bytes.addAndGet(-set.bytes());
    }
    long head;
    do {
      head = free.get();
      chunk.links.set(index % CHUNK, (int) head);
    } while (!free.compareAndSet(head, version(head) | (index + 1)));
  }

  long bytes() {
    return bytes.get();
  }

  private int popFree() {
    long head;
    int index;
    do {
      head = free.get();
      index = (int) head - 1;
      if (index < 0) {
        return -1;
      }
    } while (!free.compareAndSet(
        head, version(head) | (chunk(index).links.get(index % CHUNK) & 0xFFFF_FFFFL)));
    return index;
  }

  private int takeFresh() {
    int index;
    do {
      index = fresh.get();
      if (index / CHUNK >= chunks.length()) {
        return -1;
      }
      if (chunks.get(index / CHUNK) == null) {
        if (!reserve(Chunk.BYTES)) {
          return -1;
        }
        if (!chunks.compareAndSet(index / CHUNK, null, new Chunk())) {
          bytes.addAndGet(-Chunk.BYTES);
        }
      }
    } while (!fresh.compareAndSet(index, index + 1));
    return index;
  }

  private boolean reserve(int more) {
    if (bytes.addAndGet(more) > maxBytes) {
      bytes.addAndGet(-more);
      return false;
    }
    return true;
  }

  private Chunk chunk(int index) {
    return requireNonNull(chunks.getAcquire(index / CHUNK));
  }

  private static long version(long head) {
    return (head & 0xFFFF_FFFF_0000_0000L) + (1L << 32);
  }
}
