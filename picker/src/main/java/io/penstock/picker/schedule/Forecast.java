package io.penstock.picker.schedule;

import io.penstock.picker.request.InferenceRequest;

/**
 * What a request is expected to take; used by the scheduler for every policy, so that predictions
 * of different policies can be compared. Thread-safe.
 */
public interface Forecast {

  /** Tokens of the prompt, at least 1. */
  int promptTokens(InferenceRequest request);

  /**
   * Tokens of the prompt in its first {@code blocks} blocks and what stands in front of them.
   *
   * @param promptTokens what {@link #promptTokens} said
   * @return 0 to {@code promptTokens - 1}: an engine computes the last token in any case
   */
  int cachedTokens(InferenceRequest request, int blocks, int promptTokens);

  /** Time to first token on an endpoint, were the request sent there now. */
  long ttftNanos(SchedulingContext context, int slot, int promptTokens, int cachedTokens);

  /** Time from one output token to the next on an endpoint, were the request to decode there. */
  long tpotNanos(SchedulingContext context, int slot, int promptTokens);
}
