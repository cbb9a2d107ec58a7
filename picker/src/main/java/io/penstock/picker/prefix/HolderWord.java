package io.penstock.picker.prefix;

/**
 * The second word of a cell: who holds the block, who of them has used it, and when it was last
 * used by anybody. Functions over a long; no state.
 *
 * <pre>
 *  63 pooled | 62..61 count | 60..58 used | 57..42 stamp | 41..0 three slots or a handle
 *  0 0 0 1 0 0              (trail)       | 57..42 stamp | 41..28 slot | 27..0 position
 * </pre>
 *
 * <ul>
 *   <li>{@code pooled}: the low bits are a handle of {@link HolderSets}; else they are {@code
 *       count} slots of 14 bits, 1 to 3 of them. 0 is no word.
 *   <li>{@code used}: bit {@code i} is the use by slot {@code i} of the word, see {@link #use}. The
 *       sets of the pool have bits of their own.
 *   <li>A trail: the block, and those after it in its chain that have no cell, are held by one slot
 *       only, and lie one behind the other in its ring, from the position down ({@link SlotRing}).
 *   <li>The stamp is the coarse time of the last use modulo 2^16. Comparing takes the shorter way
 *       round, so that ages up to 32,767 ticks (9 hours of seconds) are told apart; an older block
 *       may pass for a young one, and gets one second chance too many.
 * </ul>
 */
final class HolderWord {

  /** Most slots in a word. */
  static final int INLINE = 3;

  static final int STAMP_MASK = (1 << 16) - 1;

  private static final long POOLED = 1L << 63;
  private static final int COUNT_SHIFT = 61;
  private static final int USED_SHIFT = 58;
  private static final int STAMP_SHIFT = 42;
  private static final long STAMP_BITS = (long) STAMP_MASK << STAMP_SHIFT;
  private static final int SLOT_BITS = 14;
  private static final int SLOT_MASK = (1 << SLOT_BITS) - 1;
  private static final int TRAIL_SHIFT = 60;
  private static final long TRAIL = 1L << TRAIL_SHIFT;
  private static final int TRAIL_SLOT_SHIFT = SlotRing.POSITION_BITS;

  private HolderWord() {}

  static boolean pooled(long word) {
    return (word & POOLED) != 0;
  }

  /** Number of slots in a word that is not pooled. */
  static int count(long word) {
    return (int) (word >>> COUNT_SHIFT) & 3;
  }

  static int stamp(long word) {
    return (int) (word >>> STAMP_SHIFT) & STAMP_MASK;
  }

  static long withStamp(long word, int stamp) {
    return (word & ~STAMP_BITS) | ((long) stamp << STAMP_SHIFT);
  }

  /** Ticks from {@code stamp} to {@code now}; 0 when the stamp is ahead. */
  static int age(int stamp, int now) {
    int distance = (now - stamp) & STAMP_MASK;
    return distance > STAMP_MASK / 2 ? 0 : distance;
  }

  /** The stamp half-way between an earlier one and now. */
  static int midway(int stamp, int now) {
    return (stamp + age(stamp, now) / 2) & STAMP_MASK;
  }

  static boolean newer(int stamp, int than) {
    return age(than, stamp) > 0;
  }

  static int slot(long word, int position) {
    return (int) (word >>> (position * SLOT_BITS)) & SLOT_MASK;
  }

  /** Where a word that is not pooled names the slot; -1 when it does not. */
  static int position(long word, int slot) {
    for (int i = count(word) - 1; i >= 0; i--) {
      if (slot(word, i) == slot) {
        return i;
      }
    }
    return -1;
  }

  /** Adds those slots of a bitmap that a word, which is not pooled, names to another one. */
  static void intersect(long word, long[] in, long[] out, int words) {
    for (int i = count(word) - 1; i >= 0; i--) {
      int slot = slot(word, i);
      if (slot >> 6 < words) {
        out[slot >> 6] |= in[slot >> 6] & (1L << slot);
      }
    }
  }

  /** Whether the slot at a position has used the block since it was last asked to leave. */
  static boolean used(long word, int position) {
    return (word & (1L << (USED_SHIFT + position))) != 0;
  }

  /** The word with a note that the slot at a position has used the block. */
  static long use(long word, int position) {
    return word | (1L << (USED_SHIFT + position));
  }

  /** The word without that note. */
  static long unuse(long word, int position) {
    return word & ~(1L << (USED_SHIFT + position));
  }

  /**
   * A word of fewer than {@link #INLINE} slots, or 0, with one slot more, which has not used it.
   */
  static long with(long word, int slot, int stamp) {
    long named = word | ((long) slot << (count(word) * SLOT_BITS));
    return withStamp(named, stamp) + (1L << COUNT_SHIFT);
  }

  /** A word that names a slot at a position, without it; its count may be 0 then. */
  static long without(long word, int position) {
    long rest = withStamp(0, stamp(word));
    int kept = 0;
    for (int i = 0; i < count(word); i++) {
      if (i != position) {
        rest = with(rest, slot(word, i), stamp(word));
        rest = used(word, i) ? use(rest, kept) : rest;
        kept++;
      }
    }
    return rest;
  }

  /** The word of a trail whose first block is at a position of a slot's ring. */
  static long trail(int slot, int position, int stamp) {
    return TRAIL | ((long) stamp << STAMP_SHIFT) | ((long) slot << TRAIL_SLOT_SHIFT) | position;
  }

  static boolean isTrail(long word) {
    return word >>> TRAIL_SHIFT == 1;
  }

  static int trailSlot(long word) {
    return (int) (word >>> TRAIL_SLOT_SHIFT) & SLOT_MASK;
  }

  static int trailPosition(long word) {
    return (int) word & (SlotRing.POSITIONS - 1);
  }

  /** The holders are in the pool, under a handle of {@link HolderSets#keep}. */
  static long pooled(int handle, int stamp) {
    return POOLED | ((long) stamp << STAMP_SHIFT) | handle;
  }

  static int handle(long word) {
    return (int) word;
  }
}
