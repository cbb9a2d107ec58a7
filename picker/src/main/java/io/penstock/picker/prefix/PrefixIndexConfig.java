package io.penstock.picker.prefix;

/**
 * Bounds of a prefix index.
 *
 * @param slots slots named by callers are 0..slots-1; at most {@link #MAX_SLOTS}
 * @param initialEntries shared blocks that fit before the table grows for the first time
 * @param maxBytes bound of the table and the holder sets together, at least {@link #MIN_BYTES}; the
 *     rings come on top with 8 bytes for each block that an endpoint holds
 * @param defaultBlocks blocks an endpoint is taken to hold until its capacity is known; an
 *     over-estimate is safe, an under-estimate is not
 * @param verifyOneIn every how many matches (on average) one is checked by a full walk; 0: never
 */
public record PrefixIndexConfig(
    int slots, int initialEntries, long maxBytes, int defaultBlocks, int verifyOneIn) {

  /** A slot takes 14 bits of a cell. */
  public static final int MAX_SLOTS = 1 << 14;

  /** Least bound that leaves room to rebuild one part of the table beside the others. */
  public static final long MIN_BYTES = 256 << 10;

  /** Checks the bounds. */
  public PrefixIndexConfig {
    require(slots >= 1 && slots <= MAX_SLOTS, "slots", slots);
    require(initialEntries >= 0, "initialEntries", initialEntries);
    require(maxBytes >= MIN_BYTES, "maxBytes", maxBytes);
    require(defaultBlocks >= 1, "defaultBlocks", defaultBlocks);
    require(verifyOneIn >= 0, "verifyOneIn", verifyOneIn);
  }

  /**
   * What a gateway starts with: 512 MiB at most (about 20 million shared blocks, 1.3 billion
   * tokens, or prompts that nobody shares), 16k blocks (1M tokens) for an endpoint whose cache size
   * is not known yet, one match in 1,000 verified.
   */
  public static PrefixIndexConfig defaults() {
    return new PrefixIndexConfig(MAX_SLOTS, 1 << 14, 512L << 20, 1 << 14, 1000);
  }

  /**
   * The same in a process whose heap is small: a quarter of these bytes of heap at most, with half
   * as much again for the rings.
   */
  public static PrefixIndexConfig within(long heapBytes) {
    var whole = defaults();
    long bytes = Math.clamp(heapBytes / 4, MIN_BYTES, whole.maxBytes);
    return new PrefixIndexConfig(
        whole.slots, whole.initialEntries, bytes, whole.defaultBlocks, whole.verifyOneIn);
  }

  private static void require(boolean holds, String name, long value) {
    if (!holds) {
      throw new IllegalArgumentException("prefix index: " + name + " is out of range: " + value);
    }
  }
}
