package io.penstock.picker.cost;

import java.time.Duration;

/**
 * When a prompt is computed on a prefill endpoint. Immutable.
 *
 * @param decider what decides within the bounds
 * @param promptTokens prompts with fewer tokens are not disaggregated; 0: no bound
 * @param nonCachedTokens nor those of which fewer tokens are missing where they would be answered;
 *     0: no bound
 * @param kvBytesPerToken size of a token's KV cache, at least 1
 * @param bytesPerSecond of the network between two endpoints, at least 1
 * @param overhead what a second leg takes whatever the prompt: a request, a handshake, a notice
 * @param overflow whether, where cost decides and either kind does not keep up, those that prefill
 *     answer too
 */
public record DisaggregationPolicy(
    Decider decider,
    int promptTokens,
    int nonCachedTokens,
    long kvBytesPerToken,
    long bytesPerSecond,
    Duration overhead,
    boolean overflow) {

  /** By cost, without bounds or overflow, for an 8B model's cache over 100 Gbit/s. */
  public static final DisaggregationPolicy DEFAULT =
      new DisaggregationPolicy(
          Decider.COST, 0, 0, 131_072, 12_500_000_000L, Duration.ofMillis(10), false);

  /** What decides. */
  public enum Decider {
    /** The lower expected cost. */
    COST,
    /** Everything that can be disaggregated is. */
    ALWAYS,
    /** Nothing is. */
    NEVER
  }

  /** Refuses what makes no sense. */
  public DisaggregationPolicy {
    if (promptTokens < 0 || nonCachedTokens < 0) {
      throw new IllegalArgumentException(
          "bounds of disaggregation: "
              + promptTokens
              + ", "
              + nonCachedTokens
              + ", allowed: 0 or more");
    }
    if (kvBytesPerToken < 1 || bytesPerSecond < 1 || overhead.isNegative()) {
      throw new IllegalArgumentException(
          "a transfer of "
              + kvBytesPerToken
              + " bytes a token at "
              + bytesPerSecond
              + " a second and "
              + overhead
              + ", allowed: at least 1, 1 and 0");
    }
  }

  /** Whether endpoints that prefill may answer. */
  public boolean mayOverflow() {
    return overflow && decider == Decider.COST;
  }

  /** From the end of a prefill until who answers holds so many tokens of it, in nanoseconds. */
  public long handOverNanos(int tokens) {
    return Math.round(transferSeconds(tokens) * 1e9) + overhead.toNanos();
  }

  /** Seconds that the KV cache of so many tokens takes from one endpoint to another. */
  double transferSeconds(double tokens) {
    return tokens * kvBytesPerToken / bytesPerSecond;
  }
}
