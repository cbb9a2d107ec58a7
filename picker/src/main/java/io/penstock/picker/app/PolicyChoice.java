package io.penstock.picker.app;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.PolicyFile;
import org.jspecify.annotations.Nullable;

/**
 * How pools are routed.
 *
 * @param config to begin with; null for expected cost
 * @param file whose changes are taken over while the picker runs, null for none
 */
public record PolicyChoice(@Nullable EndpointPickerConfig config, @Nullable PolicyFile file) {

  /** Penstock's own policy. */
  public static final PolicyChoice EXPECTED_COST = new PolicyChoice(null, null);
}
