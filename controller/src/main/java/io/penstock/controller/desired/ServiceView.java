package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Labels;
import io.penstock.controller.preset.ChildName;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A service with its merged spec, as its children see it. Immutable as long as nobody changes the
 * spec.
 *
 * @param metadata of the service
 * @param spec merged
 * @param facts about the cluster
 * @param shape what is rendered for it
 */
record ServiceView(ObjectNode metadata, ObjectNode spec, ClusterFacts facts, Shape shape) {

  static final String WORKLOAD_SERVICE = "-kserve-workload-svc";
  private static final String COMPONENT = "llminferenceservice-";

  String name() {
    return text(metadata, "name");
  }

  String namespace() {
    return text(metadata, "namespace");
  }

  String child(String suffix) {
    return ChildName.of(name(), suffix);
  }

  String modelName() {
    return text(spec, "model", "name");
  }

  /** The name by which the model is known outside of its namespace. */
  String publishedName(String model) {
    return "publishers/%s/models/%s".formatted(namespace(), model);
  }

  String poolName() {
    var ref = text(spec, "router", "scheduler", "pool", "ref", "name");
    return ref.isEmpty() ? child("-inference-pool") : ref;
  }

  /** What pods verify each other's certificates by. */
  String podServerName() {
    return "%s.%s.svc.%s".formatted(child(WORKLOAD_SERVICE), namespace(), facts.clusterDomain());
  }

  /**
   * What every object of that component is labelled with; never more is put into the selector of a
   * workload, where it could not be changed.
   */
  Map<String, String> identity(String component) {
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put(Labels.NAME, name());
    labels.put(Labels.PART_OF, Labels.PART_OF_VALUE);
    labels.put(Labels.COMPONENT, COMPONENT + component);
    return labels;
  }

  /** What every pod that serves has, prefill or decode. */
  Map<String, String> serving() {
    Map<String, String> labels = new LinkedHashMap<>();
    labels.put(Labels.NAME, name());
    labels.put(Labels.PART_OF, Labels.PART_OF_VALUE);
    labels.put(Labels.SERVING, Labels.SERVING_VALUE);
    return labels;
  }

  boolean disaggregated() {
    return has(spec, "prefill");
  }

  /** An object in the service's namespace; a null body is left out. */
  ObjectNode child(
      String apiVersion, String kind, String suffix, String component, Object... body) {
    var child =
        object(
            "apiVersion",
            apiVersion,
            "kind",
            kind,
            "metadata",
            object("name", child(suffix), "namespace", namespace(), "labels", identity(component)));
    child.setAll(object(body));
    return child;
  }

  String annotation(String key) {
    return at(metadata, "annotations", key).asText("");
  }
}
