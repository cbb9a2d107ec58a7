package io.penstock.picker.prefix;

import java.util.Arrays;

/**
 * The endpoints that hold one block, when there are more than fit the cell. Immutable: a change
 * makes another set, so that readers need no lock.
 *
 * <p>Up to {@link #FEW} slots are a sorted list, more a bitmap up to the highest slot.
 */
final class HolderSet {

  private static final int FEW = 24;
  private static final char[] NO_FEW = {};
  private static final long[] NO_BITS = {};
  private static final int OBJECT_BYTES = 32;
  private static final int ARRAY_BYTES = 16;

  /** The block; a reader that came here by a handle that was reused sees another key. */
  final long key;

  final int size;

  private final char[] few;
  private final long[] bits;

  private HolderSet(long key, int size, char[] few, long[] bits) {
    this.key = key;
    this.size = size;
    this.few = few;
    this.bits = bits;
  }

  /** The slots of a full word and one more. */
  static HolderSet of(long key, long word, int slot) {
    var few = new char[HolderWord.INLINE + 1];
    for (int i = 0; i < HolderWord.INLINE; i++) {
      few[i] = (char) HolderWord.slot(word, i);
    }
    few[HolderWord.INLINE] = (char) slot;
    Arrays.sort(few);
    return new HolderSet(key, few.length, few, NO_BITS);
  }

  boolean has(int slot) {
    if (bits.length > 0) {
      return slot >> 6 < bits.length && (bits[slot >> 6] & (1L << slot)) != 0;
    }
    return Arrays.binarySearch(few, (char) slot) >= 0;
  }

  /** This set and a slot that it does not have. */
  HolderSet with(int slot) {
    if (bits.length == 0 && size < FEW) {
      var grown = Arrays.copyOf(few, size + 1);
      grown[size] = (char) slot;
      Arrays.sort(grown);
      return new HolderSet(key, size + 1, grown, NO_BITS);
    }
    int highest = bits.length > 0 ? (bits.length << 6) - 1 : few[size - 1];
    var grown = new long[(Math.max(highest, slot) >> 6) + 1];
    System.arraycopy(bits, 0, grown, 0, bits.length);
    for (char other : few) {
      grown[other >> 6] |= 1L << other;
    }
    grown[slot >> 6] |= 1L << slot;
    return new HolderSet(key, size + 1, NO_FEW, grown);
  }

  /** This set without a slot that it has. */
  HolderSet without(int slot) {
    if (bits.length == 0) {
      var rest = new char[size - 1];
      int kept = 0;
      for (char other : few) {
        if (other != slot) {
          rest[kept++] = other;
        }
      }
      return new HolderSet(key, kept, rest, NO_BITS);
    }
    var rest = bits.clone();
    rest[slot >> 6] &= ~(1L << slot);
    return size - 1 > FEW * 2 / 3
        ? new HolderSet(key, size - 1, NO_FEW, rest)
        : new HolderSet(key, size - 1, list(rest, size - 1), NO_BITS);
  }

  /** Whether the slots fit a word with room to spare. */
  boolean fitsWord() {
    return size < HolderWord.INLINE;
  }

  /** The slots as a cell's word; only of a set that fits. */
  long word(int stamp) {
    assert size <= HolderWord.INLINE && bits.length == 0 : size;
    long word = HolderWord.with(0, few[0], stamp);
    for (int i = 1; i < size; i++) {
      word = HolderWord.with(word, few[i], stamp);
    }
    return word;
  }

  /**
   * Puts into {@code out} what of {@code in} is in this set too; {@code out} is all zero before.
   */
  void intersect(long[] in, long[] out, int words) {
    if (bits.length > 0) {
      for (int i = Math.min(words, bits.length) - 1; i >= 0; i--) {
        out[i] = in[i] & bits[i];
      }
      return;
    }
    for (char slot : few) {
      int i = slot >> 6;
      if (i < words) {
        out[i] |= in[i] & (1L << slot);
      }
    }
  }

  int bytes() {
    return bits.length > 0
        ? OBJECT_BYTES + ARRAY_BYTES + bits.length * Long.BYTES
        : OBJECT_BYTES + ARRAY_BYTES + ((few.length * Character.BYTES + 7) & ~7);
  }

  private static char[] list(long[] bits, int size) {
    var few = new char[size];
    int n = 0;
    for (int i = 0; i < bits.length; i++) {
      for (long rest = bits[i]; rest != 0; rest &= rest - 1) {
        few[n++] = (char) ((i << 6) | Long.numberOfTrailingZeros(rest));
      }
    }
    return few;
  }
}
