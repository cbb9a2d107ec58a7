package io.penstock.picker.signals;

import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/** {@link EngineSettings} made ready for reading pages. Immutable. */
public final class EngineTable {

  private final EngineSettings settings;
  private final AttributeKeys keys;
  private final Map<String, EngineMetrics> byName = new HashMap<>();

  /** A table of those settings. */
  public EngineTable(EngineSettings settings) {
    this.settings = settings;
    this.keys = new AttributeKeys(settings.attributes());
    for (var engine : settings.engines()) {
      byName.put(engine.name(), new EngineMetrics(engine, keys));
    }
  }

  EngineSettings settings() {
    return settings;
  }

  AttributeKeys keys() {
    return keys;
  }

  /** Name of the engine that an endpoint's labels tell, known or not; else the default. */
  public String engine(Map<String, String> labels) {
    var named = labels.getOrDefault(settings.labelKey(), "");
    if (named.isEmpty()) {
      named = labels.getOrDefault(EngineSettings.OLDER_LABEL, "");
    }
    return named.isEmpty() ? settings.defaultEngine() : named;
  }

  /** Whether there is an engine of that name. */
  public boolean knows(String engine) {
    return byName.containsKey(engine);
  }

  /** The metrics of the engine of that name; those of the default for one that is not known. */
  public EngineMetrics metrics(String engine) {
    var known = byName.get(engine);
    return known != null
        ? known
        : Objects.requireNonNull(byName.get(settings.defaultEngine()), "checked by the settings");
  }

  /** Name of the engine of endpoints that do not say. */
  public String defaultEngine() {
    return settings.defaultEngine();
  }

  /** Names of all engines, for messages. */
  public String names() {
    return String.join(", ", new TreeSet<>(byName.keySet()));
  }
}
