package io.penstock.picker.cost;

/**
 * Fits {@code y ≈ Σ θ_j·x_j} to a stream of observations: least squares of the relative error,
 * forgetting, pulled towards a prior. Owned by the control thread.
 *
 * <p>With weights {@code w = 1/max(ŷ, floor)²} and a memory λ, given with each observation, it
 * keeps {@code A ← λ·A + w·x·xᵀ} and {@code b ← λ·b + w·y·x}, and solves {@code (A + R)·θ = b +
 * R·θ₀} with {@code R = diag(0.05/θ₀²)}: a rate that the observations say nothing about stays at
 * its prior θ₀. An observation further than a factor of 3 from what was expected counts as that
 * factor, so that one outlier moves little and a wrong prior is left in a few steps. Every rate
 * stays within {@code θ₀/100} and {@code 30·θ₀}. A step costs some 50 multiplications.
 */
final class RateEstimator {

  private static final double PULL = 0.05;
  private static final double OUTLIER = 3;
  private static final double LEAST = 0.01;
  private static final double MOST = 30;

  private final double[] prior;
  private final double floor;
  private final double[] rates;
  private final double[][] a;
  private final double[] b;

  /**
   * Starts at the prior.
   *
   * @param floor a {@code y} below this is not told from this one
   * @param prior a rate for each x, above 0
   */
  RateEstimator(double floor, double... prior) {
    this.prior = prior.clone();
    this.floor = floor;
    this.rates = prior.clone();
    this.a = new double[prior.length][prior.length];
    this.b = new double[prior.length];
  }

  double rate(int j) {
    return rates[j];
  }

  double expect(double... x) {
    double sum = 0;
    for (int j = 0; j < x.length; j++) {
      sum += rates[j] * x[j];
    }
    return sum;
  }

  void observe(double memory, double y, double... x) {
    double expected = expect(x);
    double bounded = Math.clamp(y, expected / OUTLIER, expected * OUTLIER);
    double scale = Math.max(expected, floor);
    double weight = 1 / (scale * scale);
    for (int j = 0; j < x.length; j++) {
      for (int k = 0; k < x.length; k++) {
        a[j][k] = memory * a[j][k] + weight * x[j] * x[k];
      }
      b[j] = memory * b[j] + weight * bounded * x[j];
    }
    solve();
  }

  /** Gaussian elimination in units of the prior; the pull keeps every pivot above 0. */
  private void solve() {
    int n = prior.length;
    double[][] m = new double[n][n + 1];
    for (int j = 0; j < n; j++) {
      for (int k = 0; k < n; k++) {
        m[j][k] = a[j][k] * prior[j] * prior[k] + (j == k ? PULL : 0);
      }
      m[j][n] = b[j] * prior[j] + PULL;
    }
    for (int p = 0; p < n; p++) {
      for (int j = p + 1; j < n; j++) {
        double f = m[j][p] / m[p][p];
        for (int k = p; k <= n; k++) {
          m[j][k] -= f * m[p][k];
        }
      }
    }
    for (int j = n - 1; j >= 0; j--) {
      double rest = m[j][n];
      for (int k = j + 1; k < n; k++) {
        rest -= m[j][k] * rates[k] / prior[k];
      }
      rates[j] = prior[j] * Math.clamp(rest / m[j][j], LEAST, MOST);
    }
  }
}
