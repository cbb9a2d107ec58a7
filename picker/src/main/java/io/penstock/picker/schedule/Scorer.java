package io.penstock.picker.schedule;

/** Says how much each candidate is wanted. */
public interface Scorer {

  /** The plugin's type as configuration and decision records name it. */
  String type();

  /**
   * Scores every candidate.
   *
   * @param scores receives at {@code i} the score of candidate {@code i}, 0 to 1, higher is better;
   *     what lies outside is clamped. All 0 at the start
   */
  void score(SchedulingContext context, Candidates candidates, double[] scores);
}
