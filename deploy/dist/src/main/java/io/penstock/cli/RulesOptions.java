package io.penstock.cli;

import io.penstock.picker.app.PickerPool;
import io.penstock.picker.config.FileRules;
import io.penstock.picker.config.LoadedRules;
import io.penstock.picker.config.RulesFile;
import io.penstock.picker.objective.RuleSource;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The flag for a file of objectives and rewrites. Confined to the command's thread. */
final class RulesOptions {

  private static final Duration INTERVAL = Duration.ofSeconds(1);

  @Option(
      names = "--rules-file",
      paramLabel = "FILE",
      description =
          "manifests of InferenceObjective and InferenceModelRewrite, read again on change; those"
              + " in Kubernetes count beside it")
  private @Nullable Path file;

  /**
   * The sources of a pool: one, or none without the flag.
   *
   * @throws IllegalArgumentException when the file is wrong; the message has a line for each error
   */
  List<RuleSource> sources(String pool, PickerPool.Surroundings surroundings) {
    if (file == null) {
      return List.of();
    }
    var rules = new RulesFile(file, Set.of(pool));
    return switch (rules.load()) {
      case LoadedRules.Invalid(var errors) ->
          throw new IllegalArgumentException(
              errors.stream().map(Object::toString).collect(Collectors.joining("\n")));
      case LoadedRules.Valid(var objects, var warnings) ->
          List.of(
              new FileRules(
                  rules, objects, surroundings.control(), INTERVAL, surroundings.rulesReloaded()));
    };
  }

  /**
   * Reads the file once, to say what is wrong with it before anything starts.
   *
   * @throws IllegalArgumentException when it is wrong
   */
  void check() {
    if (file != null
        && new RulesFile(file, Set.of()).load() instanceof LoadedRules.Invalid(var errors)) {
      throw new IllegalArgumentException(
          errors.stream().map(Object::toString).collect(Collectors.joining("\n")));
    }
  }
}
