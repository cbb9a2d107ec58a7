package io.penstock.picker.prefix;

import java.util.Arrays;

/**
 * The endpoints that hold one block, when there are more than fit the cell, and which of them have
 * used it. Who holds it never changes: a change makes another set, so that readers need no lock.
 * Who has used it changes in place; that is read by the writer only.
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

  /** {@code slot << 1}, plus 1 when that slot has used the block. */
  private final char[] few;

  private final long[] bits;
  private final long[] used;

  private HolderSet(long key, char[] few) {
    this(key, few.length, few, NO_BITS, NO_BITS);
  }

  private HolderSet(long key, int size, char[] few, long[] bits, long[] used) {
    this.key = key;
    this.size = size;
    this.few = few;
    this.bits = bits;
    this.used = used;
  }

  /** The slots of a full word and one more, which has not used the block. */
  static HolderSet of(long key, long word, int slot) {
    var few = new char[HolderWord.INLINE + 1];
    for (int i = 0; i < HolderWord.INLINE; i++) {
      few[i] = entry(HolderWord.slot(word, i), HolderWord.used(word, i));
    }
    few[HolderWord.INLINE] = entry(slot, false);
    Arrays.sort(few);
    return new HolderSet(key, few);
  }

  private static char entry(int slot, boolean used) {
    return (char) ((slot << 1) | (used ? 1 : 0));
  }

  boolean has(int slot) {
    return bits.length > 0 ? isSet(bits, slot) : position(slot) >= 0;
  }

  private static boolean isSet(long[] bits, int slot) {
    return slot >> 6 < bits.length && (bits[slot >> 6] & (1L << slot)) != 0;
  }

  /** Where the list names the slot; -1 when it does not. */
  private int position(int slot) {
    for (int i = 0; i < few.length; i++) {
      if (few[i] >> 1 == slot) {
        return i;
      }
    }
    return -1;
  }

  /** Whether a slot of this set has used the block, see {@link HolderWord#used}. Writer. */
  boolean used(int slot) {
    return bits.length > 0 ? isSet(used, slot) : (few[position(slot)] & 1) != 0;
  }

  /** Notes that a slot of this set has used the block. Writer. */
  void use(int slot) {
    if (bits.length > 0) {
      used[slot >> 6] |= 1L << slot;
    } else {
      few[position(slot)] = entry(slot, true);
    }
  }

  /** Takes that note back. Writer. */
  void unuse(int slot) {
    if (bits.length > 0) {
      used[slot >> 6] &= ~(1L << slot);
    } else {
      few[position(slot)] = entry(slot, false);
    }
  }

  /** This set and a slot that it does not have. */
  HolderSet with(int slot) {
    if (bits.length == 0 && size < FEW) {
      var grown = Arrays.copyOf(few, size + 1);
      grown[size] = entry(slot, false);
      Arrays.sort(grown);
      return new HolderSet(key, grown);
    }
    int highest = bits.length > 0 ? (bits.length << 6) - 1 : few[size - 1] >> 1;
    int words = (Math.max(highest, slot) >> 6) + 1;
    var all = Arrays.copyOf(bits, words);
    var allUsed = Arrays.copyOf(used, words);
    for (char one : few) {
      int other = one >> 1;
      all[other >> 6] |= 1L << other;
      allUsed[other >> 6] |= (long) (one & 1) << other;
    }
    all[slot >> 6] |= 1L << slot;
    return new HolderSet(key, size + 1, NO_FEW, all, allUsed);
  }

  /** This set without a slot that it has. */
  HolderSet without(int slot) {
    if (bits.length == 0) {
      int at = position(slot);
      var rest = Arrays.copyOf(few, size - 1);
      System.arraycopy(few, at + 1, rest, at, size - 1 - at);
      return new HolderSet(key, rest);
    }
    var rest = bits.clone();
    rest[slot >> 6] &= ~(1L << slot);
    if (size - 1 <= FEW * 2 / 3) {
      return new HolderSet(key, list(rest, used, size - 1));
    }
    var restUsed = used.clone();
    restUsed[slot >> 6] &= ~(1L << slot);
    return new HolderSet(key, size - 1, NO_FEW, rest, restUsed);
  }

  /** Whether the slots fit a word with room to spare. */
  boolean fitsWord() {
    return size < HolderWord.INLINE;
  }

  /** The slots as a cell's word; only of a set that fits. */
  long word(int stamp) {
    assert size <= HolderWord.INLINE && bits.length == 0 : size;
    long word = 0;
    for (int i = 0; i < size; i++) {
      word = HolderWord.with(word, few[i] >> 1, stamp);
      word = (few[i] & 1) != 0 ? HolderWord.use(word, i) : word;
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
    for (char one : few) {
      int slot = one >> 1;
      int i = slot >> 6;
      if (i < words) {
        out[i] |= in[i] & (1L << slot);
      }
    }
  }

  int bytes() {
    return bits.length > 0
        ? OBJECT_BYTES + 2 * (ARRAY_BYTES + bits.length * Long.BYTES)
        : OBJECT_BYTES + ARRAY_BYTES + ((few.length * Character.BYTES + 7) & ~7);
  }

  private static char[] list(long[] bits, long[] used, int size) {
    var few = new char[size];
    int n = 0;
    for (int i = 0; i < bits.length; i++) {
      for (long rest = bits[i]; rest != 0; rest &= rest - 1) {
        int slot = (i << 6) | Long.numberOfTrailingZeros(rest);
        few[n++] = entry(slot, isSet(used, slot));
      }
    }
    return few;
  }
}
