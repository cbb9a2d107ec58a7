package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;

/**
 * Prefers endpoints with few requests in flight from here: 1 while there are no more than {@code
 * idleThreshold}, else {@code (max − count) / max · maxBusyScore}.
 */
public final class ActiveRequestScorer implements Scorer {

  /** Type in configuration. */
  public static final String TYPE = "active-request-scorer";

  private final int idleThreshold;
  private final double maxBusyScore;

  /**
   * A scorer.
   *
   * @param idleThreshold requests in flight of an endpoint that counts as idle, at least 0
   * @param maxBusyScore upper bound of the score of one that does not, 0 to 1
   */
  public ActiveRequestScorer(int idleThreshold, double maxBusyScore) {
    this.idleThreshold = idleThreshold;
    this.maxBusyScore = maxBusyScore;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    var inFlight = context.inFlight();
    int max = 0;
    for (int i = 0; i < candidates.count(); i++) {
      max = Math.max(max, inFlight.requests(candidates.slot(i)));
    }
    for (int i = 0; i < candidates.count(); i++) {
      int count = inFlight.requests(candidates.slot(i));
      scores[i] = count <= idleThreshold ? 1 : (max - count) / (double) max * maxBusyScore;
    }
  }
}
