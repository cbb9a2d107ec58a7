package io.penstock.picker.request;

/**
 * Which blocks of a prompt have a key: each of the first {@value #EACH}, then {@value
 * #PER_DOUBLING} to each doubling of the prompt. So a shared prefix is known to within a sixteenth
 * of its length, and a prompt of n blocks has about 16 log2(n) keys instead of n: 64 for 32 KiB,
 * 122 for 400 KiB.
 *
 * <p>A key names all blocks up to its own, whatever lies between it and the key before.
 */
public final class KeyGrid {

  /** Leading blocks that have a key each. */
  public static final int EACH = 32;

  /** Keys from there to twice the length, and to twice that. */
  public static final int PER_DOUBLING = EACH / 2;

  private KeyGrid() {}

  /** From the key before it to key {@code i} it is {@code 1 << level(i)} blocks; at most 26. */
  public static int level(int i) {
    return i < EACH ? 0 : i / PER_DOUBLING - 1;
  }

  /** Blocks that the first {@code keys} keys stand for. */
  public static int blocks(int keys) {
    if (keys <= EACH) {
      return keys;
    }
    int level = level(keys - 1);
    return (keys - PER_DOUBLING * level) << level;
  }

  /** Keys of a prompt of that many full blocks. */
  public static int keys(int blocks) {
    if (blocks <= EACH) {
      return blocks;
    }
    // Of the lengths 32 * 2^(level-1) + 1 to 32 * 2^level.
    int level = Integer.SIZE - Integer.numberOfLeadingZeros((blocks - 1) / EACH);
    return (blocks >> level) + PER_DOUBLING * level;
  }
}
