package io.penstock.simulator.engine;

import java.util.Arrays;

/**
 * Counts of observations by upper bound.
 *
 * <p>Confined to the engine's thread; readers there see it move.
 */
public final class Histogram {

  private final double[] bounds;
  private final long[] counts; // one more than bounds: what lies above all of them
  private double sum;
  private long count;

  /** Upper bounds, ascending, without the infinite one; shared, never changed. */
  Histogram(double[] bounds) {
    this.bounds = bounds;
    counts = new long[bounds.length + 1];
  }

  void observe(double value) {
    int at = Arrays.binarySearch(bounds, value);
    counts[at >= 0 ? at : -at - 1]++;
    sum += value;
    count++;
  }

  /** Number of finite bounds. */
  public int boundCount() {
    return bounds.length;
  }

  /** Finite upper bound {@code at}, inclusive. */
  public double bound(int at) {
    return bounds[at];
  }

  /** Observations in bucket {@code at} alone; the one at {@link #boundCount} is unbounded. */
  public long bucket(int at) {
    return counts[at];
  }

  /** Sum of all observations. */
  public double sum() {
    return sum;
  }

  /** Number of observations. */
  public long count() {
    return count;
  }
}
