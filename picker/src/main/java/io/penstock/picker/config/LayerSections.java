package io.penstock.picker.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code dataLayer} and {@code requestHandler}, and the older {@code parser} at the top that
 * became a part of it. Confined to the thread that loads.
 */
final class LayerSections {

  private static final List<String> PARSERS =
      List.of("openai-parser", "anthropic-parser", "vllmhttp-parser", "passthrough-parser");

  private static final String ENDPOINTS =
      "is not supported: where endpoints come from is set by the picker's flags or the gateway's"
          + " pools";
  private static final String REPLICAS =
      "is not supported: replicas tell each other what they send through Redis: --replicas-redis,"
          + " the gateway's replicas.redis";

  private final YamlMapping root;
  private final PluginSection plugins;
  private final List<ConfigError> warnings;
  private final List<Plugin> parsers = new ArrayList<>();
  private final List<List<Plugin>> sources = new ArrayList<>();
  private @Nullable Plugin extractor;

  LayerSections(YamlMapping root, PluginSection plugins, List<ConfigError> warnings) {
    this.root = root;
    this.plugins = plugins;
    this.warnings = warnings;
  }

  List<Plugin> parsers() {
    return parsers;
  }

  List<List<Plugin>> sources() {
    return sources;
  }

  /** The extractor of the sources' metrics; where they have none, the file's or a usual one. */
  Plugin extractor() {
    return extractor != null
        ? extractor
        : plugins.added(EngineTypes.METRICS_EXTRACTOR, "default extractor of metrics");
  }

  void read() {
    dataLayer();
    requestHandler();
  }

  // ---- data layer ----

  private void dataLayer() {
    var layer = root.mapping("dataLayer");
    boolean defaults = true;
    if (layer != null) {
      layer.refuseAllBut(
          List.of(
              "injectDefaults",
              "sources",
              "discovery",
              "peerDiscovery",
              "crossReplicaSyncerPluginRef",
              "crossReplicaSyncInterval"));
      defaults = injectsDefaults(layer);
      for (var source : layer.mappings("sources")) {
        source(source);
      }
      refuse(layer, "discovery", ENDPOINTS);
      refuse(layer, "peerDiscovery", REPLICAS);
      refuse(layer, "crossReplicaSyncerPluginRef", REPLICAS);
      time(layer, "crossReplicaSyncInterval");
      if (!defaults && sources.isEmpty()) {
        layer.error("sources", "is empty, and injectDefaults is false: there are no metrics");
      }
    }
    boolean there =
        sources.stream()
            .anyMatch(each -> each.getFirst().type().name().equals(ProducerTypes.METRICS_SOURCE));
    if (!there && defaults) {
      var rule = "default source of metrics";
      sources.add(
          List.of(
              plugins.added(ProducerTypes.METRICS_SOURCE, rule),
              plugins.added(EngineTypes.METRICS_EXTRACTOR, rule)));
    } else if (!there && layer != null) {
      warnings.add(layer.at("injectDefaults", "has no effect: metrics are read in any case"));
    }
  }

  private static boolean injectsDefaults(YamlMapping layer) {
    var text = layer.text("injectDefaults");
    if (text != null && !text.equals("true") && !text.equals("false")) {
      layer.error("injectDefaults", "'" + text + "' does not fit; allowed: true, false");
    }
    return !"false".equals(text);
  }

  private void source(YamlMapping mapping) {
    mapping.refuseAllBut(List.of("pluginRef", "extractors"));
    var source = plugins.referredTo(mapping, "pluginRef", PluginKind.DATA_SOURCE);
    List<Plugin> chain = new ArrayList<>();
    if (source != null) {
      chain.add(source);
    }
    Set<String> types = new HashSet<>();
    for (var entry : mapping.mappings("extractors")) {
      entry.refuseAllBut(List.of("pluginRef"));
      var extractor = plugins.referredTo(entry, "pluginRef", PluginKind.EXTRACTOR);
      if (extractor == null) {
        continue;
      }
      if (!types.add(extractor.type().name())) {
        entry.error("pluginRef", "a second " + extractor.type().name() + " of the same source");
      } else {
        onlyOne(entry, extractor);
      }
      chain.add(extractor);
    }
    if (source != null) {
      sources.add(chain);
    }
  }

  private void onlyOne(YamlMapping entry, Plugin found) {
    if (!found.type().name().equals(EngineTypes.METRICS_EXTRACTOR)) {
      return;
    }
    if (extractor != null && !extractor.name().equals(found.name())) {
      entry.error("pluginRef", "a second " + found.type().name() + ": an endpoint has one page");
    } else {
      extractor = found;
    }
  }

  private static void refuse(YamlMapping mapping, String key, String message) {
    if (mapping.has(key)) {
      mapping.error(key, message);
    }
  }

  // ---- parsers ----

  private void requestHandler() {
    var handler = root.mapping("requestHandler");
    List<YamlMapping> entries = new ArrayList<>();
    if (handler != null) {
      handler.refuseAllBut(List.of("parsers"));
      entries.addAll(handler.mappings("parsers"));
    }
    var older = root.mapping("parser");
    if (older != null) {
      warnings.add(root.at("parser", "is deprecated: requestHandler.parsers"));
      entries.add(older);
    }
    for (var entry : entries) {
      entry.refuseAllBut(List.of("pluginRef"));
      var parser = plugins.referredTo(entry, "pluginRef", PluginKind.PARSER);
      if (parser != null) {
        parsers.add(parser);
      }
    }
    if (entries.isEmpty()) {
      for (var type : PARSERS) {
        parsers.add(plugins.added(type, "default parser"));
      }
    } else {
      warnings.add(
          root.at(
              handler == null ? "parser" : "requestHandler",
              "does not restrict the paths: every API that is understood stays so"));
    }
  }

  private static void time(YamlMapping mapping, String key) {
    var text = mapping.text(key);
    if (text == null) {
      return;
    }
    try {
      GoDuration.nanos(text);
    } catch (IllegalArgumentException e) {
      mapping.error(key, "'" + text + "' does not fit; allowed: " + new Shape.Time().fits());
    }
  }
}
