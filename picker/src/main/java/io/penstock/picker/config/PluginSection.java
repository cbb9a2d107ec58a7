package io.penstock.picker.config;

import io.penstock.picker.schedule.plugins.PrefixBasedDecider;
import io.penstock.picker.schedule.plugins.SessionAffinity;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads {@code plugins}, and adds what rules ask for. Confined to the thread that loads. */
final class PluginSection {

  private final YamlMapping root;
  private final ParameterReader parameters;
  private final List<ConfigError> warnings;
  private final boolean experimental;

  /** By name; null for one whose type is not known. */
  private final Map<String, @Nullable Plugin> byName = new LinkedHashMap<>();

  private final Map<String, YamlMapping> places = new LinkedHashMap<>();

  PluginSection(
      YamlMapping root,
      ParameterReader parameters,
      List<ConfigError> warnings,
      boolean experimental) {
    this.root = root;
    this.parameters = parameters;
    this.warnings = warnings;
    this.experimental = experimental;
  }

  void read() {
    for (var mapping : root.mappings("plugins")) {
      mapping.refuseAllBut(List.of("name", "type", "parameters"));
      var typeName = mapping.text("type");
      if (!mapping.has("type")) {
        mapping.error("type", "is missing");
      }
      var name = mapping.has("name") ? mapping.text("name") : typeName;
      if (name == null) {
        continue;
      }
      if (byName.containsKey(name)) {
        mapping.error(
            mapping.has("name") ? "name" : "type", "'" + name + "' is the name of another");
        continue;
      }
      byName.put(name, typeName == null ? null : plugin(mapping, name, typeName));
      places.put(name, mapping);
    }
  }

  private @Nullable Plugin plugin(YamlMapping mapping, String name, String typeName) {
    var type = PluginTypes.all().get(typeName);
    var why = PluginTypes.refused().get(typeName);
    if (type == null) {
      mapping.error(
          "type",
          why != null
              ? "'" + typeName + "' is not supported: " + why
              : "'"
                  + typeName
                  + "' is unknown"
                  + Suggestion.didYouMean(typeName, PluginTypes.all().keySet()));
      return null;
    }
    if (type.alpha() && !experimental) {
      mapping.error(
          "type",
          "'" + typeName + "' is experimental; it is taken with --allow-experimental-plugins");
    }
    if (!type.warning().isEmpty()) {
      warnings.add(mapping.at("type", "'" + typeName + "' " + type.warning()));
    }
    var given = mapping.isNothing("parameters") ? null : mapping.mapping("parameters");
    if (given == null) {
      for (var missing : ParameterReader.missing(type.parameters())) {
        mapping.error("parameters", missing + " is missing");
      }
    }
    var values = parameters.read(given, type.parameters());
    return new Plugin(name, type, values, root.file() + ":" + mapping.line("type"));
  }

  /** What can be checked only when all plugins are known. */
  void checkReferences() {
    byName.forEach(
        (name, plugin) -> {
          var place = places.get(name);
          if (plugin != null && place != null) {
            checkNames(place, plugin.parameters());
            checkTogether(place, plugin);
          }
        });
  }

  private void checkNames(YamlMapping place, Values values) {
    values
        .entries()
        .forEach(
            (parameter, entry) -> {
              if (entry.value() instanceof Values group) {
                checkNames(place, group);
              } else if (entry.value() instanceof List<?> list) {
                for (var each : list) {
                  if (each instanceof Values group) {
                    checkNames(place, group);
                  }
                }
              } else if (entry.shape() instanceof Shape.Ref(var type)
                  && entry.value() instanceof String name
                  && !name.isEmpty()) {
                checkName(place, parameter, name, type);
              }
            });
  }

  private void checkName(YamlMapping place, String parameter, String name, String type) {
    var plugin = byName.get(name);
    if (!byName.containsKey(name)) {
      place.error(
          "parameters",
          "%s: no plugin is called '%s'%s"
              .formatted(parameter, name, Suggestion.didYouMean(name, byName.keySet())));
    } else if (plugin != null && !plugin.type().name().equals(type)) {
      place.error(
          "parameters",
          "%s: '%s' is a %s, not a %s".formatted(parameter, name, plugin.type().name(), type));
    }
  }

  /** What parameters have to be together. */
  private void checkTogether(YamlMapping place, Plugin plugin) {
    var complaint = "";
    if (plugin.type().name().equals(ProducerTypes.SESSION_ID)
        && plugin.parameters().has("headerName") == plugin.parameters().has("cookieName")) {
      complaint = "exactly one of headerName and cookieName is needed";
    } else if (Set.of(SessionAffinity.SCORER, SessionAffinity.FILTER).contains(plugin.type().name())
        && plugin.parameters().has("strategy")) {
      complaint = SessionTypes.complaint(plugin.parameters(), hasType(ProducerTypes.SESSION_ID));
    } else if (plugin.type().name().equals(ReporterTypes.USAGE)) {
      complaint = ReporterTypes.complaint(plugin.parameters());
    } else if (plugin.type().is(PluginKind.FILTER)) {
      complaint = FilterTypes.complaint(plugin);
    }
    if (!complaint.isEmpty()) {
      place.error("parameters", complaint);
    }
  }

  private boolean hasType(String type) {
    return byName.values().stream()
        .anyMatch(plugin -> plugin != null && plugin.type().name().equals(type));
  }

  /**
   * The plugin that {@code place} refers to; null, with an error noted, where there is none or it
   * is of no allowed kind, and null without one where its own entry is wrong.
   */
  @Nullable Plugin referredTo(YamlMapping place, String key, PluginKind... kinds) {
    var name = place.text(key);
    if (name == null || name.isEmpty()) {
      if (!place.has(key) || name != null) {
        place.error(key, "is missing: the name of a plugin");
      }
      return null;
    }
    if (!byName.containsKey(name)) {
      place.error(
          key, "no plugin is called '" + name + "'" + Suggestion.didYouMean(name, byName.keySet()));
      return null;
    }
    var plugin = byName.get(name);
    if (plugin == null) {
      return null;
    }
    for (var kind : kinds) {
      if (plugin.type().is(kind)) {
        return plugin;
      }
    }
    List<String> words = new ArrayList<>();
    for (var kind : kinds) {
      words.add(kind.words());
    }
    place.error(
        key,
        "'%s' is a %s and not %s".formatted(name, plugin.type().name(), String.join(", ", words)));
    return null;
  }

  /** The plugin of that type that rules ask for: one of the file, else a new one. */
  Plugin added(String typeName, String rule) {
    for (var plugin : byName.values()) {
      if (plugin != null && plugin.type().name().equals(typeName)) {
        return plugin;
      }
    }
    var type = PluginTypes.named(typeName);
    var name = byName.containsKey(typeName) ? typeName + "-default" : typeName;
    var made = new Plugin(name, type, parameters.read(null, type.parameters()), rule);
    byName.put(name, made);
    return made;
  }

  /** Adds the producers that plugins read and that the file does not have. */
  void addProducers() {
    for (var plugin : all()) {
      for (var parameter : plugin.type().parameters()) {
        if (parameter.shape() instanceof Shape.Ref(var type)) {
          added(type, "default producer for " + plugin.name());
        }
      }
    }
    if (hasType(PrefixBasedDecider.TYPE)) {
      added(ProducerTypes.APPROX_PREFIX, "default producer for " + PrefixBasedDecider.TYPE);
    }
    if (hasType(ProducerTypes.APPROX_PREFIX)) {
      added(ProducerTypes.TOKENS, "default producer for " + ProducerTypes.APPROX_PREFIX);
    }
  }

  /** Names of all, of those too whose entries are wrong. */
  Set<String> names() {
    return byName.keySet();
  }

  /** The plugin of that name; null where its entry is wrong, or there is none. */
  @Nullable Plugin named(String name) {
    return byName.get(name);
  }

  /** Those of that kind, in the order of the file. */
  List<Plugin> of(PluginKind kind) {
    return all().stream().filter(plugin -> plugin.type().is(kind)).toList();
  }

  /** The place of a plugin of the file. */
  @Nullable YamlMapping place(Plugin plugin) {
    return places.get(plugin.name());
  }

  List<Plugin> all() {
    return byName.values().stream().filter(Objects::nonNull).map(Plugin.class::cast).toList();
  }
}
