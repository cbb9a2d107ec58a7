package io.penstock.picker.schedule;

/** Says how much each candidate is wanted. */
public interface Scorer extends ProfilePlugin {

  /**
   * Scores every candidate.
   *
   * @param scores receives at {@code i} the score of candidate {@code i}, 0 to 1, higher is better;
   *     what lies outside is clamped. All 0 at the start
   */
  void score(SchedulingContext context, Candidates candidates, double[] scores);
}
