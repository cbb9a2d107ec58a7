package io.penstock.picker.config;

import io.penstock.picker.signals.EngineSettings;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Checks the extractor of metrics that is in force, and what plugins want of it. Confined to the
 * thread that loads.
 */
final class EngineSection {

  private final PluginSection plugins;
  private final Plugin extractor;

  /** The extractor of the file's sources, or the one that stands in for it. */
  EngineSection(PluginSection plugins, Plugin extractor) {
    this.plugins = plugins;
    this.extractor = extractor;
  }

  void check() {
    for (var plugin : plugins.of(PluginKind.EXTRACTOR)) {
      var place = plugins.place(plugin);
      if (place != null && plugin.type().name().equals(EngineTypes.METRICS_EXTRACTOR)) {
        var given = place.isNothing("parameters") ? null : place.mapping("parameters");
        EngineTypes.check(given, plugin.parameters());
      }
    }
    List<String> attributes = attributes();
    for (var plugin : plugins.all()) {
      var place = plugins.place(plugin);
      if (place != null) {
        AttributeTypes.check(place, plugin, extractor, plugins.names(), attributes);
      }
    }
  }

  private List<String> attributes() {
    Set<String> names = new LinkedHashSet<>();
    for (var engine : extractor.parameters().groups("engineConfigs")) {
      for (var custom : engine.groups("customMetrics")) {
        var name = custom.optionalText("attributeKey");
        if (name != null) {
          names.add(name);
        }
      }
    }
    return new ArrayList<>(names);
  }

  /** What it says; only where nothing is wrong. */
  EngineSettings settings() {
    return EngineTypes.settings(extractor.parameters());
  }
}
