package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * How much of a prompt is compared with what endpoints hold. Immutable.
 *
 * @param mostBlocks leading blocks that are looked at, at least 1
 */
public record PrefixMatch(int mostBlocks) {

  /** Tokens of a block, by which llm-d's parameters are counted. */
  public static final int BLOCK_TOKENS = 64;

  /** Blocks of the prompt that are compared. */
  int total(SchedulingContext context) {
    return Math.min(context.request().keys().blocks(), mostBlocks);
  }

  /** How many of them, from the first on without a gap, candidate {@code i} holds. */
  int matched(Candidates candidates, int i) {
    return Math.min(candidates.cachedBlocks(i), mostBlocks);
  }

  /** The matched share, 0 to 1; 0 for a prompt that is shorter than a block. */
  double share(SchedulingContext context, Candidates candidates, int i) {
    int total = total(context);
    return total == 0 ? 0 : matched(candidates, i) / (double) total;
  }
}
