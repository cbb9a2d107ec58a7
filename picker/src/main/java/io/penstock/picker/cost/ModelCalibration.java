package io.penstock.picker.cost;

/**
 * One model's rates. {@link #rates} and {@link #routed()} from anywhere; the rest is owned by the
 * control thread.
 *
 * <p>Time to first token: {@code y = t₀ + c·x₁ + a·x₂}, where x₁ are the uncached tokens of the
 * request and of those queued ahead of it and x₂ their pairs of token and context. A pass over the
 * weights takes as long as computing the first 192 tokens or so (on current GPUs, for any model),
 * so x₁ and x₂ are scaled to what lies beyond; a request below that says something of t₀ alone and
 * is remembered as one of a thousand instead of a hundred. Token interval: {@code y = t_s +
 * t_kv·x}, where x are the context tokens of the batch. The means move by 2 % of each observation's
 * difference, by more while there are few.
 */
final class ModelCalibration {

  private static final double FREE_TOKENS = 192;
  private static final double MEMORY = 0.99;
  private static final double LONG_MEMORY = 0.999;
  private static final double LEAST_GAIN = 0.02;
  private static final double LEAST_BYTES_PER_TOKEN = 1;
  private static final double MOST_BYTES_PER_TOKEN = 16;
  private static final double MOST_TOKENS = 1e6;

  /** What an engine found cached tells of density where it is that near to what was expected. */
  private static final double SAME_PREFIX = 1.5;

  private static final double TELLING_TOKENS = 256;
  private static final double DENSITY_GAIN = 0.02;
  private static final double LEAST_DENSITY = 0.5;
  private static final double MOST_DENSITY = 2;

  private final ModelRates prior;
  private final RateEstimator firstToken;
  private final RateEstimator step;
  private final Mean outputTokens;
  private final Mean bytesPerToken;
  private final Mean uncachedTokens;
  private final Mean promptTokens;
  private double cachedDensity;
  private int routed;
  private boolean changed;
  private volatile int publishedRouted;
  private volatile ModelRates rates;

  ModelCalibration(ModelRates prior) {
    this.prior = prior;
    this.rates = prior;
    this.firstToken =
        new RateEstimator(
            5e-3,
            prior.firstTokenSeconds(),
            prior.prefillSecondsPerToken(),
            prior.attentionSecondsPerPair());
    this.step = new RateEstimator(1e-3, prior.stepSeconds(), prior.decodeSecondsPerToken());
    this.outputTokens = new Mean(prior.outputTokens());
    this.bytesPerToken = new Mean(prior.bytesPerToken());
    this.uncachedTokens = new Mean(prior.uncachedTokens());
    this.promptTokens = new Mean(prior.promptTokens());
    this.cachedDensity = prior.cachedDensity();
  }

  ModelRates rates() {
    return rates;
  }

  /** Requests that were routed and are taken in, less those taken back; may wrap. */
  int routed() {
    return publishedRouted;
  }

  /**
   * Takes in a time to first token.
   *
   * @return it as a multiple of what was expected; 0 where that says nothing of the prefill rates
   */
  double firstToken(double seconds, double tokens, double pairs) {
    changed = true;
    double attention = pairs * prior.attentionSecondsPerPair() / prior.prefillSecondsPerToken();
    double beyond = 1 - FREE_TOKENS / Math.max(tokens + attention, FREE_TOKENS);
    double expected = firstToken.expect(1, tokens * beyond, pairs * beyond);
    double memory = beyond > 0 ? MEMORY : LONG_MEMORY;
    firstToken.observe(memory, seconds, 1, tokens * beyond, pairs * beyond);
    return expected - firstToken.rate(0) < expected / 2 ? 0 : seconds / expected;
  }

  /** Takes in a mean token interval; returns it as a multiple of what was expected. */
  double interval(double seconds, double contextTokens) {
    changed = true;
    double expected = step.expect(1, contextTokens);
    step.observe(MEMORY, seconds, 1, contextTokens);
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

  void routed(double uncached, double prompt) {
    changed = true;
    routed++;
    uncachedTokens.add(Math.clamp(uncached, 0, MOST_TOKENS));
    promptTokens.add(Math.clamp(prompt, 0, MOST_TOKENS));
  }

  /**
   * Takes back what {@link #routed(double, double)} was told: no endpoint has computed it.
   *
   * @param before {@link #routed()} when the request was routed
   */
  void unrouted(double uncached, double prompt, int before) {
    changed = true;
    routed--;
    int since = Math.max(0, routed - before);
    uncachedTokens.takeBack(Math.clamp(uncached, 0, MOST_TOKENS), since);
    promptTokens.takeBack(Math.clamp(prompt, 0, MOST_TOKENS), since);
  }

  /**
   * Takes in how many tokens of a prompt the engine had cached, where it was believed to hold a
   * prefix of {@code predicted}. Much more or less is another prefix, and says nothing of density;
   * what is left moves it by a fiftieth of its difference, between a half and twice.
   */
  void cached(double actual, double predicted) {
    if (predicted < TELLING_TOKENS
        || actual > predicted * SAME_PREFIX
        || actual * SAME_PREFIX < predicted) {
      return;
    }
    changed = true;
    double next = cachedDensity * (1 + DENSITY_GAIN * (actual / predicted - 1));
    cachedDensity = Math.clamp(next, LEAST_DENSITY, MOST_DENSITY);
  }

  /** Makes what was taken in visible. */
  void publish() {
    if (!changed) {
      return;
    }
    changed = false;
    publishedRouted = routed;
    rates =
        new ModelRates(
            firstToken.rate(1),
            firstToken.rate(2),
            firstToken.rate(0),
            step.rate(0),
            step.rate(1),
            outputTokens.value,
            bytesPerToken.value,
            uncachedTokens.value,
            promptTokens.value,
            cachedDensity);
  }

  /** The prior counts as ten observations. */
  private static final class Mean {
    private static final int PRIOR = 10;
    private double value;
    private int count = PRIOR;

    Mean(double prior) {
      this.value = prior;
    }

    void add(double observed) {
      count = ObservationCount.next(count);
      value += gain(count) * (observed - value);
    }

    /** Takes back an observation that so many others have followed; at most 1,000 steps. */
    void takeBack(double observed, int since) {
      int then = Math.max(PRIOR + 1, count - since);
      double share = gain(then);
      for (int i = then + 1; i <= count; i++) {
        share *= 1 - gain(i);
      }
      value = Math.max(0, (value - share * observed) / (1 - share));
      count = Math.max(PRIOR, count - 1);
    }

    private static double gain(int count) {
      return Math.max(LEAST_GAIN, 1.0 / count);
    }
  }
}
