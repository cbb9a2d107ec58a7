package io.penstock.tools.load;

import org.HdrHistogram.Histogram;

/**
 * A distribution in µs; all 0 when nothing was recorded.
 *
 * @param count of values
 */
public record Percentiles(
    long count, double mean, double p50, double p90, double p99, double p999, double max) {

  static Percentiles of(Histogram nanos) {
    return new Percentiles(
        nanos.getTotalCount(),
        nanos.getTotalCount() == 0 ? 0 : nanos.getMean() / 1e3,
        nanos.getValueAtPercentile(50) / 1e3,
        nanos.getValueAtPercentile(90) / 1e3,
        nanos.getValueAtPercentile(99) / 1e3,
        nanos.getValueAtPercentile(99.9) / 1e3,
        nanos.getMaxValue() / 1e3);
  }
}
