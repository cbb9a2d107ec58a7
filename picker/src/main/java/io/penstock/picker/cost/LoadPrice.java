package io.penstock.picker.cost;

import java.util.concurrent.atomic.DoubleAdder;

/**
 * How full the pool is: seconds of prefill routed per second and endpoint, as an average over about
 * 30 s. Event loops add, the control thread averages, anyone reads.
 */
final class LoadPrice {

  private static final double TIME_CONSTANT_SECONDS = 30;
  private static final double MOST_LOAD = 0.95;

  private final DoubleAdder routed = new DoubleAdder();
  private long lastNanos;
  private boolean started;
  private double perSecond;
  private volatile double load;

  /** Seconds of prefill were routed. */
  void add(double prefillSeconds) {
    routed.add(prefillSeconds);
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
    load = Math.clamp(perSecond / Math.max(endpoints, 1), 0, MOST_LOAD);
  }
}
