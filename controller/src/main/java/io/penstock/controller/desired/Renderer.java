package io.penstock.controller.desired;

import static io.penstock.controller.preset.Trees.array;
import static io.penstock.controller.preset.Trees.object;
import static io.penstock.controller.preset.Trees.objectAt;
import static io.penstock.controller.preset.Trees.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.preset.ChildName;
import io.penstock.controller.preset.ConfigLookup;
import java.util.List;
import java.util.Optional;

/** From an LLMInferenceService to the objects that it wants to have in its namespace. */
public final class Renderer {

  private Renderer() {}

  /**
   * Renders a service; a pure function of its arguments.
   *
   * @param service an LLMInferenceService of the hub version, defaulted; not changed
   * @param configs where configs are found
   * @param facts what the cluster offers
   */
  public static Rendering render(ObjectNode service, ConfigLookup configs, ClusterFacts facts) {
    var name = text(service, "metadata", "name");
    var namespace = text(service, "metadata", "namespace");
    var spec = objectAt(service.deepCopy(), "spec");
    if ("true"
        .equalsIgnoreCase(text(service, "metadata", "annotations", "serving.kserve.io/stop"))) {
      return new Rendering.Rendered(spec, List.of(), List.of(), List.of(), Optional.empty());
    }
    var selector =
        object(
            "app.kubernetes.io/name", name,
            "app.kubernetes.io/part-of", "llminferenceservice",
            "kserve.io/component", "workload");
    var template = objectAt(spec, "template").deepCopy();
    if (template.get("spec") instanceof ObjectNode podSpec) {
      template = podSpec;
    }
    var deployment =
        object(
            "apiVersion",
            "apps/v1",
            "kind",
            "Deployment",
            "metadata",
            object("name", ChildName.of(name, "-kserve"), "namespace", namespace),
            "spec",
            object(
                "replicas", spec.get("replicas"),
                "selector", object("matchLabels", selector),
                "template", object("metadata", object("labels", selector), "spec", template)));
    var workload =
        object(
            "apiVersion",
            "v1",
            "kind",
            "Service",
            "metadata",
            object("name", ChildName.of(name, "-kserve-workload-svc"), "namespace", namespace),
            "spec",
            object(
                "selector",
                selector,
                "ports",
                array(object("name", "http", "port", 8000, "targetPort", 8000))));
    return new Rendering.Rendered(
        spec, List.of(deployment, workload), List.of(), List.of(), Optional.empty());
  }
}
