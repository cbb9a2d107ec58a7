package io.penstock.proxy.upstream;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many requests of a pool may be retries at one time: a share of those that are active, and
 * three in any case, so that an outage is not multiplied. Thread-safe, lock-free.
 */
public final class RetryBudget {

  private static final int LEAST = 3;

  private final double share;
  private final AtomicInteger active = new AtomicInteger();
  private final AtomicInteger retrying = new AtomicInteger();

  /** A budget of {@code retries.budget}, 0..1 of the active requests. */
  public RetryBudget(double share) {
    this.share = share;
  }

  /** A request begins to look for an answer. */
  public void begin() {
    active.incrementAndGet();
  }

  /**
   * It has one, or gave up.
   *
   * @param retries how often {@link #tryRetry} said yes to it
   */
  public void end(int retries) {
    active.decrementAndGet();
    retrying.addAndGet(-retries);
  }

  /** Takes a retry from the budget; false when it is used up. */
  public boolean tryRetry() {
    if (retrying.incrementAndGet() <= Math.max(LEAST, (int) (share * active.get()))) {
      return true;
    }
    retrying.decrementAndGet();
    return false;
  }

  /** A retry that {@link #tryRetry} took is not made. */
  public void giveBack() {
    retrying.decrementAndGet();
  }

  /** Requests that look for an answer now. */
  public int activeCount() {
    return active.get();
  }

  /** Retries among them. */
  public int retryingCount() {
    return retrying.get();
  }
}
