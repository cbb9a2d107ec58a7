package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * Keeps the endpoints that hold at least a given share of the prompt, the sticky ones, where there
 * are any; but all, where the least busy of the others would answer sooner by more than the
 * penalty, and now and then to explore.
 *
 * <p>How soon an endpoint answers is taken to be what waits there for its prefill by the peak
 * throughput of a prefill, or is forecast.
 */
public final class PrefixCacheAffinityFilter implements Filter {

  /** Type in configuration. */
  public static final String TYPE = "prefix-cache-affinity-filter";

  /** In place of a throughput: how soon an endpoint answers is forecast. */
  public static final double PREDICTED = Double.POSITIVE_INFINITY;

  private static final double MILLIS = 1_000;

  private final PrefixMatch match;
  private final double affinityThreshold;
  private final double explorationProbability;
  private final double maxPenaltyMillis;
  private final double tokensPerSecond;

  /**
   * A filter.
   *
   * @param affinityThreshold share of the prompt, 0 to 1, that a sticky endpoint holds; 0 or less
   *     keeps all
   * @param explorationProbability how often all are kept, 0 to 1
   * @param maxPenaltyMillis 0: the sticky ones are kept whatever waits there
   * @param tokensPerSecond of a prefill, above 0; {@link #PREDICTED}: by the forecast instead
   */
  public PrefixCacheAffinityFilter(
      PrefixMatch match,
      double affinityThreshold,
      double explorationProbability,
      double maxPenaltyMillis,
      double tokensPerSecond) {
    this.match = match;
    this.affinityThreshold = affinityThreshold;
    this.explorationProbability = explorationProbability;
    this.maxPenaltyMillis = maxPenaltyMillis;
    this.tokensPerSecond = tokensPerSecond;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    if (affinityThreshold <= 0
        || (explorationProbability > 0 && context.random().nextDouble() < explorationProbability)) {
      return;
    }
    double sticky = Double.POSITIVE_INFINITY;
    double others = Double.POSITIVE_INFINITY;
    for (int i = 0; i < candidates.count(); i++) {
      double millis = millisToFirstToken(context, candidates, i);
      if (match.share(context, candidates, i) >= affinityThreshold) {
        sticky = Math.min(sticky, millis);
      } else {
        others = Math.min(others, millis);
        candidates.drop(i);
      }
    }
    if (candidates.remaining() == 0
        || (maxPenaltyMillis > 0 && sticky - others > maxPenaltyMillis)) {
      candidates.keepAll();
    }
  }

  private double millisToFirstToken(SchedulingContext context, Candidates candidates, int i) {
    if (tokensPerSecond == PREDICTED) {
      return LatencyHeadroom.predictedTtft(context, candidates, i);
    }
    int slot = candidates.slot(i);
    return context.inFlight().pendingPrefillTokens(slot) / tokensPerSecond * MILLIS;
  }
}
