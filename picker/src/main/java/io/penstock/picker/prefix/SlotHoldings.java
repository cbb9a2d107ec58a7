package io.penstock.picker.prefix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What one endpoint was given while it has its slot: ring, capacity, and who is at work on it.
 * Thread-safe. A slot that is opened again gets new holdings.
 *
 * <p>{@code learners} counts threads between {@link #enter} and {@link #leave}. A learner enters
 * first and then looks whether the slot is open; {@link PrefixIndex#forget} first closes the slot,
 * {@link PrefixIndex#drain} then looks whether learners are inside. All four are volatile, so
 * either the learner sees the slot closed, or the drain sees the learner: after a drain saw none,
 * nobody adds to the ring or makes the slot a holder any more.
 */
final class SlotHoldings {

  private static final VarHandle LEARNERS;
  private static final VarHandle POPPING;

  static {
    try {
      var lookup = MethodHandles.lookup();
      LEARNERS = lookup.findVarHandle(SlotHoldings.class, "learners", int.class);
      POPPING = lookup.findVarHandle(SlotHoldings.class, "popping", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final SlotRing ring = new SlotRing();

  volatile int capacity;

  private volatile int learners;
  private volatile boolean popping;

  SlotHoldings(int capacity) {
    this.capacity = capacity;
  }

  void enter() {
    LEARNERS.getAndAdd(this, 1);
  }

  void leave() {
    LEARNERS.getAndAdd(this, -1);
  }

  boolean idle() {
    return learners == 0;
  }

  /** Becomes the one popper; false when another thread is, and nothing should be waited for. */
  boolean startPopping() {
    return !popping && POPPING.compareAndSet(this, false, true);
  }

  void stopPopping() {
    POPPING.setRelease(this, false);
  }
}
