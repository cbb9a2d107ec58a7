package io.penstock.picker.schedule;

import java.util.List;

/** Ranks the candidates. */
public interface Picker {

  /** The plugin's type as configuration and decision records name it. */
  String type();

  /**
   * Names of the columns that this picker writes for decision records, in the order of {@link
   * Candidates#term}; none by default.
   */
  default List<String> terms() {
    return List.of();
  }

  /**
   * Ranks candidates by {@link Candidates#rankByScore} or {@link Candidates#promote}, the best
   * first; never called without candidates. {@link Candidates#scores} has the weighted sums of the
   * profile's scorers.
   *
   * @param firstTerm index of the first column of {@link #terms}
   */
  void pick(SchedulingContext context, Candidates candidates, int firstTerm);
}
