package io.penstock.picker.config;

import io.penstock.picker.objective.ModelRewrite;
import io.penstock.picker.objective.Objective;
import io.penstock.picker.objective.RewriteRule;
import io.penstock.picker.objective.RewriteTarget;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads objectives and rewrites strictly, in the words of llm-d's InferenceObjective and
 * InferenceModelRewrite. What is wrong is noted with the mapping. Confined to the thread that
 * loads.
 */
public final class RulesReader {

  private static final List<String> OBJECTIVE = List.of("name", "priority");
  private static final List<String> REWRITE = List.of("name", "rules");

  private final List<ConfigError> warnings;

  /** A reader that adds its warnings there. */
  public RulesReader(List<ConfigError> warnings) {
    this.warnings = warnings;
  }

  /** A list of {@code {name, priority}}. */
  public List<Objective> objectives(YamlMapping parent, String key) {
    List<Objective> objectives = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (var entry : parent.mappings(key)) {
      entry.refuseAllBut(OBJECTIVE);
      var name = name(entry, names);
      int priority = priority(entry);
      if (name != null) {
        objectives.add(new Objective(name, priority));
      }
    }
    return objectives;
  }

  /**
   * A list of {@code {name, rules}}; an earlier one counts as the older, and all of them as older
   * than any manifest.
   */
  public List<ModelRewrite> rewrites(YamlMapping parent, String key) {
    List<ModelRewrite> rewrites = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (var entry : parent.mappings(key)) {
      entry.refuseAllBut(REWRITE);
      var name = name(entry, names);
      var rules = rules(entry);
      if (name != null) {
        rewrites.add(new ModelRewrite(name, Instant.MIN.plusNanos(rewrites.size()), rules));
      }
    }
    return rewrites;
  }

  private static @Nullable String name(YamlMapping entry, Set<String> names) {
    var name = entry.text("name");
    if (!entry.has("name")) {
      entry.error("name", "is missing");
    } else if (name != null && name.isEmpty()) {
      entry.error("name", "is empty");
    } else if (name != null && !names.add(name)) {
      entry.error("name", "'" + name + "' is there twice");
    } else {
      return name;
    }
    return null;
  }

  /** {@code priority}, a 32-bit integer; absent or null: 0. */
  int priority(YamlMapping entry) {
    return entry.isNothing("priority")
        ? 0
        : integer(entry, "priority", Integer.MIN_VALUE, Integer.MAX_VALUE, 0);
  }

  /** {@code rules}, at least one. */
  List<RewriteRule> rules(YamlMapping entry) {
    List<RewriteRule> rules = new ArrayList<>();
    var found = entry.mappings("rules");
    if (found.isEmpty()) {
      entry.error("rules", "needs at least one rule");
    }
    for (var each : found) {
      each.refuseAllBut(List.of("matches", "targets"));
      var models = models(each);
      var targets = targets(each);
      if (!targets.isEmpty()) {
        var rule = new RewriteRule(models, targets);
        if (rule.mixesWeights()) {
          warnings.add(each.at("targets", "those without a weight get no requests"));
        }
        rules.add(rule);
      }
    }
    return rules;
  }

  private static List<String> models(YamlMapping rule) {
    List<String> models = new ArrayList<>();
    for (var match : rule.mappings("matches")) {
      match.refuseAllBut(List.of("model"));
      var model = match.mapping("model");
      if (model == null) {
        if (!match.has("model")) {
          match.error("model", "is missing");
        }
        continue;
      }
      model.refuseAllBut(List.of("type", "value"));
      var type = model.has("type") ? model.text("type") : "Exact";
      if (type != null && !type.equals("Exact")) {
        model.error("type", "'" + type + "' does not fit; allowed: Exact");
      }
      var value = text(model, "value");
      if (value != null) {
        models.add(value);
      }
    }
    return models;
  }

  private static List<RewriteTarget> targets(YamlMapping rule) {
    List<RewriteTarget> targets = new ArrayList<>();
    var found = rule.mappings("targets");
    if (found.isEmpty()) {
      rule.error("targets", "needs at least one target");
    }
    for (var each : found) {
      each.refuseAllBut(List.of("weight", "modelRewrite"));
      int weight = integer(each, "weight", 1, RewriteTarget.MAX_WEIGHT, RewriteTarget.NO_WEIGHT);
      var model = text(each, "modelRewrite");
      if (model != null) {
        targets.add(new RewriteTarget(model, weight));
      }
    }
    return targets;
  }

  private static @Nullable String text(YamlMapping mapping, String key) {
    var text = mapping.text(key);
    if (!mapping.has(key)) {
      mapping.error(key, "is missing");
    } else if (text != null && text.isEmpty()) {
      mapping.error(key, "is empty");
      return null;
    }
    return text;
  }

  private static int integer(YamlMapping mapping, String key, int least, int most, int absent) {
    var text = mapping.text(key);
    if (text == null) {
      return absent;
    }
    try {
      long value = Long.parseLong(text);
      if (value >= least && value <= most) {
        return (int) value;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    mapping.error(
        key, "'%s' does not fit; allowed: an integer from %d to %d".formatted(text, least, most));
    return absent;
  }
}
