package io.penstock.picker.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads an EndpointPickerConfig strictly and fills in its defaults. Every error is found and told
 * at once, with its place. Confined to the thread that loads.
 */
public final class EndpointPickerLoader {

  /** The {@code kind}. */
  public static final String KIND = "EndpointPickerConfig";

  private static final String API_VERSION = "llm-d.ai/v1alpha1";
  private static final String OLDER_API_VERSION = "inference.networking.x-k8s.io/v1alpha1";
  private static final List<String> API_VERSIONS = List.of(API_VERSION, OLDER_API_VERSION);

  private static final List<String> KEYS =
      List.of(
          "apiVersion",
          "kind",
          "featureGates",
          "plugins",
          "schedulingProfiles",
          "dataLayer",
          "flowControl",
          "requestHandler",
          "saturationDetector",
          "parser");

  private static final String FLOW_CONTROL = "flowControl";
  private static final String WARM_STANDBY = "haPopulateNonLeaderDatastore";
  private static final List<String> GATES = List.of(FLOW_CONTROL, WARM_STANDBY);

  private final List<ConfigError> errors;
  private final int before;
  private final List<ConfigError> warnings = new ArrayList<>();
  private final boolean experimental;

  private EndpointPickerLoader(List<ConfigError> errors, boolean experimental, int before) {
    this.errors = errors;
    this.before = before;
    this.experimental = experimental;
  }

  /**
   * Reads a file.
   *
   * @param experimental whether plugins that llm-d calls experimental are taken
   */
  public static LoadedPicker load(Path file, boolean experimental) {
    try {
      return load(file.toString(), Files.readString(file), experimental);
    } catch (NoSuchFileException e) {
      return refused(file, "there is no such file");
    } catch (IOException e) {
      return refused(file, "cannot be read: " + e);
    }
  }

  private static LoadedPicker refused(Path file, String why) {
    return new LoadedPicker.Invalid(List.of(ConfigError.of(file.toString(), "", why)));
  }

  /**
   * Reads a text.
   *
   * @param source file or flag, for messages
   * @param experimental whether plugins that llm-d calls experimental are taken
   */
  public static LoadedPicker load(String source, String text, boolean experimental) {
    List<ConfigError> errors = new ArrayList<>();
    var root = YamlMapping.parse(source, text, errors);
    if (root == null) {
      return new LoadedPicker.Invalid(errors);
    }
    var loader = new EndpointPickerLoader(errors, experimental, 0);
    loader.checkVersion(root);
    return loader.load(root);
  }

  /**
   * Reads a part of another file, which needs neither {@code apiVersion} nor {@code kind}. What is
   * wrong is noted with the mapping too.
   */
  public static LoadedPicker loadPart(YamlMapping part, boolean experimental) {
    var loader = new EndpointPickerLoader(part.errors(), experimental, part.errors().size());
    if (part.has("apiVersion") || part.has("kind")) {
      loader.checkVersion(part);
    }
    return loader.load(part);
  }

  /** Whether the text says of itself that it is such a configuration. */
  public static boolean claims(String text) {
    List<ConfigError> ignored = new ArrayList<>();
    var root = YamlMapping.parse("", text, ignored);
    return root != null && KIND.equals(root.text("kind"));
  }

  private void checkVersion(YamlMapping root) {
    var version = root.text("apiVersion");
    if (!root.has("apiVersion")) {
      root.error("apiVersion", "is missing; allowed: " + API_VERSION);
    } else if (version != null && !API_VERSIONS.contains(version)) {
      root.error(
          "apiVersion",
          "'%s' does not fit; allowed: %s%s"
              .formatted(
                  version,
                  String.join(", ", API_VERSIONS),
                  Suggestion.didYouMean(version, API_VERSIONS)));
    } else if (OLDER_API_VERSION.equals(version)) {
      warnings.add(root.at("apiVersion", "'" + version + "' is deprecated: " + API_VERSION));
    }
    var kind = root.text("kind");
    if (!root.has("kind")) {
      root.error("kind", "is missing; allowed: " + KIND);
    } else if (kind != null && !kind.equals(KIND)) {
      root.error("kind", "'" + kind + "' does not fit; allowed: " + KIND);
    }
  }

  private LoadedPicker load(YamlMapping root) {
    root.refuseAllBut(KEYS);
    boolean flowControl = gates(root);
    var plugins = new PluginSection(root, new ParameterReader(warnings), warnings, experimental);
    plugins.read();
    var profiles = new ProfileSection(root, plugins, warnings);
    var layers = new LayerSections(root, plugins, warnings);
    layers.read();
    var flow = new FlowSection(root, plugins, warnings, flowControl);
    flow.read();
    profiles.read();
    plugins.checkReferences();
    var engines = new EngineSection(plugins, layers.extractor());
    engines.check();
    if (errors.size() > before) {
      // What is read twice is told once.
      return new LoadedPicker.Invalid(
          errors.subList(before, errors.size()).stream().distinct().toList());
    }
    plugins.addProducers();
    var handler = profiles.handler();
    var detector = flow.saturationDetector();
    if (handler == null || detector == null) {
      throw new IllegalStateException("no error and no handler or detector");
    }
    return new LoadedPicker.Valid(
        new EndpointPickerConfig(
            root.file(),
            plugins.all(),
            profiles.profiles(),
            handler,
            detector,
            layers.parsers(),
            layers.sources(),
            engines.settings(),
            flow.config(detector)),
        warnings);
  }

  /** Whether the gate flowControl is open. */
  private boolean gates(YamlMapping root) {
    boolean flowControl = false;
    for (var gate : root.texts("featureGates")) {
      int equals = gate.indexOf('=');
      var name = equals < 0 ? gate : gate.substring(0, equals);
      var value = equals < 0 ? "true" : gate.substring(equals + 1);
      if (!GATES.contains(name)) {
        root.error(
            "featureGates",
            "gate '%s' is unknown; allowed: %s%s"
                .formatted(name, String.join(", ", GATES), Suggestion.didYouMean(name, GATES)));
      } else if (!value.equals("true") && !value.equals("false")) {
        root.error("featureGates", "gate " + name + " is '" + value + "'; allowed: true, false");
      } else if (name.equals(FLOW_CONTROL)) {
        flowControl = value.equals("true");
      } else if (value.equals("false")) {
        warnings.add(
            root.at(
                "featureGates", "gate " + name + " has no effect: every replica follows its pool"));
      }
    }
    return flowControl;
  }
}
