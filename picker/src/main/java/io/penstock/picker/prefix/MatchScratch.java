package io.penstock.picker.prefix;

import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Working memory of {@link PrefixIndex#match}, so that a match allocates nothing. Confined to one
 * thread; made by {@link PrefixIndex#scratch}, one per event loop.
 */
public final class MatchScratch {

  /** Deepest nesting of a search: one for each halving of the longest chain, and the first two. */
  private static final int LEVELS = Integer.SIZE + 2;

  final RandomGenerator random;

  /** By slot: blocks it was found to hold; of the candidates of this match only. */
  final int[] depth;

  private final long[] @Nullable [] levels = new long[LEVELS][];
  private final int words;

  MatchScratch(int slots, RandomGenerator random) {
    this.random = random;
    this.depth = new int[slots];
    this.words = (slots >> 6) + 1;
  }

  /** A bitmap of slots for one level of nesting; kept from match to match. */
  long[] level(int level) {
    var bitmap = levels[level];
    if (bitmap == null) {
      bitmap = new long[words];
      levels[level] = bitmap;
    }
    return bitmap;
  }
}
