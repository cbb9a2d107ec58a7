package io.penstock.picker.cost;

/**
 * Numbers of observations, as far as they matter: a mean gives each next one a share of one in so
 * many, and always some hundredths. Pure functions.
 */
final class ObservationCount {

  /** All beyond are the same: one in as many is less than any mean's least share. */
  private static final int MOST = 1_000;

  private ObservationCount() {}

  /** One more than that, at most {@link #MOST}, so that no number of observations overflows. */
  static int next(int count) {
    return count < MOST ? count + 1 : MOST;
  }
}
