package io.penstock.picker.config;

import io.penstock.picker.objective.RuleObjects;
import java.util.List;

/** What a file of objectives and rewrites came to. Immutable. */
public sealed interface LoadedRules {

  /** A right one; the warnings are for the operator. */
  record Valid(RuleObjects objects, List<ConfigError> warnings) implements LoadedRules {
    /** Copies the warnings. */
    public Valid {
      warnings = List.copyOf(warnings);
    }
  }

  /** A wrong one, with everything that is wrong. */
  record Invalid(List<ConfigError> errors) implements LoadedRules {
    /** Copies the errors. */
    public Invalid {
      errors = List.copyOf(errors);
    }
  }
}
