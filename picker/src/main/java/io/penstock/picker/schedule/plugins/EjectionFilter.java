package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * Keeps endpoints that are not ejected, and of those that return from an ejection a share that
 * grows with their weight. If that leaves none, all that are not ejected stay; if all are ejected,
 * observation has failed rather than every endpoint, and all stay (panic mode), unless the request
 * has another way to go.
 */
public final class EjectionFilter implements Filter {

  /** Type in configuration. */
  public static final String TYPE = "ejection-filter";

  private final EndpointHealth health;
  private final boolean mayLeaveNone;

  /** A filter that asks {@code health}. */
  public EjectionFilter(EndpointHealth health) {
    this(health, false);
  }

  /**
   * The same.
   *
   * @param mayLeaveNone whether there is another way to go when all are ejected
   */
  public EjectionFilter(EndpointHealth health, boolean mayLeaveNone) {
    this.health = health;
    this.mayLeaveNone = mayLeaveNone;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    dropEjected(context, candidates);
    if (candidates.remaining() == 0) {
      if (!mayLeaveNone) {
        candidates.keepAll();
      }
      return;
    }
    boolean anyReturning = dropReturning(context, candidates);
    if (anyReturning && candidates.remaining() == 0) {
      candidates.keepAll();
      dropEjected(context, candidates);
    }
  }

  private void dropEjected(SchedulingContext context, Candidates candidates) {
    for (int i = 0; i < candidates.count(); i++) {
      if (!health.routable(candidates.slot(i), context.nowNanos())) {
        candidates.drop(i);
      }
    }
  }

  private boolean dropReturning(SchedulingContext context, Candidates candidates) {
    boolean any = false;
    for (int i = 0; i < candidates.count(); i++) {
      if (candidates.isDropped(i)) {
        continue;
      }
      double weight = health.weight(candidates.slot(i), context.nowNanos());
      if (weight < 1 && context.random().nextDouble() >= weight) {
        candidates.drop(i);
        any = true;
      }
    }
    return any;
  }
}
