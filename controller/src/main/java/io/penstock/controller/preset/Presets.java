package io.penstock.controller.preset;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The configs and scripts that are built in, read from the jar once. Immutable.
 *
 * <p>A config that has gone out with a release is never changed, as that would restart the pods of
 * everybody who upgrades: a new edition gets a new number, and a service keeps the edition that its
 * status names.
 */
public final class Presets {

  /** The newest edition. */
  public static final int EDITION = 1;

  private static final Pattern BUILT_IN = Pattern.compile("penstock-\\d+-config-llm-");

  private static final Set<String> SUFFIXES =
      Set.of(
          "config-llm-template",
          "config-llm-decode-template",
          "config-llm-prefill-template",
          "config-llm-worker-data-parallel",
          "config-llm-worker-pipeline-parallel",
          "config-llm-decode-worker-data-parallel",
          "config-llm-decode-worker-pipeline-parallel",
          "config-llm-prefill-worker-data-parallel",
          "config-llm-prefill-worker-pipeline-parallel",
          "config-llm-scheduler",
          "config-llm-scheduler-llm-d",
          "config-llm-router-route",
          "config-llm-tracing");

  private static final Map<String, ObjectNode> SPECS =
      SUFFIXES.stream().collect(Collectors.toUnmodifiableMap(Function.identity(), Presets::spec));

  private static final Map<String, List<TemplateNode>> SCRIPTS =
      Stream.of("serve", "data-parallel", "pipeline-parallel", "engine", "leader", "roce")
          .collect(Collectors.toUnmodifiableMap(Function.identity(), Presets::template));

  private Presets() {}

  /** The names of the built-in configs, without prefix. */
  public static Set<String> suffixes() {
    return SUFFIXES;
  }

  /** Name of a built-in config of the newest edition. */
  static String builtInName(String suffix) {
    return "penstock-" + EDITION + "-" + suffix;
  }

  /** Whether a config of that name is built in, in whatever edition. */
  static boolean isBuiltIn(String name) {
    return BUILT_IN.matcher(name).lookingAt();
  }

  /**
   * Spec of a built-in config, with its templates read; not to be changed.
   *
   * @param name as {@link #builtInName} makes it
   */
  static Optional<ObjectNode> find(String name) {
    var prefix = builtInName("");
    return name.startsWith(prefix)
        ? Optional.ofNullable(SPECS.get(name.substring(prefix.length())))
        : Optional.empty();
  }

  /**
   * A script of the engine's containers.
   *
   * @throws TemplateFault when there is none of that name
   */
  static List<TemplateNode> script(String name) {
    var script = SCRIPTS.get(name);
    if (script == null) {
      throw new TemplateFault(
          "script '%s' is unknown; allowed: %s"
              .formatted(name, String.join(", ", SCRIPTS.keySet())));
    }
    return script;
  }

  private static ObjectNode spec(String suffix) {
    try {
      if (new YAMLMapper().readTree(resource(suffix + ".yaml")).get("spec")
          instanceof ObjectNode spec) {
        return TemplateLeaves.read(spec, builtInName(suffix));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("the built-in config " + suffix + " cannot be read", e);
    }
    throw new IllegalStateException("the built-in config " + suffix + " has no spec");
  }

  private static List<TemplateNode> template(String script) {
    return TemplateParser.parse(resource(script + ".sh"));
  }

  private static String resource(String file) {
    try (var stream = Presets.class.getResourceAsStream(EDITION + "/" + file)) {
      if (stream == null) {
        throw new IllegalStateException("the jar lacks " + file);
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("the jar's " + file + " cannot be read", e);
    }
  }
}
