package io.penstock.picker.cost;

import java.util.concurrent.atomic.DoubleAdder;

/**
 * How full the pool is: seconds of prefill routed per second and endpoint, and how many tokens and
 * requests these were, as averages over about 30 s. Event loops add and take back, the control
 * thread averages, anyone reads.
 *
 * <p>What is taken back is taken off as far as it still counts by then, so that the averages are
 * what they were without it; all of it would take off what others have added since.
 */
final class LoadPrice {

  private static final double TIME_CONSTANT_SECONDS = 30;
  private static final double MOST_LOAD = 0.95;

  /** Averages end below it: denormal numbers have no ratios. */
  private static final double NOTHING = 1e-9;

  private final DoubleAdder routed = new DoubleAdder();
  private final DoubleAdder routedTokens = new DoubleAdder();
  private final DoubleAdder routedRequests = new DoubleAdder();
  private final DoubleAdder othersTokens = new DoubleAdder();
  private long lastNanos;
  private long startNanos;
  private boolean started;
  private double perSecond;
  private double othersPerSecond;
  private double tokensPerSecond;
  private double requestsPerSecond;
  private double lastPerSecond;
  private volatile double load;
  private volatile double averagedSeconds;

  /** A request was routed that takes so many seconds to prefill so many tokens. */
  void add(double prefillSeconds, double tokens) {
    routed.add(prefillSeconds);
    routedTokens.add(tokens);
    routedRequests.add(1);
  }

  /** Another replica has routed so many tokens to be prefilled. */
  void addOthers(double tokens) {
    othersTokens.add(tokens);
  }

  /** Time up to which all is averaged, in seconds, for {@link #takeBack}. */
  double averagedSeconds() {
    return averagedSeconds;
  }

  /**
   * What was added will not be prefilled.
   *
   * @param addedAt {@link #averagedSeconds} when it was added
   */
  void takeBack(double prefillSeconds, double tokens, double addedAt) {
    double left = left(addedAt);
    routed.add(-left * prefillSeconds);
    routedTokens.add(-left * tokens);
    routedRequests.add(-left);
  }

  /** The same of what another replica had routed. */
  void takeBackOthers(double tokens, double addedAt) {
    othersTokens.add(-left(addedAt) * tokens);
  }

  /** What is left in the averages of what was added then. */
  private double left(double addedAt) {
    return Math.exp((addedAt - averagedSeconds) / TIME_CONSTANT_SECONDS);
  }

  /**
   * What is routed to the pool from here.
   *
   * @param perSecond requests whose prompts are to be computed, between the last two ticks, less
   *     those taken back between them
   * @param tokensPerRequest to prefill, on average; 0 before any was routed
   * @param secondsPerToken of prefill, on average; 0 before any was routed
   */
  record Routed(double perSecond, double tokensPerRequest, double secondsPerToken) {}

  /** What is routed to the pool. Control thread. */
  Routed routed() {
    return new Routed(
        lastPerSecond,
        requestsPerSecond > NOTHING ? Math.max(0, tokensPerSecond / requestsPerSecond) : 0,
        secondsPerToken());
  }

  private double secondsPerToken() {
    return tokensPerSecond > NOTHING ? Math.max(0, perSecond / tokensPerSecond) : 0;
  }

  /** ρ, 0 to 0.95. */
  double load() {
    return load;
  }

  /** 1 + g·ρ/(1−ρ). */
  double price(double gain) {
    double now = load;
    return 1 + gain * now / (1 - now);
  }

  /** Averages what was routed since the last call. Control thread. */
  void tick(long nowNanos, int endpoints) {
    if (!started) {
      started = true;
      startNanos = nowNanos;
      lastNanos = nowNanos;
      return;
    }
    double seconds = (nowNanos - lastNanos) / 1e9;
    if (seconds <= 0) {
      return;
    }
    lastNanos = nowNanos;
    double share = 1 - Math.exp(-seconds / TIME_CONSTANT_SECONDS);
    perSecond += share * (routed.sumThenReset() / seconds - perSecond);
    tokensPerSecond += share * (routedTokens.sumThenReset() / seconds - tokensPerSecond);
    lastPerSecond = routedRequests.sumThenReset() / seconds;
    requestsPerSecond += share * (lastPerSecond - requestsPerSecond);
    double others = othersTokens.sumThenReset() * secondsPerToken();
    othersPerSecond += share * (others / seconds - othersPerSecond);
    load = Math.clamp((perSecond + othersPerSecond) / Math.max(endpoints, 1), 0, MOST_LOAD);
    averagedSeconds = (nowNanos - startNanos) / 1e9;
  }
}
