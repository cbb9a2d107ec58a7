package io.penstock.tools.load;

/**
 * Requests of an open loop that are due and wait for a connection, by their intended send times and
 * their place among all arrivals. Confined to one thread.
 *
 * <p>Latency counts from the intended time: a stall of the server, or of the generator itself,
 * makes later requests late instead of unsent (no coordinated omission).
 */
final class Backlog {

  private final ArrivalTimes arrivals;
  private final long startNanos;
  private final long[] waiting;
  private final long[] numbers;
  private long head;
  private long tail;
  private long nextNanos;
  private long nextNumber;

  /**
   * An empty backlog.
   *
   * @param startNanos the clock's time from which arrivals count
   * @param capacity how many requests may wait; more are dropped and counted
   */
  Backlog(ArrivalTimes arrivals, long startNanos, int capacity) {
    this.arrivals = arrivals;
    this.startNanos = startNanos;
    waiting = new long[capacity];
    numbers = new long[capacity];
    advance();
  }

  /** Takes over what has become due; returns how many of these had no room. */
  int takeDue(long nowNanos) {
    int dropped = 0;
    while (nextNanos <= nowNanos) {
      if (tail - head < waiting.length) {
        int at = (int) (tail++ % waiting.length);
        waiting[at] = nextNanos;
        numbers[at] = nextNumber;
      } else {
        dropped++;
      }
      nextNumber++;
      advance();
    }
    return dropped;
  }

  /** How many wait. */
  int size() {
    return (int) (tail - head);
  }

  /** Whether nothing waits. */
  boolean isEmpty() {
    return head == tail;
  }

  /** Removes the oldest and returns the clock's time at which it was to be sent. */
  long poll() {
    long oldest = peek();
    head++;
    return oldest;
  }

  /** The intended time of the oldest, by the clock. */
  long peek() {
    if (isEmpty()) {
      throw new IllegalStateException("nothing waits");
    }
    return waiting[(int) (head % waiting.length)];
  }

  /** Which arrival the oldest is, from 0, those without room included. */
  long number() {
    return numbers[(int) (head % waiting.length)];
  }

  /** When the next arrival is due, by the clock; {@link ArrivalTimes#NEVER} after the last. */
  long nextNanos() {
    return nextNanos;
  }

  private void advance() {
    long next = arrivals.nextNanos();
    nextNanos = next == ArrivalTimes.NEVER ? ArrivalTimes.NEVER : startNanos + next;
  }
}
