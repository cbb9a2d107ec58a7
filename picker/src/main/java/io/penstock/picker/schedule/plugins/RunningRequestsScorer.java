package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;

/**
 * The fewer requests run there, the better: {@code (max − r) / (max − min)} over the candidates; 1
 * for all when all are equal.
 */
public final class RunningRequestsScorer implements Scorer {

  /** Type in configuration. */
  public static final String TYPE = "running-requests-size-scorer";

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    for (int i = 0; i < candidates.count(); i++) {
      scores[i] = EngineView.running(context, candidates.slot(i));
    }
    LeastIsBest.scale(scores, candidates.count());
  }
}
