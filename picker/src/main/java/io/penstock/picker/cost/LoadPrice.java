package io.penstock.picker.cost;

import java.util.concurrent.atomic.DoubleAdder;

/**
 * How full the pool is: seconds of prefill routed per second and endpoint, and how many tokens and
 * requests these were, as averages over about 30 s. Event loops add, the control thread averages,
 * anyone reads.
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
  private boolean started;
  private double perSecond;
  private double othersPerSecond;
  private double tokensPerSecond;
  private double requestsPerSecond;
  private double lastPerSecond;
  private volatile double load;

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

  /**
   * What is routed to the pool from here.
   *
   * @param perSecond requests whose prompts are to be computed, between the last two ticks
   * @param tokensPerRequest to prefill, on average; 0 before any was routed
   * @param secondsPerToken of prefill, on average; 0 before any was routed
   */
  record Routed(double perSecond, double tokensPerRequest, double secondsPerToken) {}

  /** What is routed to the pool. Control thread. */
  Routed routed() {
    return new Routed(
        lastPerSecond,
        requestsPerSecond > NOTHING ? tokensPerSecond / requestsPerSecond : 0,
        tokensPerSecond > NOTHING ? perSecond / tokensPerSecond : 0);
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
    double secondsPerToken = tokensPerSecond > NOTHING ? perSecond / tokensPerSecond : 0;
    double others = othersTokens.sumThenReset() * secondsPerToken;
    othersPerSecond += share * (others / seconds - othersPerSecond);
    load = Math.clamp((perSecond + othersPerSecond) / Math.max(endpoints, 1), 0, MOST_LOAD);
  }
}
