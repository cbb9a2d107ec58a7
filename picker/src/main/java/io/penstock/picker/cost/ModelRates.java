package io.penstock.picker.cost;

/**
 * What a model takes on one of its endpoints. Immutable; the control thread publishes a new one
 * after each round of calibration.
 *
 * @param prefillSecondsPerToken c
 * @param attentionSecondsPerPair a: per prefilled token and token of context in front of it
 * @param firstTokenSeconds time to first token that does not depend on the prompt
 * @param stepSeconds time of a decode step that does not depend on the context
 * @param decodeSecondsPerToken t_kv: per decode step and token of context in the batch
 * @param outputTokens o: tokens generated for a request, on average
 * @param bytesPerToken bytes of prompt per token, on average
 * @param uncachedTokens prompt tokens that had to be computed for a request, on average
 * @param promptTokens all prompt tokens of those requests, on average
 * @param cachedDensity tokens per byte of what is cached, as a multiple of the same of whole
 *     prompts
 */
public record ModelRates(
    double prefillSecondsPerToken,
    double attentionSecondsPerPair,
    double firstTokenSeconds,
    double stepSeconds,
    double decodeSecondsPerToken,
    double outputTokens,
    double bytesPerToken,
    double uncachedTokens,
    double promptTokens,
    double cachedDensity) {

  /** An 8B model on one H100: what every model is taken for until it is calibrated. */
  public static final ModelRates PRIOR =
      new ModelRates(32e-6, 1.1e-9, 10e-3, 8e-3, 49e-9, 350, 4.0, 1000, 1500, 1);

  /** Bytes of prompt per token of what is cached: the prefix index counts in these. */
  public double cachedBytesPerToken() {
    return bytesPerToken / cachedDensity;
  }

  /** H: the share of a prompt that was believed cached where it went, on average, 0 to 1. */
  public double sharedTokens() {
    return Math.max(0, 1 - uncachedTokens / Math.max(1, promptTokens));
  }

  /** Seconds to prefill {@code uncached} tokens behind {@code cached} ones, on an idle endpoint. */
  public double prefillSeconds(double uncached, double cached) {
    return prefillSecondsPerToken * uncached
        + attentionSecondsPerPair * uncached * (cached + uncached / 2);
  }

  /**
   * Seconds to prefill what several requests wait for, taken as equally long and without cache.
   *
   * @param tokens all their uncached tokens
   * @param requests their number; less than 1 counts as 1
   */
  public double pendingSeconds(double tokens, double requests) {
    return tokens
        * (prefillSecondsPerToken + attentionSecondsPerPair * tokens / (2 * Math.max(requests, 1)));
  }
}
