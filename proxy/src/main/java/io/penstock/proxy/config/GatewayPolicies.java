package io.penstock.proxy.config;

import io.penstock.picker.config.ConfigError;
import io.penstock.picker.config.LoadedPicker;
import java.util.ArrayList;
import java.util.List;

/** What an EndpointPickerConfig may ask of a picker, but not of the gateway. Pure functions. */
public final class GatewayPolicies {

  static final String NO_ENCODE_STAGE =
      "deciders.encode is not supported by the gateway, which has no encode stage: images are"
          + " encoded where the prompt is computed";

  private GatewayPolicies() {}

  /** The same for the gateway: refused where it asks for what the gateway cannot do. */
  public static LoadedPicker checked(LoadedPicker loaded) {
    if (!(loaded instanceof LoadedPicker.Valid(var config, var warnings))) {
      return loaded;
    }
    if (config.encodes()) {
      return new LoadedPicker.Invalid(
          List.of(ConfigError.of(config.profileHandler().origin(), "", NO_ENCODE_STAGE)));
    }
    if (config.usageReports().isEmpty()) {
      return loaded;
    }
    List<ConfigError> more = new ArrayList<>(warnings);
    for (var plugin : config.usageReporters()) {
      more.add(
          ConfigError.of(
              plugin.origin(),
              "",
              "'" + plugin.name() + "' has no effect in the gateway: no proxy in front is told"));
    }
    return new LoadedPicker.Valid(config, more);
  }
}
