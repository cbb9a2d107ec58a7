package io.penstock.picker.objective;

/**
 * A model that requests are sent to in place of the one they name. Immutable.
 *
 * @param model what the engine is asked for
 * @param weight share of the requests among the targets beside it, 1 to {@link #MAX_WEIGHT}, or
 *     {@link #NO_WEIGHT}
 */
public record RewriteTarget(String model, int weight) {

  /** The weight that stands for none: where no target has one all get the same. */
  public static final int NO_WEIGHT = 0;

  /** The greatest weight. */
  public static final int MAX_WEIGHT = 1_000_000;

  /** Refuses an empty model and a weight out of its bounds. */
  public RewriteTarget {
    if (model.isEmpty()) {
      throw new IllegalArgumentException("a target names no model");
    }
    if (weight < 0 || weight > MAX_WEIGHT) {
      throw new IllegalArgumentException(
          "the weight of target " + model + " is " + weight + ", allowed: 1 to " + MAX_WEIGHT);
    }
  }
}
