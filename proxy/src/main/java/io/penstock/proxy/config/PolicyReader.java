package io.penstock.proxy.config;

import io.penstock.picker.config.ConfigError;
import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.EndpointPickerLoader;
import io.penstock.picker.config.LoadedPicker;
import io.penstock.picker.config.PolicyFile;
import io.penstock.picker.config.Suggestion;
import io.penstock.picker.config.YamlMapping;
import io.penstock.proxy.config.PoolConfig.RoutingPolicy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code picker} and {@code shadow} of a pool: a policy by name, in a file of llm-d's, or
 * inline.
 */
final class PolicyReader {

  private static final String FILE = "configFile";
  private static final String INLINE = "config";
  private static final String NAME = "policy";
  private static final String EXPERIMENTAL = "allowExperimentalPlugins";
  private static final List<String> CHOICES = List.of(FILE, INLINE, NAME);
  private static final List<String> NAMES =
      List.of(PoolConfig.EXPECTED_COST_NAME, EndpointPickerConfig.LLM_D_DEFAULT);

  private PolicyReader() {}

  /** The policy; what is wrong is noted with the mapping, and expected cost stands in. */
  static RoutingPolicy read(@Nullable YamlMapping picker, Path file, List<String> warnings) {
    if (picker == null) {
      return RoutingPolicy.EXPECTED_COST;
    }
    picker.refuseAllBut(List.of(FILE, INLINE, NAME, EXPERIMENTAL));
    return policy(picker, file, warnings);
  }

  /** The second policy; null where the pool has none. */
  static PoolConfig.@Nullable Shadow shadow(
      @Nullable YamlMapping shadow, Path file, List<String> warnings) {
    if (shadow == null) {
      return null;
    }
    var sample = PoolSettings.SHADOW_SAMPLE;
    shadow.refuseAllBut(List.of(FILE, INLINE, NAME, EXPERIMENTAL, sample.key()));
    if (CHOICES.stream().noneMatch(shadow::has)) {
      shadow.error(NAME, "is missing; allowed: one of " + String.join(", ", CHOICES));
    }
    var text = shadow.text(sample.key());
    if (text != null && !GatewayConfigLoader.parses(sample, text)) {
      shadow.error(sample.key(), GatewayConfigLoader.complaint(sample, text));
      text = null;
    }
    var standard = sample.standard();
    double share = sample.type().parse(text != null ? text : standard == null ? "" : standard);
    return new PoolConfig.Shadow(policy(shadow, file, warnings), share);
  }

  /**
   * The policy that a flag names, a built-in one or a file; null where there is none, which is an
   * error.
   */
  static @Nullable RoutingPolicy fromFlag(
      String flag, String value, List<ConfigError> errors, List<String> warnings) {
    if (NAMES.contains(value)) {
      return builtIn(value);
    }
    var policy = new PolicyFile(Path.of(value), false);
    if (!Files.exists(policy.path())) {
      errors.add(
          ConfigError.of(
              flag,
              "",
              "'%s' is no file; allowed: a file, %s%s"
                  .formatted(
                      value, String.join(", ", NAMES), Suggestion.didYouMean(value, NAMES))));
      return null;
    }
    return switch (GatewayPolicies.checked(policy.load())) {
      case LoadedPicker.Invalid(var wrong) -> {
        errors.addAll(wrong);
        yield null;
      }
      case LoadedPicker.Valid(var config, var said) -> {
        said.forEach(warning -> warnings.add(warning.toString()));
        yield new RoutingPolicy.InFile(policy, config);
      }
    };
  }

  private static RoutingPolicy policy(YamlMapping picker, Path file, List<String> warnings) {
    var given = new ArrayList<>(CHOICES);
    given.retainAll(picker.names());
    if (given.size() > 1) {
      picker.error(given.get(1), "is given beside " + given.getFirst() + "; allowed: one of them");
      return RoutingPolicy.EXPECTED_COST;
    }
    boolean experimental = experimental(picker);
    return switch (given.isEmpty() ? "" : given.getFirst()) {
      case FILE -> inFile(picker, file, experimental, warnings);
      case INLINE -> inline(picker.mapping(INLINE), experimental, warnings);
      case NAME -> named(picker);
      default -> RoutingPolicy.EXPECTED_COST;
    };
  }

  private static boolean experimental(YamlMapping picker) {
    var text = picker.text(EXPERIMENTAL);
    if (text != null && !text.equals("true") && !text.equals("false")) {
      picker.error(EXPERIMENTAL, "'" + text + "' does not fit; allowed: true, false");
    }
    return "true".equals(text);
  }

  private static RoutingPolicy inFile(
      YamlMapping picker, Path file, boolean experimental, List<String> warnings) {
    var text = picker.text(FILE);
    if (text == null) {
      return RoutingPolicy.EXPECTED_COST;
    }
    var policy = new PolicyFile(file.resolveSibling(text), experimental);
    return switch (GatewayPolicies.checked(policy.load())) {
      case LoadedPicker.Invalid(var errors) -> {
        errors.forEach(error -> picker.error(FILE, error.toString()));
        yield RoutingPolicy.EXPECTED_COST;
      }
      case LoadedPicker.Valid(var config, var said) -> {
        said.forEach(warning -> warnings.add(warning.toString()));
        yield new RoutingPolicy.InFile(policy, config);
      }
    };
  }

  private static RoutingPolicy inline(
      @Nullable YamlMapping part, boolean experimental, List<String> warnings) {
    if (part == null) {
      return RoutingPolicy.EXPECTED_COST;
    }
    return switch (EndpointPickerLoader.loadPart(part, experimental)) {
      case LoadedPicker.Invalid _ -> RoutingPolicy.EXPECTED_COST;
      case LoadedPicker.Valid valid ->
          inline(part, GatewayPolicies.checked(valid), experimental, warnings);
    };
  }

  private static RoutingPolicy inline(
      YamlMapping part, LoadedPicker checked, boolean experimental, List<String> warnings) {
    return switch (checked) {
      case LoadedPicker.Invalid(var errors) -> {
        errors.forEach(error -> part.error("plugins", error.message()));
        yield RoutingPolicy.EXPECTED_COST;
      }
      case LoadedPicker.Valid(var config, var said) -> {
        said.forEach(warning -> warnings.add(warning.toString()));
        yield new RoutingPolicy.Inline(config, experimental);
      }
    };
  }

  private static RoutingPolicy named(YamlMapping picker) {
    var name = picker.text(NAME);
    if (name != null && NAMES.contains(name)) {
      return builtIn(name);
    }
    if (name != null) {
      picker.error(
          NAME,
          "'%s' does not fit; allowed: %s%s"
              .formatted(name, String.join(", ", NAMES), Suggestion.didYouMean(name, NAMES)));
    }
    return RoutingPolicy.EXPECTED_COST;
  }

  private static RoutingPolicy builtIn(String name) {
    return name.equals(EndpointPickerConfig.LLM_D_DEFAULT)
        ? new RoutingPolicy.BuiltIn(name, EndpointPickerConfig.llmdDefault())
        : RoutingPolicy.EXPECTED_COST;
  }
}
