package io.penstock.picker.config;

import java.util.List;

/** What loading an EndpointPickerConfig came to. Immutable. */
public sealed interface LoadedPicker {

  /**
   * A configuration to run with.
   *
   * @param warnings for the log, each with its place
   */
  record Valid(EndpointPickerConfig config, List<ConfigError> warnings) implements LoadedPicker {
    /** Copies the warnings. */
    public Valid {
      warnings = List.copyOf(warnings);
    }
  }

  /** Everything that is wrong, in the order of the file. */
  record Invalid(List<ConfigError> errors) implements LoadedPicker {
    /** Copies the errors. */
    public Invalid {
      errors = List.copyOf(errors);
    }
  }
}
