package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;

/** Half a point for an empty queue, nothing for one at the threshold, linear between. */
public final class LoadAwareScorer implements Scorer {

  /** Type in configuration. */
  public static final String TYPE = "load-aware-scorer";

  private final int threshold;

  /**
   * A scorer.
   *
   * @param threshold waiting requests from which on the score is 0, at least 1
   */
  public LoadAwareScorer(int threshold) {
    this.threshold = threshold;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    for (int i = 0; i < candidates.count(); i++) {
      int waiting = Math.min(EngineView.waiting(context, candidates.slot(i)), threshold);
      scores[i] = 0.5 * (1 - waiting / (double) threshold);
    }
  }
}
