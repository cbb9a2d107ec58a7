package io.penstock.picker.cost;

/**
 * One model's rates. {@link #rates} from anywhere; the rest is owned by the control thread.
 *
 * <p>Time to first token: {@code y = t₀ + c·x₁ + a·x₂}, where x₁ are the uncached tokens of the
 * request and of those queued ahead of it and x₂ their pairs of token and context. Token interval:
 * {@code y = t_s + t_kv·x}, where x are the context tokens of the batch. The means move by 2 % of
 * each observation's difference, by more while there are few.
 */
final class ModelCalibration {

  private static final double LEAST_GAIN = 0.02;
  private static final double LEAST_BYTES_PER_TOKEN = 1;
  private static final double MOST_BYTES_PER_TOKEN = 16;
  private static final double MOST_TOKENS = 1e6;

  private final RateEstimator firstToken;
  private final RateEstimator step;
  private final Mean outputTokens;
  private final Mean bytesPerToken;
  private final Mean uncachedTokens;
  private boolean changed;
  private volatile ModelRates rates;

  ModelCalibration(ModelRates prior) {
    this.rates = prior;
    this.firstToken =
        new RateEstimator(
            20e-3,
            prior.firstTokenSeconds(),
            prior.prefillSecondsPerToken(),
            prior.attentionSecondsPerPair());
    this.step = new RateEstimator(1e-3, prior.stepSeconds(), prior.decodeSecondsPerToken());
    this.outputTokens = new Mean(prior.outputTokens());
    this.bytesPerToken = new Mean(prior.bytesPerToken());
    this.uncachedTokens = new Mean(prior.uncachedTokens());
  }

  ModelRates rates() {
    return rates;
  }

  /** Takes in a time to first token; returns it as a multiple of what was expected. */
  double firstToken(double seconds, double tokens, double pairs) {
    changed = true;
    double expected = firstToken.expect(1, tokens, pairs);
    firstToken.observe(seconds, 1, tokens, pairs);
    return seconds / expected;
  }

  /** Takes in a mean token interval; returns it as a multiple of what was expected. */
  double interval(double seconds, double contextTokens) {
    changed = true;
    double expected = step.expect(1, contextTokens);
    step.observe(seconds, 1, contextTokens);
    return seconds / expected;
  }

  void output(double tokens) {
    changed = true;
    outputTokens.add(Math.clamp(tokens, 1, MOST_TOKENS));
  }

  void prompt(double bytes, double tokens) {
    changed = true;
    bytesPerToken.add(Math.clamp(bytes / tokens, LEAST_BYTES_PER_TOKEN, MOST_BYTES_PER_TOKEN));
  }

  void uncached(double tokens) {
    changed = true;
    uncachedTokens.add(Math.clamp(tokens, 0, MOST_TOKENS));
  }

  /** Makes what was taken in visible. */
  void publish() {
    if (!changed) {
      return;
    }
    changed = false;
    rates =
        new ModelRates(
            firstToken.rate(1),
            firstToken.rate(2),
            firstToken.rate(0),
            step.rate(0),
            step.rate(1),
            outputTokens.value,
            bytesPerToken.value,
            uncachedTokens.value);
  }

  /** The prior counts as ten observations. */
  private static final class Mean {
    private double value;
    private int count = 10;

    Mean(double prior) {
      this.value = prior;
    }

    void add(double observed) {
      count++;
      value += Math.max(LEAST_GAIN, 1.0 / count) * (observed - value);
    }
  }
}
