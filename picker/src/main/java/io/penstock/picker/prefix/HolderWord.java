package io.penstock.picker.prefix;

/**
 * The second word of a cell: who holds the block, and when it was last used. Functions over a long;
 * no state.
 *
 * <pre>
 *  63 unused | 62 pooled | 61 unused | 60..59 count | 58..42 stamp | 41..0 three slots or a handle
 * </pre>
 *
 * <ul>
 *   <li>{@code pooled}: the low bits are a handle of {@link HolderSets}; else they are {@code
 *       count} slots of 14 bits, 1 to 3 of them. 0 is no word.
 *   <li>The stamp is the coarse time of the last use modulo 2^17. Comparing takes the shorter way
 *       round, so that ages up to 65,535 ticks (18 hours of seconds) are told apart; an older block
 *       may pass for a young one, and gets one second chance too many.
 * </ul>
 */
final class HolderWord {

  /** Most slots in a word. */
  static final int INLINE = 3;

  static final int STAMP_MASK = (1 << 17) - 1;

  private static final long POOLED = 1L << 62;
  private static final int COUNT_SHIFT = 59;
  private static final int STAMP_SHIFT = 42;
  private static final long STAMP_BITS = (long) STAMP_MASK << STAMP_SHIFT;
  private static final long PAYLOAD = (1L << STAMP_SHIFT) - 1;
  private static final int SLOT_BITS = 14;
  private static final int SLOT_MASK = (1 << SLOT_BITS) - 1;

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

  /** Whether a word that is not pooled names the slot. */
  static boolean has(long word, int slot) {
    int count = count(word);
    return (count > 0 && slot(word, 0) == slot)
        || (count > 1 && slot(word, 1) == slot)
        || (count > 2 && slot(word, 2) == slot);
  }

  /** A word of fewer than {@link #INLINE} slots, or 0, with one slot more. */
  static long with(long word, int slot, int stamp) {
    int count = count(word);
    long slots = (word & PAYLOAD) | ((long) slot << (count * SLOT_BITS));
    return of(count + 1, slots, stamp);
  }

  /** A word that names the slot, without it; its count may be 0 then. */
  static long without(long word, int slot) {
    long slots = 0;
    int kept = 0;
    for (int i = 0; i < count(word); i++) {
      int other = slot(word, i);
      if (other != slot) {
        slots |= (long) other << (kept++ * SLOT_BITS);
      }
    }
    return of(kept, slots, stamp(word));
  }

  /** The holders are in the pool, under a handle of {@link HolderSets#keep}. */
  static long pooled(int handle, int stamp) {
    return POOLED | ((long) stamp << STAMP_SHIFT) | handle;
  }

  static int handle(long word) {
    return (int) word;
  }

  private static long of(int count, long slots, int stamp) {
    return ((long) count << COUNT_SHIFT) | ((long) stamp << STAMP_SHIFT) | slots;
  }
}
