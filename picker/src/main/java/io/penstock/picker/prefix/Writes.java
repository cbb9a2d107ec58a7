package io.penstock.picker.prefix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * Lets one thread at a time change the index, without anybody waiting: who finds another thread at
 * it leaves its change with that one. Changes of one thread are made in its order.
 *
 * <p>What was left while the other thread was ending is made with the next change, or the next
 * {@link #settle}. Bounded: a change that finds {@link #MOST} others waiting is given up.
 */
final class Writes {

  private static final int MOST = 1 << 14;

  /** Changes of others that a thread makes at a time. */
  private static final int SHARE = 256;

  private static final VarHandle BUSY;

  static {
    try {
      BUSY = MethodHandles.lookup().findVarHandle(Writes.class, "busy", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final ConcurrentLinkedQueue<Runnable> waiting = new ConcurrentLinkedQueue<>();
  private final AtomicInteger left = new AtomicInteger();
  private final LongAdder givenUp = new LongAdder();
  private volatile boolean busy;

  /** Makes a change, now or soon. Any thread. */
  void run(Runnable change) {
    if (waiting.isEmpty() && begin()) {
      try {
        change.run();
      } finally {
        end();
      }
    } else if (left.incrementAndGet() <= MOST) {
      waiting.add(change);
    } else {
      left.decrementAndGet();
      givenUp.increment();
    }
    settle();
  }

  /** Makes what waits, unless another thread is at it. Any thread. */
  void settle() {
    if (!waiting.isEmpty() && begin()) {
      try {
        catchUp();
      } finally {
        end();
      }
    }
  }

  /** Becomes the one who changes the index; false when another thread is. Then {@link #end}. */
  boolean begin() {
    return !busy && BUSY.compareAndSet(this, false, true);
  }

  /** Makes what waits. Only between {@link #begin} and {@link #end}. */
  void catchUp() {
    for (int i = 0; i < SHARE; i++) {
      var change = waiting.poll();
      if (change == null) {
        return;
      }
      left.decrementAndGet();
      change.run();
    }
  }

  boolean allMade() {
    return waiting.isEmpty();
  }

  void end() {
    busy = false;
  }

  /** Changes that were given up. */
  long givenUp() {
    return givenUp.sum();
  }
}
