package io.penstock.proxy.exchange;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Cap on the bytes of request bodies held at one time in the whole process ({@code
 * limits.bufferedBodies}). Thread-safe, lock-free.
 */
public final class BodyBudget {

  private final long maxBytes;
  private final AtomicLong held = new AtomicLong();

  /** A budget of that many bytes. */
  public BodyBudget(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  /** Takes bytes from the budget; false, and nothing taken, when they do not fit. */
  public boolean reserve(long bytes) {
    if (held.addAndGet(bytes) <= maxBytes) {
      return true;
    }
    held.addAndGet(-bytes);
    return false;
  }

  /** Gives bytes back. */
  public void release(long bytes) {
    held.addAndGet(-bytes);
  }

  /** Bytes held now. */
  public long heldBytes() {
    return held.get();
  }
}
