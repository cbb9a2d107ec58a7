package io.penstock.picker.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Every type of plugin that a configuration may name, and those that are refused. Immutable. */
public final class PluginTypes {

  private static final Map<String, PluginType> BY_NAME = byName();
  private static final Map<String, String> REFUSED =
      Collections.unmodifiableMap(RefusedTypes.all());

  private PluginTypes() {}

  private static Map<String, PluginType> byName() {
    List<PluginType> all = new ArrayList<>();
    all.addAll(ScorerTypes.all());
    all.addAll(FilterTypes.all());
    all.addAll(AttributeTypes.all());
    all.addAll(LatencyTypes.all());
    all.addAll(OtherTypes.all());
    all.addAll(FlowTypes.all());
    all.addAll(ReporterTypes.all());
    all.addAll(DisaggregationTypes.all());
    all.addAll(ProducerTypes.all());
    Map<String, PluginType> types = new LinkedHashMap<>();
    all.forEach(type -> types.put(type.name(), type));
    return Collections.unmodifiableMap(types);
  }

  /** By name, in the order of the documentation. */
  public static Map<String, PluginType> all() {
    return BY_NAME;
  }

  /** Names of llm-d's that are refused, and why. */
  public static Map<String, String> refused() {
    return REFUSED;
  }

  /** The type of that name. */
  static PluginType named(String name) {
    var type = BY_NAME.get(name);
    if (type == null) {
      throw new IllegalArgumentException("no type of plugin is called " + name);
    }
    return type;
  }
}
