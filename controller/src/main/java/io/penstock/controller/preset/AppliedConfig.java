package io.penstock.controller.preset;

import java.util.Optional;

/**
 * One config that went into a merged spec.
 *
 * @param name of the config
 * @param namespace where it was found; empty: it is built in
 * @param source why it was taken
 */
public record AppliedConfig(String name, String namespace, Source source) {

  private static final String ROUTE = "config-llm-router-route";

  /** Why a config was taken. */
  public enum Source {
    /** The shape of the service asks for it. */
    PRESET("Preset"),
    /** The service's {@code baseRefs} name it. */
    USER_REF("UserRef");

    private final String text;

    Source(String text) {
      this.text = text;
    }

    /** As the status has it. */
    public String text() {
      return text;
    }
  }

  /**
   * The status annotation that keeps a service on this config; empty where the next pass may take
   * another: what {@code baseRefs} name, and routes, which restart no pod.
   */
  public Optional<String> pin() {
    if (source != Source.PRESET || name.endsWith(ROUTE)) {
      return Optional.empty();
    }
    return Presets.suffixes().stream()
        .filter(name::endsWith)
        .findFirst()
        .map(suffix -> ConfigSearch.PIN + suffix);
  }
}
