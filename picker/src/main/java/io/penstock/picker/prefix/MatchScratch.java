package io.penstock.picker.prefix;

import java.util.random.RandomGenerator;

/**
 * Working memory of {@link PrefixIndex#match}, so that a match allocates nothing. Confined to one
 * thread; made by {@link PrefixIndex#scratch}, one per event loop.
 */
public final class MatchScratch {

  final RandomGenerator random;

  MatchScratch(RandomGenerator random) {
    this.random = random;
  }
}
