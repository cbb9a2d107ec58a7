package io.penstock.picker.explain;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * How a request went that is over, written over and over in the same arrays. Written by one event
 * loop; {@link #copy} may be called by anyone at any time, and is worth something only if nothing
 * was written meanwhile, which {@link DecisionSlot} knows.
 */
final class KeptCourse implements Course {

  private static final int FIRST_STEPS = 12;

  private String outcome = "";
  private int status;
  private @Nullable String reason;
  private @Nullable String tenant;
  private long arrivalNanos;
  private String[] names = {};
  private long[] since = {};
  private int count;

  /** Takes over what a request's course has come to. */
  void take(Course ended) {
    outcome = ended.outcome();
    status = ended.status();
    reason = ended.reason();
    tenant = ended.tenant();
    arrivalNanos = -ended.sinceArrivalNanos(0);
    count = 0;
    ended.steps(this::add);
  }

  private void add(String name, long sinceArrivalNanos) {
    if (count == names.length) {
      int room = Math.max(FIRST_STEPS, 2 * count);
      names = Arrays.copyOf(names, room);
      since = Arrays.copyOf(since, room);
    }
    names[count] = name;
    since[count++] = sinceArrivalNanos;
  }

  /** What it says now, for good. Fails in no case, whatever is written meanwhile. */
  KeptCourse copy() {
    var copy = new KeptCourse();
    copy.outcome = outcome;
    copy.status = status;
    copy.reason = reason;
    copy.tenant = tenant;
    copy.arrivalNanos = arrivalNanos;
    int steps = count;
    copy.names = Arrays.copyOf(names, steps);
    copy.since = Arrays.copyOf(since, steps);
    copy.count = steps;
    return copy;
  }

  @Override
  public boolean ended() {
    return true;
  }

  @Override
  public String outcome() {
    return outcome;
  }

  @Override
  public int status() {
    return status;
  }

  @Override
  public @Nullable String reason() {
    return reason;
  }

  @Override
  public @Nullable String tenant() {
    return tenant;
  }

  @Override
  public long sinceArrivalNanos(long nanoTime) {
    return nanoTime - arrivalNanos;
  }

  @Override
  public void steps(StepListener listener) {
    for (int i = 0; i < count; i++) {
      listener.step(names[i], since[i]);
    }
  }
}
