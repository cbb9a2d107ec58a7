package io.penstock.simulator.engine;

import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * Time that passes only when told to, for simulations and tests.
 *
 * <p>Confined to one thread. Tasks run in order of their time, those of one instant in the order in
 * which they were scheduled, so a run repeats exactly.
 */
public final class VirtualClock implements EngineClock {

  private static final class Task implements Cancellable {
    final long atNanos;
    final long order;
    final Runnable action;
    boolean cancelled;

    Task(long atNanos, long order, Runnable action) {
      this.atNanos = atNanos;
      this.order = order;
      this.action = action;
    }

    @Override
    public void cancel() {
      cancelled = true;
    }
  }

  private final PriorityQueue<Task> tasks =
      new PriorityQueue<>(
          Comparator.<Task>comparingLong(task -> task.atNanos)
              .thenComparingLong(task -> task.order));
  private long nanos;
  private long scheduled;

  @Override
  public long nanos() {
    return nanos;
  }

  @Override
  public Cancellable schedule(long delayNanos, Runnable task) {
    var entry = new Task(nanos + Math.max(0, delayNanos), scheduled++, task);
    tasks.add(entry);
    return entry;
  }

  /** Runs everything due up to {@code untilNanos} and leaves the time there. */
  public void runUntil(long untilNanos) {
    while (hasTaskBy(untilNanos)) {
      runNext();
    }
    nanos = Math.max(nanos, untilNanos);
  }

  /** Lets {@code deltaNanos} pass. */
  public void advance(long deltaNanos) {
    runUntil(nanos + deltaNanos);
  }

  /** Runs the next task, moving the time to it; false when there is none. */
  public boolean runNext() {
    if (!hasTaskBy(Long.MAX_VALUE)) {
      return false;
    }
    Task task = tasks.remove();
    nanos = task.atNanos;
    task.action.run();
    return true;
  }

  /** Runs until no task is left. */
  public void runUntilIdle() {
    while (runNext()) {
      // each task may schedule more
    }
  }

  /** Whether nothing is scheduled. */
  public boolean idle() {
    return !hasTaskBy(Long.MAX_VALUE);
  }

  private boolean hasTaskBy(long untilNanos) {
    for (Task head = tasks.peek(); head != null; head = tasks.peek()) {
      if (!head.cancelled) {
        return head.atNanos <= untilNanos;
      }
      tasks.remove();
    }
    return false;
  }
}
