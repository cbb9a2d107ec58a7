package io.penstock.picker.explain;

import org.jspecify.annotations.Nullable;

/**
 * How the request of a decision goes, as the front end that took it knows. Several decisions of one
 * request share it. May be asked from any thread at any time; what it says is at most a moment old.
 */
public interface Course {

  /** Whether the request is over, so that nothing here changes any more. */
  boolean ended();

  /** How it ended, {@code in_flight} before. */
  String outcome();

  /** HTTP status that the client got, 0 while there is none. */
  int status();

  /** Code of the error that the client got, null where it got none. */
  @Nullable String reason();

  /** Name of the key that the client showed, null where none is asked for. */
  @Nullable String tenant();

  /** From the request's arrival to a time of the ticker, in nanoseconds. */
  long sinceArrivalNanos(long nanoTime);

  /** Tells the steps that have happened, in the order in which they usually do. */
  void steps(StepListener listener);

  /** Hears of steps. */
  interface StepListener {
    /**
     * A step happened.
     *
     * @param sinceArrivalNanos from the request's arrival to the step
     */
    void step(String name, long sinceArrivalNanos);
  }
}
