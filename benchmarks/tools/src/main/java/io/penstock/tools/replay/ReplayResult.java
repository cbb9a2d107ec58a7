package io.penstock.tools.replay;

import java.util.Arrays;

/**
 * How a policy did. Immutable; times in seconds.
 *
 * @param policy its name
 * @param requests that were judged
 * @param lost those of them that a dying pod took along
 * @param goodput share of the judged requests that met the objective, 0 to 1
 * @param ttft time to first token
 * @param tpot mean time per further token, by request
 * @param endToEnd mean time from arrival to the last token
 * @param hitShare prompt tokens that engines found cached, of all, 0 to 1
 * @param dividedShare requests that one pod computed and another answered, of all, 0 to 1
 * @param imbalance computed prompt tokens of the busiest pod over their mean, at least 1
 * @param tookSeconds wall time of the replay
 */
public record ReplayResult(
    String policy,
    int requests,
    int lost,
    double goodput,
    Quantiles ttft,
    Quantiles tpot,
    double endToEnd,
    double hitShare,
    double dividedShare,
    double imbalance,
    double tookSeconds) {

  /** Mean, median, and the values that 10 % and 1 % of the requests exceed. */
  public record Quantiles(double mean, double p50, double p90, double p99) {

    /** Of those values, which are sorted in place; zeros where there are none. */
    static Quantiles of(double[] values) {
      Arrays.sort(values);
      return new Quantiles(
          Arrays.stream(values).average().orElse(0),
          at(values, 0.5),
          at(values, 0.9),
          at(values, 0.99));
    }

    private static double at(double[] sorted, double quantile) {
      return sorted.length == 0 ? 0 : sorted[(int) Math.ceil(quantile * sorted.length) - 1];
    }
  }
}
