package io.penstock.simulator.engine;

import java.util.Arrays;

/**
 * Finds the block that holds given content: block hash to block id.
 *
 * <p>Owned by a {@link BlockPool}. Open addressing with linear probing; removal closes the gap, so
 * there are no tombstones. Grows with what it holds, so that an unused engine costs nothing.
 */
final class BlockIndex {

  private static final int LEAST = 16;

  private long[] hashes = new long[LEAST];
  private int[] blocks = new int[LEAST];
  private int size;

  int size() {
    return size;
  }

  /** The block with that hash (never 0), or -1. */
  int find(long hash) {
    int mask = hashes.length - 1;
    for (int at = (int) hash & mask; hashes[at] != 0; at = (at + 1) & mask) {
      if (hashes[at] == hash) {
        return blocks[at];
      }
    }
    return -1;
  }

  /** Adds a hash that is not there yet. */
  void add(long hash, int block) {
    if ((size + 1) * 4 > hashes.length * 3) {
      grow();
    }
    place(hash, block);
    size++;
  }

  /** Removes a hash; no effect when it is not there. */
  void remove(long hash) {
    int mask = hashes.length - 1;
    int gap = (int) hash & mask;
    while (hashes[gap] != hash) {
      if (hashes[gap] == 0) {
        return;
      }
      gap = (gap + 1) & mask;
    }
    for (int at = (gap + 1) & mask; hashes[at] != 0; at = (at + 1) & mask) {
      int home = (int) hashes[at] & mask;
      if (((at - home) & mask) >= ((at - gap) & mask)) {
        hashes[gap] = hashes[at];
        blocks[gap] = blocks[at];
        gap = at;
      }
    }
    hashes[gap] = 0;
    size--;
  }

  void clear() {
    Arrays.fill(hashes, 0);
    size = 0;
  }

  private void grow() {
    long[] oldHashes = hashes;
    int[] oldBlocks = blocks;
    hashes = new long[oldHashes.length * 2];
    blocks = new int[oldHashes.length * 2];
    for (int i = 0; i < oldHashes.length; i++) {
      if (oldHashes[i] != 0) {
        place(oldHashes[i], oldBlocks[i]);
      }
    }
  }

  private void place(long hash, int block) {
    int mask = hashes.length - 1;
    int at = (int) hash & mask;
    while (hashes[at] != 0) {
      at = (at + 1) & mask;
    }
    hashes[at] = hash;
    blocks[at] = block;
  }
}
