package io.penstock.picker.schedule.plugins;

/** Turns amounts into scores, the least amount the best. Pure function. */
final class LeastIsBest {

  private LeastIsBest() {}

  /** In place: {@code (max − x) / (max − min)}; 1 for all when all are equal. */
  static void scale(double[] amounts, int count) {
    double min = Double.POSITIVE_INFINITY;
    double max = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      // Compared, not Math.min: nothing here is NaN, and a branch that is nearly never taken costs
      // less.
      double amount = amounts[i];
      if (amount < min) {
        min = amount;
      }
      if (amount > max) {
        max = amount;
      }
    }
    double range = max - min;
    for (int i = 0; i < count; i++) {
      amounts[i] = range > 0 ? (max - amounts[i]) / range : 1;
    }
  }
}
