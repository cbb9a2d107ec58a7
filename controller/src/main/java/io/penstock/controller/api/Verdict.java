package io.penstock.controller.api;

import java.util.ArrayList;
import java.util.List;

/**
 * What validation found, all of it at once. Immutable.
 *
 * @param errors what makes the object unacceptable
 * @param warnings what is accepted and probably not meant
 */
public record Verdict(List<Finding> errors, List<Finding> warnings) {

  public static final Verdict FINE = new Verdict(List.of(), List.of());

  /** Copies both lists. */
  public Verdict {
    errors = List.copyOf(errors);
    warnings = List.copyOf(warnings);
  }

  /** Whether the object is acceptable. */
  public boolean accepted() {
    return errors.isEmpty();
  }

  /** Both verdicts' findings. */
  public Verdict and(Verdict other) {
    List<Finding> bothErrors = new ArrayList<>(errors);
    bothErrors.addAll(other.errors);
    List<Finding> bothWarnings = new ArrayList<>(warnings);
    bothWarnings.addAll(other.warnings);
    return new Verdict(bothErrors, bothWarnings);
  }
}
