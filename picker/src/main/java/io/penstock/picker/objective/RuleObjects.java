package io.penstock.picker.objective;

import java.util.List;

/** What one source says of a pool: its objectives and rewrites, as they are written. Immutable. */
public record RuleObjects(List<Objective> objectives, List<ModelRewrite> rewrites) {

  /** Nothing. */
  public static final RuleObjects NONE = new RuleObjects(List.of(), List.of());

  /** Copies the lists. */
  public RuleObjects {
    objectives = List.copyOf(objectives);
    rewrites = List.copyOf(rewrites);
  }
}
