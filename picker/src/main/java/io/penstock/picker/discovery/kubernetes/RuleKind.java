package io.penstock.picker.discovery.kubernetes;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.penstock.picker.objective.ModelRewrite;
import io.penstock.picker.objective.Objective;
import io.penstock.picker.objective.RewriteRule;
import io.penstock.picker.objective.RewriteTarget;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The kinds of objects that rule a pool's requests, and how they are read. The API server has
 * checked them against their definition, but perhaps not this version of it: what does not fit is
 * an {@link IllegalArgumentException} with a sentence.
 */
enum RuleKind {
  OBJECTIVE("InferenceObjective", "inferenceobjectives"),
  MODEL_REWRITE("InferenceModelRewrite", "inferencemodelrewrites");

  /** Group of both kinds. */
  static final String GROUP = "llm-d.ai";

  /** Group of both kinds before. */
  static final String OLDER_GROUP = "inference.networking.x-k8s.io";

  private static final String VERSION = "v1alpha2";

  private final String kind;
  private final String plural;

  RuleKind(String kind, String plural) {
    this.kind = kind;
    this.plural = plural;
  }

  String kind() {
    return kind;
  }

  String plural() {
    return plural;
  }

  ResourceDefinitionContext context(String group) {
    return new ResourceDefinitionContext.Builder()
        .withGroup(group)
        .withVersion(VERSION)
        .withKind(kind)
        .withPlural(plural)
        .withNamespaced(true)
        .build();
  }

  /** Whether the object is about the pool; either group of InferencePool may be named. */
  static boolean refersTo(GenericKubernetesResource object, PodSelection.OfPool pool) {
    return pool.name().equals(object.get("spec", "poolRef", "name"));
  }

  static Optional<Objective> objective(GenericKubernetesResource object) {
    if (object.isMarkedForDeletion()) {
      return Optional.empty();
    }
    var priority = object.get("spec", "priority") instanceof Number number ? number.intValue() : 0;
    return Optional.of(new Objective(object.getMetadata().getName(), priority));
  }

  static Optional<ModelRewrite> modelRewrite(GenericKubernetesResource object) {
    if (object.isMarkedForDeletion()) {
      return Optional.empty();
    }
    List<RewriteRule> rules = new ArrayList<>();
    for (var rule : maps(object.get("spec", "rules"))) {
      List<String> models = new ArrayList<>();
      for (var match : maps(rule.get("matches"))) {
        models.add(model(match));
      }
      List<RewriteTarget> targets = new ArrayList<>();
      for (var target : maps(rule.get("targets"))) {
        int weight = target.get("weight") instanceof Number number ? number.intValue() : 0;
        targets.add(new RewriteTarget(text(target.get("modelRewrite")), weight));
      }
      rules.add(new RewriteRule(models, targets));
    }
    var metadata = object.getMetadata();
    var created = metadata.getCreationTimestamp();
    return Optional.of(
        new ModelRewrite(
            metadata.getName(), created == null ? Instant.EPOCH : Instant.parse(created), rules));
  }

  private static String model(Map<?, ?> match) {
    if (!(match.get("model") instanceof Map<?, ?> model)) {
      throw new IllegalArgumentException("a match names no model");
    }
    var type = model.get("type");
    if (type != null && !type.equals("Exact")) {
      throw new IllegalArgumentException("the type of a match is " + type + ", allowed: Exact");
    }
    var value = text(model.get("value"));
    if (value.isEmpty()) {
      throw new IllegalArgumentException("a match names no model");
    }
    return value;
  }

  private static String text(@Nullable Object value) {
    return value instanceof String text ? text : "";
  }

  private static List<Map<?, ?>> maps(@Nullable Object value) {
    List<Map<?, ?>> maps = new ArrayList<>();
    if (value instanceof List<?> list) {
      for (var each : list) {
        if (each instanceof Map<?, ?> map) {
          maps.add(map);
        }
      }
    }
    return maps;
  }
}
