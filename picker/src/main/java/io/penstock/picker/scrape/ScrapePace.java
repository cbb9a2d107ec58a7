package io.penstock.picker.scrape;

import java.util.random.RandomGenerator;

/**
 * When to scrape next: the interval while a pod works, doubling up to the idle interval while
 * nothing moves, doubling up to the back-off limit while it fails. Pauses are shortened by up to a
 * fifth at random, so that pods do not fall into step. Owned by the scraper of one endpoint.
 */
final class ScrapePace {

  private static final double JITTER = 0.2;

  private final long busyNanos;
  private final long idleNanos;
  private final long maxBackoffNanos;
  private final RandomGenerator random;
  private long pauseNanos;
  private int failures;

  ScrapePace(long busyNanos, long idleNanos, long maxBackoffNanos, RandomGenerator random) {
    this.busyNanos = busyNanos;
    this.idleNanos = idleNanos;
    this.maxBackoffNanos = maxBackoffNanos;
    this.random = random;
    this.pauseNanos = busyNanos;
  }

  /**
   * The pause after a good page.
   *
   * @param active whether requests are in flight or the page changed
   */
  long afterSuccess(boolean active) {
    pauseNanos = active || failures > 0 ? busyNanos : Math.min(idleNanos, 2 * pauseNanos);
    failures = 0;
    return jittered(pauseNanos);
  }

  /** The pause after a failure. */
  long afterFailure() {
    pauseNanos = Math.min(maxBackoffNanos, failures == 0 ? busyNanos : 2 * pauseNanos);
    failures++;
    return jittered(pauseNanos);
  }

  /** The pause last decided, before it was shortened. */
  long pauseNanos() {
    return pauseNanos;
  }

  /** Failures since the last good page. */
  int failures() {
    return failures;
  }

  private long jittered(long nanos) {
    return nanos - (long) (nanos * JITTER * random.nextDouble());
  }
}
