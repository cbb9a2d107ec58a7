package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;

/**
 * Prefers endpoints with few tokens to prefill: {@code 1 − min(t, T) / T}, where t are the tokens
 * that wait there for their prefill and those of this request that are not cached there.
 */
public final class TokenLoadScorer implements Scorer {

  /** Type in configuration. */
  public static final String TYPE = "token-load-scorer";

  private final long thresholdTokens;

  /**
   * A scorer.
   *
   * @param thresholdTokens T: tokens from which on the score is 0, at least 1
   */
  public TokenLoadScorer(long thresholdTokens) {
    this.thresholdTokens = thresholdTokens;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    var inFlight = context.inFlight();
    for (int i = 0; i < candidates.count(); i++) {
      int own = context.promptTokens() - context.cachedTokens(candidates, i);
      long waiting = inFlight.pendingPrefillTokens(candidates.slot(i));
      long tokens = waiting + own;
      scores[i] = 1 - Math.min(tokens, thresholdTokens) / (double) thresholdTokens;
    }
  }
}
