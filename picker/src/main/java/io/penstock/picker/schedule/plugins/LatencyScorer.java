package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;

/**
 * Scores by how far predicted latencies are from those that the request asks for.
 *
 * <p>Only one group of endpoints scores more than 0: those that keep both promises, else those of
 * the others that have nothing in flight, else the first that is not empty of those that break the
 * second promise only, the first only, both. Within the group the two distances are scaled to 0 to
 * 1 and weighed; one that is equal for all has no weight. The nearest to what is asked for is best,
 * or the farthest below it.
 */
public final class LatencyScorer implements Scorer {

  /** Type in configuration. */
  public static final String TYPE = "latency-scorer";

  private static final double EQUAL = 1e-9;
  private static final int KEPT = 0;
  private static final int IDLE = 1;
  private static final int LATE_TOKENS = 2;
  private static final int LATE_FIRST = 3;
  private static final int LATE_BOTH = 4;

  private final LatencyHeadroom headroom;
  private final double ttftWeight;
  private final double tpotWeight;
  private final boolean most;

  /**
   * A scorer.
   *
   * @param ttftWeight of the time to first token, 0 or more
   * @param tpotWeight of the time per output token, 0 or more
   * @param most whether the most headroom is best, rather than the least
   */
  public LatencyScorer(
      LatencyHeadroom headroom, double ttftWeight, double tpotWeight, boolean most) {
    this.headroom = headroom;
    this.ttftWeight = ttftWeight;
    this.tpotWeight = tpotWeight;
    this.most = most;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    int count = candidates.count();
    var distances = context.doubles(2 * count);
    int group = distances(context, candidates, distances);
    double ttftMin = Double.POSITIVE_INFINITY;
    double ttftMax = 0;
    double tpotMin = Double.POSITIVE_INFINITY;
    double tpotMax = 0;
    for (int i = 0; i < count; i++) {
      if (group(context, candidates, i, distances[i], distances[count + i]) == group) {
        ttftMin = Math.min(ttftMin, Math.abs(distances[i]));
        ttftMax = Math.max(ttftMax, Math.abs(distances[i]));
        tpotMin = Math.min(tpotMin, Math.abs(distances[count + i]));
        tpotMax = Math.max(tpotMax, Math.abs(distances[count + i]));
      }
    }
    double sum = ttftWeight + tpotWeight;
    double alpha = sum > 0 ? ttftWeight / sum : 0.5;
    double beta = sum > 0 ? tpotWeight / sum : 0.5;
    if (ttftMax - ttftMin <= EQUAL) {
      alpha = 0;
      beta = 1;
    }
    if (tpotMax - tpotMin <= EQUAL) {
      alpha = 1;
      beta = 0;
    }
    for (int i = 0; i < count; i++) {
      double ttft = distances[i];
      double tpot = distances[count + i];
      if (group(context, candidates, i, ttft, tpot) == group) {
        double combined =
            alpha * scaled(Math.abs(ttft), ttftMin, ttftMax)
                + beta * scaled(Math.abs(tpot), tpotMin, tpotMax);
        double wanted = most && group == KEPT ? combined : 1 - combined;
        scores[i] = ((int) (wanted * 100) + 1) / 100.0;
      }
    }
  }

  /** Fills the distances in and says which group scores. */
  private int distances(SchedulingContext context, Candidates candidates, double[] distances) {
    int count = candidates.count();
    double askedTtft = LatencyHeadroom.askedTtft(context);
    double askedTpot = headroom.askedTpot(context);
    int best = LATE_BOTH;
    for (int i = 0; i < count; i++) {
      distances[i] = LatencyHeadroom.ttft(context, candidates, i, askedTtft);
      distances[count + i] = headroom.tpot(context, candidates, i, askedTpot);
      best = Math.min(best, group(context, candidates, i, distances[i], distances[count + i]));
    }
    return best;
  }

  private static int group(
      SchedulingContext context, Candidates candidates, int i, double ttft, double tpot) {
    if (ttft >= 0 && tpot >= 0) {
      return KEPT;
    }
    if (context.inFlight().requests(candidates.slot(i)) == 0) {
      return IDLE;
    }
    if (ttft >= 0) {
      return LATE_TOKENS;
    }
    return tpot >= 0 ? LATE_FIRST : LATE_BOTH;
  }

  private static double scaled(double value, double min, double max) {
    return max - min <= EQUAL ? 0.5 : (value - min) / (max - min);
  }
}
