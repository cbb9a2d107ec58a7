package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;

/**
 * Prefers endpoints that hold the beginning of the prompt: {@code w·min(1, matched/scale)² +
 * (1−w)·matched/total}, the first in tokens and the second in blocks.
 */
public final class PrefixCacheScorer implements Scorer {

  /** Type in configuration. */
  public static final String TYPE = "prefix-cache-scorer";

  private final PrefixMatch match;
  private final double lengthWeight;
  private final double scaleTokens;

  /**
   * A scorer.
   *
   * @param lengthWeight w, 0 to 1: how much the matched length counts beside the matched share
   * @param scaleTokens matched tokens for which the length counts in full, above 0
   */
  public PrefixCacheScorer(PrefixMatch match, double lengthWeight, double scaleTokens) {
    this.match = match;
    this.lengthWeight = lengthWeight;
    this.scaleTokens = scaleTokens;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    int total = match.total(context);
    if (total == 0) {
      return;
    }
    for (int i = 0; i < candidates.count(); i++) {
      int matched = match.matched(candidates, i);
      if (matched == 0) {
        continue; // 0, without two divisions
      }
      double length = Math.min(1, matched * PrefixMatch.BLOCK_TOKENS / scaleTokens);
      scores[i] = lengthWeight * length * length + (1 - lengthWeight) * matched / total;
    }
  }
}
