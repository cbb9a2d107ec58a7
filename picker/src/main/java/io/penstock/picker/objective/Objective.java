package io.penstock.picker.objective;

/**
 * What requests that name it are worth ({@code InferenceObjective}). Immutable.
 *
 * @param name by which requests name it, unique in its pool
 * @param priority the higher the sooner; below 0 a request may be shed
 */
public record Objective(String name, int priority) {

  /** Refuses an empty name. */
  public Objective {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("an objective has no name");
    }
  }
}
