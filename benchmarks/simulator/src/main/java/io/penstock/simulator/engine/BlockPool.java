package io.penstock.simulator.engine;

import java.util.Arrays;

/**
 * The KV blocks of one engine: who holds them, what they contain, and which one goes next.
 *
 * <p>Confined to the engine's thread. A block is held (reference count above 0) or free. A free
 * block keeps its content, and can be found by its hash, until it is handed out for something else.
 * Free blocks are handed out least recently freed first; blocks that were never used come before
 * all others. Per-block state is allocated as blocks are first used.
 *
 * <p>Of several blocks with equal content, computed by sequences side by side, only the first one
 * can be found again.
 */
final class BlockPool {

  private static final int NONE = -1;

  private final int capacity;
  private final BlockIndex index = new BlockIndex();

  private int[] references = new int[0];
  private long[] hashes = new long[0]; // 0: content cannot be found
  private int[] older = new int[0]; // neighbours in the list of free blocks
  private int[] newer = new int[0];
  private int oldest = NONE;
  private int newest = NONE;
  private int touched; // blocks ever used: ids below this have state
  private int held;

  BlockPool(int capacity) {
    this.capacity = capacity;
  }

  int capacity() {
    return capacity;
  }

  /** Blocks in use by sequences. */
  int held() {
    return held;
  }

  int free() {
    return capacity - held;
  }

  /** Blocks whose content can be found. */
  int cached() {
    return index.size();
  }

  /** The block with that content, held or free, or -1. */
  int find(long hash) {
    return index.find(hash);
  }

  /** Whether nobody holds the block. */
  boolean isFree(int block) {
    return references[block] == 0;
  }

  /** Takes one more reference to a block that was found. */
  void retain(int block) {
    if (references[block]++ == 0) {
      unlink(block);
      held++;
    }
  }

  /** Takes a block for new content, forgetting what it held; there must be a free one. */
  int take() {
    int block;
    if (touched < capacity) {
      block = touched++;
      ensureState(touched);
    } else {
      block = oldest;
      if (block == NONE) {
        throw new IllegalStateException("no free block");
      }
      unlink(block);
      forget(block);
    }
    references[block] = 1;
    held++;
    return block;
  }

  /** Gives a reference back; at the last one the block is free, its content still to be found. */
  void release(int block) {
    if (references[block] <= 0) {
      throw new IllegalStateException("block " + block + " is not held");
    }
    if (--references[block] == 0) {
      append(block);
      held--;
    }
  }

  /** Makes a computed block findable; the one place where content enters the cache. */
  void store(int block, long hash) {
    if (hashes[block] == 0 && index.find(hash) == NONE) {
      hashes[block] = hash;
      index.add(hash, block);
    }
  }

  /** Forgets a block's content; the one place where single content leaves the cache. */
  private void forget(int block) {
    if (hashes[block] != 0) {
      index.remove(hashes[block]);
      hashes[block] = 0;
    }
  }

  /** Forgets all content, unless a block is held. */
  boolean reset() {
    if (held > 0) {
      return false;
    }
    index.clear();
    Arrays.fill(hashes, 0);
    return true;
  }

  private void ensureState(int count) {
    if (count > references.length) {
      int size = Math.min(capacity, Math.max(64, references.length * 2));
      references = Arrays.copyOf(references, size);
      hashes = Arrays.copyOf(hashes, size);
      older = Arrays.copyOf(older, size);
      newer = Arrays.copyOf(newer, size);
    }
  }

  private void append(int block) {
    older[block] = newest;
    newer[block] = NONE;
    if (newest == NONE) {
      oldest = block;
    } else {
      newer[newest] = block;
    }
    newest = block;
  }

  private void unlink(int block) {
    int before = older[block];
    int after = newer[block];
    if (before == NONE) {
      oldest = after;
    } else {
      newer[before] = after;
    }
    if (after == NONE) {
      newest = before;
    } else {
      older[after] = before;
    }
  }
}
