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

  /** The status annotation that keeps a service on a built-in config; empty for others. */
  public Optional<String> pin() {
    var builtIn = Presets.builtInName("");
    return namespace.isEmpty() && source == Source.PRESET && name.startsWith(builtIn)
        ? Optional.of(ConfigSearch.PIN + name.substring(builtIn.length()))
        : Optional.empty();
  }
}
