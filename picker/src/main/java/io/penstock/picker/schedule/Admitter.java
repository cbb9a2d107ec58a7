package io.penstock.picker.schedule;

/**
 * Refuses requests of negative priority before anything is picked for them. Shared by all event
 * loops; allocates nothing.
 */
@FunctionalInterface
public interface Admitter {

  /**
   * Whether the request is refused.
   *
   * @param candidates every endpoint that serves its model, at least one; before any filter
   */
  boolean refuses(SchedulingContext context, Candidates candidates);
}
