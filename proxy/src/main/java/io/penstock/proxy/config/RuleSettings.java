package io.penstock.proxy.config;

import io.penstock.picker.config.ConfigError;
import io.penstock.picker.config.LoadedRules;
import io.penstock.picker.config.RulesFile;
import io.penstock.picker.config.RulesReader;
import io.penstock.picker.config.YamlMapping;
import io.penstock.picker.discovery.kubernetes.PodSelection;
import io.penstock.picker.objective.RuleObjects;
import io.penstock.proxy.config.PoolConfig.Discovery;
import io.penstock.proxy.config.PoolConfig.Rules;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads {@code objectives}, {@code modelRewrites} and {@code rulesFile} of a pool. */
final class RuleSettings {

  private RuleSettings() {}

  /** The rules; what is wrong is noted with the mapping, and is left out. */
  static Rules read(
      YamlMapping pool,
      @Nullable String name,
      @Nullable Discovery discovery,
      Path file,
      List<String> warnings) {
    List<ConfigError> said = new ArrayList<>();
    var reader = new RulesReader(said);
    var inline =
        new RuleObjects(
            reader.objectives(pool, "objectives"), reader.rewrites(pool, "modelRewrites"));
    said.forEach(warning -> warnings.add(warning.toString()));
    var path = pool.text(PoolSettings.RULES_FILE.key());
    if (path == null) {
      return new Rules(inline, null, RuleObjects.NONE);
    }
    var rulesFile = new RulesFile(file.resolveSibling(path), names(name, discovery));
    return switch (rulesFile.load()) {
      case LoadedRules.Invalid(var errors) -> {
        errors.forEach(error -> pool.error(PoolSettings.RULES_FILE.key(), error.toString()));
        yield new Rules(inline, null, RuleObjects.NONE);
      }
      case LoadedRules.Valid(var objects, var warned) -> {
        warned.forEach(warning -> warnings.add(warning.toString()));
        yield new Rules(inline, rulesFile, objects);
      }
    };
  }

  /** The pool's own name, and that of the InferencePool it is. */
  private static Set<String> names(@Nullable String name, @Nullable Discovery discovery) {
    Set<String> names = new HashSet<>();
    if (name != null) {
      names.add(name);
    }
    if (discovery instanceof Discovery.Kubernetes(PodSelection.OfPool pool)) {
      names.add(pool.name());
    }
    return names;
  }
}
