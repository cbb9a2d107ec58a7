package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.objectAt;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.preset.PresetException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What scales workloads: a HorizontalPodAutoscaler or a KEDA ScaledObject for each. */
final class Scaling {

  private static final String ACCELERATOR = "inference.optimization/acceleratorName";
  private static final List<String> KEDA_FIELDS =
      List.of(
          "pollingInterval",
          "cooldownPeriod",
          "initialCooldownPeriod",
          "idleReplicaCount",
          "fallback",
          "advanced");

  private Scaling() {}

  static List<ObjectNode> of(ServiceView service) {
    List<ObjectNode> children = new ArrayList<>();
    scaler(service, service.spec(), "", "spec.scaling").ifPresent(children::add);
    scaler(service, service.spec().path("prefill"), "-prefill", "spec.prefill.scaling")
        .ifPresent(children::add);
    return children;
  }

  private static Optional<ObjectNode> scaler(
      ServiceView service, JsonNode workload, String suffix, String path) {
    var scaling = workload.path("scaling");
    if (has(scaling, "wva", "hpa")) {
      return Optional.of(autoscaler(service, workload, suffix));
    }
    boolean byVariant = has(scaling, "wva", "keda");
    if (!byVariant && !has(scaling, "keda")) {
      return Optional.empty();
    }
    if (!service.facts().keda()) {
      throw new PresetException(
          "ScalingCRDNotFound",
          path + " needs ScaledObjects (keda.sh/v1alpha1), which the cluster does not serve");
    }
    var keda = byVariant ? at(scaling, "wva", "keda") : scaling.path("keda");
    var name = "-kserve" + suffix + "-keda";
    var spec =
        object(
            "scaleTargetRef", target(service, workload, suffix),
            "minReplicaCount", scaling.path("minReplicas").asInt(1),
            "maxReplicaCount", scaling.path("maxReplicas"));
    for (var field : KEDA_FIELDS) {
      if (has(keda, field)) {
        spec.set(field, keda.path(field));
      }
    }
    spec.set("triggers", byVariant ? triggers(service, name, path) : keda.path("triggers"));
    var child =
        service.child("keda.sh/v1alpha1", "ScaledObject", name, component(suffix), "spec", spec);
    if (byVariant) {
      announce(service, workload, child);
    }
    return Optional.of(child);
  }

  private static ObjectNode autoscaler(ServiceView service, JsonNode workload, String suffix) {
    var name = "-kserve" + suffix + "-hpa";
    var scaling = workload.path("scaling");
    var behavior = at(scaling, "wva", "hpa", "behavior");
    // The metric is a number of pods: with a Value it would be multiplied by those that are ready.
    var metric =
        object(
            "type",
            "External",
            "external",
            object(
                "metric",
                object(
                    "name",
                    "wva_desired_replicas",
                    "selector",
                    object("matchLabels", object("variant_name", service.child(name)))),
                "target",
                object("type", "AverageValue", "averageValue", "1")));
    var child =
        service.child(
            "autoscaling/v2",
            "HorizontalPodAutoscaler",
            name,
            component(suffix),
            "spec",
            object(
                "scaleTargetRef",
                target(service, workload, suffix),
                "minReplicas",
                scaling.path("minReplicas").asInt(1),
                "maxReplicas",
                scaling.path("maxReplicas"),
                "metrics",
                array(metric),
                "behavior",
                behavior.isMissingNode() ? null : behavior));
    announce(service, workload, child);
    return child;
  }

  private static String component(String suffix) {
    return "workload" + suffix;
  }

  private static ObjectNode target(ServiceView service, JsonNode workload, String suffix) {
    boolean groups = has(workload, "worker");
    return object(
        "apiVersion",
        groups ? "leaderworkerset.x-k8s.io/v1" : "apps/v1",
        "kind",
        groups ? "LeaderWorkerSet" : "Deployment",
        "name",
        service.child(Workloads.suffix(workload, !suffix.isEmpty())));
  }

  private static ArrayNode triggers(ServiceView service, String name, String path) {
    var url = service.facts().prometheusUrl();
    if (url.isEmpty()) {
      throw new PresetException(
          "InvalidRenderedConfig",
          path + ".wva.keda needs the controller to know the URL of Prometheus");
    }
    var query =
        "wva_desired_replicas{variant_name=\"%s\",exported_namespace=\"%s\"}"
            .formatted(service.child(name), service.namespace());
    return array(
        object(
            "type",
            "prometheus",
            "name",
            "wva-desired-replicas",
            "metadata",
            object("serverAddress", url, "query", query, "threshold", "1")));
  }

  /** How the variant autoscaler finds what it is to decide about. */
  private static void announce(ServiceView service, JsonNode workload, ObjectNode child) {
    var cost = text(workload, "scaling", "wva", "variantCost");
    objectAt(child, "metadata", "annotations")
        .put("llm-d.ai/managed", "true")
        .put("llm-d.ai/model-id", service.modelName())
        .put("llm-d.ai/variant-cost", cost.isEmpty() ? "10.0" : cost);
    var accelerator = text(workload, "labels", ACCELERATOR);
    objectAt(child, "metadata", "labels")
        .put(ACCELERATOR, accelerator.isEmpty() ? "unknown" : accelerator);
  }
}
