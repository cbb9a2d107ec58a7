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
   * @param candidates endpoints that serve its model and whom every policy may pick, at least one;
   *     before any filter of its profiles
   */
  boolean refuses(SchedulingContext context, Candidates candidates);
}
