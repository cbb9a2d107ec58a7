package io.penstock.controller.preset;

import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Normalization;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds configs for one service: in its namespace, then in the system's, then among the built-in
 * ones.
 */
final class ConfigSearch {

  /** What the status annotation begins with that names an edition of a preset. */
  static final String PIN = "serving.kserve.io/";

  private final ConfigLookup lookup;
  private final PresetScope scope;
  private final ObjectNode service;

  ConfigSearch(ObjectNode service, ConfigLookup lookup, PresetScope scope) {
    this.service = service;
    this.lookup = lookup;
    this.scope = scope;
  }

  /** A config's spec, with its templates read, and where it is from. */
  record Found(AppliedConfig config, ObjectNode spec) {}

  /**
   * The preset of that suffix. An object of that name replaces the built-in one; of the built-in
   * ones the edition that the service's status names, else the newest. A service that has been
   * rendered with an object of another prefix, as an older release was told to take, stays with it;
   * once that is gone, no built-in one takes its place, as that would restart the service's pods.
   *
   * @throws PresetException when there is none
   */
  Found preset(String suffix) {
    var pinned = text(service, "status", "annotations", PIN + suffix);
    var builtIn = Presets.builtInName(suffix);
    var replacing = scope.prefix() + suffix;
    boolean replaced = !pinned.isEmpty() && !Presets.isBuiltIn(pinned);
    var order = replaced ? List.of(pinned, replacing) : List.of(replacing, pinned, builtIn);
    for (var name : order) {
      var found =
          name.isEmpty() ? Optional.<Found>empty() : find(name, AppliedConfig.Source.PRESET);
      if (found.isPresent()) {
        return found.get();
      }
    }
    throw notFound(replaced ? pinned : replacing);
  }

  /**
   * The config that a {@code baseRefs} names.
   *
   * @throws PresetException when there is none
   */
  Found base(String name) {
    return find(name, AppliedConfig.Source.USER_REF)
        .or(() -> find(builtInOf(name), AppliedConfig.Source.USER_REF))
        .orElseThrow(() -> notFound(name));
  }

  private String builtInOf(String name) {
    return name.startsWith(scope.prefix())
        ? Presets.builtInName(name.substring(scope.prefix().length()))
        : "";
  }

  private Optional<Found> find(String name, AppliedConfig.Source source) {
    for (var namespace : namespaces()) {
      var config = lookup.config(namespace, name);
      if (config.isPresent()) {
        var spec = Normalization.apply(config.get()).path("spec");
        var read =
            spec instanceof ObjectNode object
                ? TemplateLeaves.read(object, namespace + "/" + name)
                : service.objectNode();
        return Optional.of(new Found(new AppliedConfig(name, namespace, source), read));
      }
    }
    return Presets.find(name).map(spec -> new Found(new AppliedConfig(name, "", source), spec));
  }

  private Set<String> namespaces() {
    return new LinkedHashSet<>(
        List.of(text(service, "metadata", "namespace"), scope.systemNamespace()));
  }

  private PresetException notFound(String name) {
    return new PresetException(
        "ConfigNotFound",
        "LLMInferenceServiceConfig %s is neither in namespace %s nor built in"
            .formatted(name, String.join(" nor in ", namespaces())));
  }
}
