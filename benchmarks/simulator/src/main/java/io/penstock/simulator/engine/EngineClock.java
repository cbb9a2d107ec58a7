package io.penstock.simulator.engine;

/**
 * The time and the thread an engine lives on.
 *
 * <p>An engine's methods are called on this clock's thread, and tasks run there one after another.
 */
public interface EngineClock {

  /** Monotonic time in nanoseconds; the origin has no meaning. */
  long nanos();

  /**
   * Runs {@code task} after {@code delayNanos}, never before this call returns, not even with a
   * delay of 0.
   */
  Cancellable schedule(long delayNanos, Runnable task);

  /** A task that has not run yet. */
  interface Cancellable {

    /** Keeps the task from running; no effect when it ran already. */
    void cancel();
  }
}
