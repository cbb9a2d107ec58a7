package io.penstock.picker.config;

import io.penstock.picker.schedule.plugins.UtilizationDetector;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code dataLayer}, {@code requestHandler} and {@code flowControl}, and the older members at
 * the top that became parts of them. Confined to the thread that loads.
 */
final class LayerSections {

  private static final List<String> BAND =
      List.of("priority", "maxBytes", "maxRequests", "fairnessPolicyRef", "orderingPolicyRef");

  private static final List<String> PARSERS =
      List.of("openai-parser", "anthropic-parser", "vllmhttp-parser", "passthrough-parser");

  private static final String ENDPOINTS =
      "is not supported: where endpoints come from is set by the picker's flags or the gateway's"
          + " pools";
  private static final String REPLICAS = "is not supported: replicas share nothing";

  private final YamlMapping root;
  private final PluginSection plugins;
  private final List<ConfigError> warnings;
  private final List<Plugin> parsers = new ArrayList<>();
  private final List<List<Plugin>> sources = new ArrayList<>();
  private @Nullable Plugin detector;

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

  /** Null where an error was noted. */
  @Nullable Plugin saturationDetector() {
    return detector;
  }

  void read() {
    dataLayer();
    requestHandler();
    flowControl();
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
              plugins.added(ProducerTypes.METRICS_EXTRACTOR, rule)));
    } else if (!there && layer != null) {
      warnings.add(
          layer.at("injectDefaults", "has no effect: vLLM's metrics are read in any case"));
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
      }
      chain.add(extractor);
    }
    if (source != null) {
      sources.add(chain);
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

  // ---- flow control ----

  private void flowControl() {
    var flow = root.mapping("flowControl");
    if (flow != null) {
      flow.refuseAllBut(
          List.of(
              "maxBytes",
              "maxRequests",
              "defaultRequestTTL",
              "noEndpointRequestTTL",
              "defaultPriorityBand",
              "defaultNegativePriorityBand",
              "priorityBands",
              "usageLimitPolicyPluginRef",
              "saturationDetector",
              "enableEviction"));
      if (flow.names().stream().anyMatch(name -> !name.equals("saturationDetector"))) {
        warnings.add(
            root.at("flowControl", "has no effect without the gate flowControl, which is off"));
      }
      limits(flow);
      time(flow, "defaultRequestTTL");
      time(flow, "noEndpointRequestTTL");
      band(flow.mapping("defaultPriorityBand"));
      band(flow.mapping("defaultNegativePriorityBand"));
      bands(flow);
      if (flow.has("usageLimitPolicyPluginRef")) {
        plugins.referredTo(flow, "usageLimitPolicyPluginRef", PluginKind.USAGE_LIMIT_POLICY);
      }
    }
    detector(flow == null ? null : flow.mapping("saturationDetector"));
  }

  private void detector(@Nullable YamlMapping inFlow) {
    var older = root.mapping("saturationDetector");
    if (older != null) {
      warnings.add(root.at("saturationDetector", "is deprecated: flowControl.saturationDetector"));
    }
    var place = inFlow == null ? older : inFlow;
    if (place == null) {
      detector = plugins.added(UtilizationDetector.TYPE, "default saturation detector");
      return;
    }
    place.refuseAllBut(List.of("pluginRef"));
    detector = plugins.referredTo(place, "pluginRef", PluginKind.SATURATION_DETECTOR);
    warnings.add(
        place.at(
            "pluginRef",
            "sheds nothing by itself: that is for requests of negative priority, and priorities"
                + " are not read yet; as a filter of a profile it has its effect"));
  }

  private static void limits(YamlMapping mapping) {
    for (var key : List.of("maxBytes", "maxRequests")) {
      var text = mapping.text(key);
      if (text != null && !Quantity.fits(text)) {
        mapping.error(
            key, "'" + text + "' does not fit; allowed: a quantity such as 5000, 1k or 1Gi");
      }
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

  private void band(@Nullable YamlMapping band) {
    if (band == null) {
      return;
    }
    band.refuseAllBut(BAND);
    limits(band);
    if (band.has("fairnessPolicyRef")) {
      plugins.referredTo(band, "fairnessPolicyRef", PluginKind.FAIRNESS_POLICY);
    }
    if (band.has("orderingPolicyRef")) {
      plugins.referredTo(band, "orderingPolicyRef", PluginKind.ORDERING_POLICY);
    }
  }

  private void bands(YamlMapping flow) {
    Set<String> priorities = new HashSet<>();
    for (var band : flow.mappings("priorityBands")) {
      band(band);
      var priority = band.text("priority");
      if (!band.has("priority")) {
        band.error("priority", "is missing; allowed: a whole number");
      } else if (priority != null && !priority.matches("[-+]?[0-9]{1,9}")) {
        band.error("priority", "'" + priority + "' does not fit; allowed: a whole number");
      } else if (priority != null && !priorities.add(Integer.valueOf(priority).toString())) {
        band.error("priority", "'" + priority + "' is the priority of a band above");
      }
    }
  }
}
