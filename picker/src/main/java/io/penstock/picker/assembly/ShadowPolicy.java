package io.penstock.picker.assembly;

import io.penstock.picker.config.EndpointPickerConfig;
import org.jspecify.annotations.Nullable;

/**
 * A second policy that decides beside the live one, for comparison.
 *
 * @param name for people
 * @param config null for expected cost
 * @param sample share of the requests it looks at, above 0 and up to 1
 */
public record ShadowPolicy(String name, @Nullable EndpointPickerConfig config, double sample) {

  /** Share of the requests where nobody says another. */
  public static final double SAMPLE = 0.1;

  /** Checks the share. */
  public ShadowPolicy {
    if (!(sample > 0 && sample <= 1)) {
      throw new IllegalArgumentException(
          "shadow " + name + ": sample is " + sample + ", allowed: above 0, up to 1");
    }
  }
}
