package io.penstock.picker.schedule;

/**
 * Which endpoints may get a request that names a model. One that names none may go to any endpoint
 * that accepts requests, whatever the rule.
 */
public enum ModelRule {
  /** Those that list the model; until an endpoint has listed any, what it is assumed to serve. */
  LISTED,
  /** Those that list the model, and those that have not listed any yet. */
  NOT_REFUTED,
  /** As {@link #NOT_REFUTED} while there are such; otherwise all, for the pod to say no itself. */
  PREFERRED
}
