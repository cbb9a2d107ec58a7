package io.penstock.cli;

import io.penstock.picker.app.PolicyChoice;
import io.penstock.picker.config.ConfigError;
import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.EndpointPickerLoader;
import io.penstock.picker.config.LoadedPicker;
import io.penstock.picker.config.PolicyFile;
import io.penstock.picker.config.Suggestion;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/** The flags of how {@code penstock picker} routes: llm-d's, and names of built-in policies. */
final class PolicyOptions {

  private static final Logger LOG = LoggerFactory.getLogger(PolicyOptions.class);

  private static final String EXPECTED_COST = "expected-cost";
  private static final List<String> NAMES =
      List.of(EXPECTED_COST, EndpointPickerConfig.LLM_D_DEFAULT);

  @Option(
      names = {"--config-file", "--configFile"},
      paramLabel = "FILE",
      description = "llm-d's EndpointPickerConfig; changes are taken over while the picker runs")
  private @Nullable Path file;

  @Option(
      names = {"--config-text", "--configText"},
      paramLabel = "YAML",
      description = "the same as text")
  private @Nullable String text;

  @Option(
      names = "--policy",
      paramLabel = "NAME",
      description = "instead of a configuration: expected-cost (default) or llm-d-default")
  private @Nullable String name;

  @Option(
      names = "--allow-experimental-plugins",
      arity = "0..1",
      fallbackValue = "true",
      description = "takes plugins that llm-d calls experimental")
  private boolean experimental;

  /** What a policy is not; every error with its place. */
  static final class Refused extends Exception {
    private static final long serialVersionUID = 1;
    private final transient List<ConfigError> errors;

    Refused(List<ConfigError> errors) {
      super("the policy is wrong", null, false, false);
      this.errors = errors;
    }

    List<ConfigError> errors() {
      return errors;
    }
  }

  /**
   * The policy that the flags choose; warnings go to the log.
   *
   * @throws Refused when the configuration is wrong
   * @throws IllegalArgumentException when the flags do not go together
   */
  PolicyChoice choice() throws Refused {
    if (Stream.of(file != null, text != null, name != null).filter(given -> given).count() > 1) {
      throw new IllegalArgumentException(
          "only one of --config-file, --config-text and --policy can be given");
    }
    if (file != null) {
      var followed = new PolicyFile(file, experimental);
      return new PolicyChoice(valid(followed.load()), followed);
    }
    if (text != null) {
      return new PolicyChoice(
          valid(EndpointPickerLoader.load("--config-text", text, experimental)), null);
    }
    return name == null ? PolicyChoice.EXPECTED_COST : named(name);
  }

  private static PolicyChoice named(String policy) {
    return switch (policy) {
      case EXPECTED_COST -> PolicyChoice.EXPECTED_COST;
      case EndpointPickerConfig.LLM_D_DEFAULT ->
          new PolicyChoice(EndpointPickerConfig.llmdDefault(), null);
      default ->
          throw new IllegalArgumentException(
              "--policy is '%s', allowed: %s%s"
                  .formatted(
                      policy, String.join(", ", NAMES), Suggestion.didYouMean(policy, NAMES)));
    };
  }

  private static EndpointPickerConfig valid(LoadedPicker loaded) throws Refused {
    return switch (loaded) {
      case LoadedPicker.Invalid(var errors) -> throw new Refused(errors);
      case LoadedPicker.Valid(var config, var warnings) -> {
        warnings.forEach(warning -> LOG.warn("{}", warning));
        yield config;
      }
    };
  }
}
