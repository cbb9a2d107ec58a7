package io.penstock.picker.signals;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which engine an endpoint runs, and how the metrics of each are read. Immutable.
 *
 * @param labelKey label of an endpoint that names its engine
 * @param defaultEngine engine of endpoints without the label
 * @param engines all that are known, each name once, the default among them
 */
public record EngineSettings(String labelKey, String defaultEngine, List<EngineSpec> engines) {

  /** Label that names an engine, where nothing else is said. */
  public static final String LABEL = "llm-d.ai/engine-type";

  /** Its older name, read where an endpoint has no other. */
  public static final String OLDER_LABEL = "inference.networking.k8s.io/engine-type";

  /** Engine of endpoints that do not say, where nothing else is said. */
  public static final String ENGINE = BuiltInEngines.VLLM;

  /** Most attributes that custom metrics of all engines make up together. */
  public static final int MAX_ATTRIBUTES = 16;

  /** Without any configuration. */
  public static final EngineSettings DEFAULT =
      new EngineSettings(LABEL, ENGINE, BuiltInEngines.ALL);

  /**
   * Checks and copies.
   *
   * @throws IllegalArgumentException an engine twice, a default that is none of them, or too many
   *     attributes
   */
  public EngineSettings {
    engines = List.copyOf(engines);
    Set<String> names = new LinkedHashSet<>();
    for (var engine : engines) {
      if (!names.add(engine.name())) {
        throw new IllegalArgumentException("engine '" + engine.name() + "' is there twice");
      }
    }
    if (!names.contains(defaultEngine)) {
      throw new IllegalArgumentException(
          "engine '" + defaultEngine + "' is unknown; allowed: " + String.join(", ", names));
    }
    if (attributes(engines).size() > MAX_ATTRIBUTES) {
      throw new IllegalArgumentException(
          attributes(engines).size() + " attributes; allowed: up to " + MAX_ATTRIBUTES);
    }
  }

  /** Those engines and the built-in ones of other names. */
  public static List<EngineSpec> withBuiltIn(List<EngineSpec> own) {
    Map<String, EngineSpec> all = new LinkedHashMap<>();
    BuiltInEngines.ALL.forEach(each -> all.put(each.name(), each));
    own.forEach(each -> all.put(each.name(), each));
    return new ArrayList<>(all.values());
  }

  /** Names of the engines that need no configuration. */
  public static List<String> builtIn() {
    return BuiltInEngines.ALL.stream().map(EngineSpec::name).toList();
  }

  /** Names of the attributes, each once, in order. */
  public List<String> attributes() {
    return List.copyOf(attributes(engines));
  }

  private static Set<String> attributes(List<EngineSpec> engines) {
    Set<String> names = new LinkedHashSet<>();
    for (var engine : engines) {
      engine.custom().forEach(each -> names.add(each.attribute()));
    }
    return names;
  }
}
