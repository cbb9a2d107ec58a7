package io.penstock.controller.desired;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.preset.AppliedConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What comes of rendering one service. */
public sealed interface Rendering {

  /**
   * The service can be brought about.
   *
   * @param spec the merged spec after templates, as an object of the hub version holds it
   * @param children complete objects with {@code apiVersion}, {@code kind}, name and namespace, in
   *     the order in which to apply them; without owner references; empty when the service is
   *     stopped
   * @param applied the configs that went into the spec, lowest precedence first
   * @param warnings sentences for the user about what will not do what it seems to
   * @param certificate what the pods serve TLS with; empty: they serve plain HTTP
   */
  record Rendered(
      ObjectNode spec,
      List<ObjectNode> children,
      List<AppliedConfig> applied,
      List<String> warnings,
      Optional<ServingCertificate> certificate)
      implements Rendering {

    public Rendered {
      children = List.copyOf(children);
      applied = List.copyOf(applied);
      warnings = List.copyOf(warnings);
    }

    /**
     * What the status is to remember in its {@code annotations}, so that the next release's presets
     * do not restart this service's pods: the edition of each built-in one.
     */
    public Map<String, String> pins() {
      Map<String, String> pins = new TreeMap<>();
      for (var config : applied) {
        config.pin().ifPresent(key -> pins.put(key, config.name()));
      }
      return pins;
    }
  }

  /**
   * The service cannot be brought about until it, a config or the cluster changes.
   *
   * @param reason of the condition, in camel case: ConfigNotFound, InvalidRenderedConfig, …
   * @param message names what is wrong, where, and what is allowed
   */
  record Refused(String reason, String message) implements Rendering {}
}
