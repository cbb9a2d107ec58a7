package io.penstock.proxy.config;

import io.penstock.picker.config.ConfigError;
import java.util.List;

/** What loading a configuration came to. Immutable. */
public sealed interface LoadResult {

  /**
   * A configuration to run with.
   *
   * @param sources where each value came from
   * @param warnings for the log, one sentence each
   */
  record Loaded(GatewayConfig config, EffectiveSettings sources, List<String> warnings)
      implements LoadResult {
    /** Copies the warnings. */
    public Loaded {
      warnings = List.copyOf(warnings);
    }
  }

  /** Everything that is wrong, in the order of the sources. */
  record Invalid(List<ConfigError> errors) implements LoadResult {
    /** Copies the errors. */
    public Invalid {
      errors = List.copyOf(errors);
    }
  }
}
