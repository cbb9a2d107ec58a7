package io.penstock.picker.schedule.plugins;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which session is bound to which slot, and when it was last seen. Shared by all event loops
 * without a lock; bounded: 65,536 sessions, 512 KB.
 *
 * <p>A cache of 4 entries to a set, each one word: 28 bits of the session's hash beyond those that
 * choose the set, 14 bits of slot plus one bit that says the entry is taken, 21 bits of seconds. A
 * session that finds its set full takes the place of the one that was seen longest ago. Two loops
 * that bind the same session at once leave one of the two bindings, or both, of which the first
 * found counts.
 */
final class SessionBindings {

  /** No binding. */
  static final int NONE = -1;

  private static final int WAYS = 4;
  private static final int SETS = 1 << 14;
  private static final int SLOT_BITS = 14;
  private static final int TIME_BITS = 21;
  private static final long TIME_MASK = (1L << TIME_BITS) - 1;

  /** How far ahead of its reader's time an entry may be: loops read their clocks before it. */
  private static final long SKEW_SECONDS = 60;

  private static final int TAKEN_SHIFT = TIME_BITS + SLOT_BITS;
  private static final int TAG_SHIFT = TAKEN_SHIFT + 1;

  private final AtomicLongArray entries = new AtomicLongArray(SETS * WAYS);
  private final long ttlSeconds;

  /**
   * Nothing is bound.
   *
   * @param ttlSeconds after which a session that is not seen is forgotten, 1 to 1,000,000
   */
  SessionBindings(long ttlSeconds) {
    this.ttlSeconds = ttlSeconds;
  }

  /** The session's slot, {@link #NONE} when it has none or was not seen for long. */
  int slot(long session, long nowSeconds) {
    int first = first(session);
    for (int way = first; way < first + WAYS; way++) {
      long entry = entries.getOpaque(way);
      if (isOf(entry, session) && age(entry, nowSeconds) <= ttlSeconds) {
        return (int) (entry >>> TIME_BITS) & ((1 << SLOT_BITS) - 1);
      }
    }
    return NONE;
  }

  /** The session is seen now, and bound to that slot. */
  void bind(long session, int slot, long nowSeconds) {
    int first = first(session);
    int oldest = first;
    long oldestAge = -1;
    for (int way = first; way < first + WAYS; way++) {
      long entry = entries.getOpaque(way);
      if (isOf(entry, session)) {
        oldest = way;
        break;
      }
      long age = taken(entry) ? age(entry, nowSeconds) : Long.MAX_VALUE;
      if (age > oldestAge) {
        oldestAge = age;
        oldest = way;
      }
    }
    entries.setOpaque(
        oldest,
        (tag(session) << TAG_SHIFT)
            | (1L << TAKEN_SHIFT)
            | ((long) slot << TIME_BITS)
            | (nowSeconds & TIME_MASK));
  }

  private static int first(long session) {
    return (int) (session & (SETS - 1)) * WAYS;
  }

  /** What the choice of the set leaves of the hash, as far as it fits. */
  private static long tag(long session) {
    return session >>> TAG_SHIFT;
  }

  private static boolean isOf(long entry, long session) {
    return taken(entry) && (entry >>> TAG_SHIFT) == tag(session);
  }

  private static boolean taken(long entry) {
    return ((entry >>> TAKEN_SHIFT) & 1) != 0;
  }

  /** Seconds; 0 too for what a loop with a later clock has just written. */
  private static long age(long entry, long nowSeconds) {
    long age = (nowSeconds - entry) & TIME_MASK;
    return age > TIME_MASK - SKEW_SECONDS ? 0 : age;
  }
}
