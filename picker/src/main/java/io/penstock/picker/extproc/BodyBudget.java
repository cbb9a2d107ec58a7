package io.penstock.picker.extproc;

import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounds the memory of request bodies that all streams hold together, from the beginning of a long
 * message until they are answered or have gone back to their gateways. Thread-safe.
 */
final class BodyBudget {

  private final long mostBytes;
  private final AtomicLong held = new AtomicLong();

  BodyBudget(long mostBytes) {
    this.mostBytes = mostBytes;
  }

  /** Takes room; false when there is not enough, and then none is taken. */
  boolean take(long bytes) {
    if (held.addAndGet(bytes) > mostBytes) {
      held.addAndGet(-bytes);
      return false;
    }
    return true;
  }

  /** Gives room back. */
  void give(long bytes) {
    held.addAndGet(-bytes);
  }

  /** Bytes held now. */
  long heldBytes() {
    return held.get();
  }
}
