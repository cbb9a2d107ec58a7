package io.penstock.proxy.metrics;

import io.penstock.picker.explain.Course;
import java.util.Arrays;
import java.util.Locale;

/**
 * When each step of one request happened, in nanoseconds of one monotonic clock. Written on the
 * exchange's event loop; whoever else reads it may miss what happened just now. One object and one
 * array per request.
 */
public final class Timeline {

  /** The steps, in the order in which they usually happen. */
  public enum Event {
    /** The request's head was read. */
    RECEIVED,
    /** The whole body was read and scanned. */
    BODY_READ,
    /** Choosing a pod began, last time if there were retries; so do all that follow. */
    PICK_STARTED,
    /** A pod was chosen. */
    PICKED,
    /** Another pod was asked to compute the prompt; last time, if several were. */
    PREFILL_SENT,
    /** That pod has computed it. */
    PREFILLED,
    /** A connection to the pod was at hand, and the request was written to it. */
    CONNECTED,
    /** The head of the pod's answer was read. */
    ANSWERED,
    /** The first token, or the first byte of an answer that is not streamed. */
    FIRST_TOKEN,
    /** The exchange was over, whatever the outcome. */
    ENDED;

    private final String label = name().toLowerCase(Locale.ROOT);

    /** As it is written in JSON. */
    public String label() {
      return label;
    }
  }

  private static final Event[] EVENTS = Event.values();
  private static final long NEVER = Long.MIN_VALUE;

  private final long[] nanos = new long[EVENTS.length];

  /** A timeline on which nothing has happened. */
  public Timeline() {
    Arrays.fill(nanos, NEVER);
  }

  /** Notes that a step happened; a later mark of the same step replaces it. */
  public void mark(Event event, long nanoTime) {
    nanos[index(event)] = nanoTime;
  }

  /** Whether the step happened. */
  public boolean has(Event event) {
    return nanos[index(event)] != NEVER;
  }

  /** Tells the steps that happened, in the order in which they usually do. */
  public void steps(Course.StepListener listener) {
    for (var event : EVENTS) {
      long since = between(Event.RECEIVED, event);
      if (since >= 0) {
        listener.step(event.label(), since);
      }
    }
  }

  /** Nanoseconds from the request's head to a time of the same clock. */
  public long sinceReceived(long nanoTime) {
    return nanoTime - nanos[index(Event.RECEIVED)];
  }

  /** When a step happened, which it has. */
  public long at(Event event) {
    return nanos[index(event)];
  }

  /** Nanoseconds from one step to another, or -1 if one of them never happened. */
  public long between(Event from, Event to) {
    long start = nanos[index(from)];
    long end = nanos[index(to)];
    return start != NEVER && end != NEVER ? end - start : -1;
  }

  /** The array is the map from events to times; nothing outside knows the order. */
  @SuppressWarnings("EnumOrdinal")
  private static int index(Event event) {
    return event.ordinal();
  }
}
