package io.penstock.picker.quality;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Errors of one kind of prediction: how many were of which size, sums, and the newest {@value
 * #RECENT} one by one. Written by the control thread; read racily by anyone, so that a reader may
 * see an error in one of its places and not yet in another. About 1 KB.
 */
public final class ErrorHistogram {

  /** Errors that quantiles and the bias are of. */
  public static final int RECENT = 128;

  private static final int PREDICTED = 0;
  private static final int ACTUAL = 1;
  private static final int ABSOLUTE = 2;

  private final double[] bounds;
  private final AtomicLongArray counts;
  private final AtomicLongArray sums = new AtomicLongArray(3);
  private final AtomicIntegerArray recent = new AtomicIntegerArray(RECENT);
  private volatile long total;

  /**
   * No errors yet.
   *
   * @param bounds upper bounds of absolute errors, ascending; above the last is one more bucket
   */
  ErrorHistogram(double[] bounds) {
    this.bounds = bounds;
    this.counts = new AtomicLongArray(bounds.length + 1);
  }

  /** Takes in a prediction and what came of it. Control thread. */
  void add(double predicted, double actual) {
    double error = actual - predicted;
    double absolute = Math.abs(error);
    int bucket = 0;
    while (bucket < bounds.length && absolute > bounds[bucket]) {
      bucket++;
    }
    counts.setOpaque(bucket, counts.getPlain(bucket) + 1);
    sum(PREDICTED, predicted);
    sum(ACTUAL, actual);
    sum(ABSOLUTE, absolute);
    long before = total;
    recent.setOpaque((int) (before % RECENT), Float.floatToRawIntBits((float) error));
    total = before + 1;
  }

  private void sum(int which, double more) {
    double before = Double.longBitsToDouble(sums.getPlain(which));
    sums.setOpaque(which, Double.doubleToRawLongBits(before + more));
  }

  /** Predictions taken in. */
  public long count() {
    return total;
  }

  /** Upper bounds of the buckets, but for the last. */
  double[] bounds() {
    return bounds.clone();
  }

  /** Errors of each bucket, one more than there are bounds. */
  long[] counts() {
    long[] copy = new long[bounds.length + 1];
    Arrays.setAll(copy, counts::getOpaque);
    return copy;
  }

  /** Sum of what was predicted. */
  public double predicted() {
    return Double.longBitsToDouble(sums.getOpaque(PREDICTED));
  }

  /** Sum of what came. */
  public double actual() {
    return Double.longBitsToDouble(sums.getOpaque(ACTUAL));
  }

  /** Sum of the absolute errors. */
  double absolute() {
    return Double.longBitsToDouble(sums.getOpaque(ABSOLUTE));
  }

  /**
   * The absolute error that a share of the newest does not exceed; NaN while there is none.
   *
   * @param share 0 to 1
   */
  public double quantile(double share) {
    double[] errors = recent();
    if (errors.length == 0) {
      return Double.NaN;
    }
    for (int i = 0; i < errors.length; i++) {
      errors[i] = Math.abs(errors[i]);
    }
    Arrays.sort(errors);
    return errors[(int) Math.ceil(share * errors.length) - 1];
  }

  /** Mean of the newest errors, above 0 where more came than was predicted; NaN without any. */
  public double bias() {
    double[] errors = recent();
    return errors.length == 0 ? Double.NaN : Arrays.stream(errors).sum() / errors.length;
  }

  private double[] recent() {
    double[] errors = new double[(int) Math.min(total, RECENT)];
    for (int i = 0; i < errors.length; i++) {
      errors[i] = Float.intBitsToFloat(recent.getOpaque(i));
    }
    return errors;
  }
}
