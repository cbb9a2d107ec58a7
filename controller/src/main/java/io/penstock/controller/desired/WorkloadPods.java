package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.objectAt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Labels;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The pod templates of workloads: engines with what storage, TLS and the rest add to them. */
final class WorkloadPods {

  private static final List<String> ANNOTATIONS =
      List.of(
          "k8s.v1.cni.cncf.io", "kueue.x-k8s.io", "prometheus.io", "leaderworkerset.sigs.k8s.io");

  private static final List<String> LABELS = List.of("kueue.x-k8s.io");

  /** Says something about the service, not about its pods. */
  private static final String MODEL_ROUTING = "serving.kserve.io/model-based-routing-enabled";

  private WorkloadPods() {}

  /**
   * A template.
   *
   * @param workload the part of the spec that it is from
   * @param podSpec its pod, {@code template} or {@code worker}
   * @param component what the pods are labelled as
   * @param role {@code both}, {@code decode} or {@code prefill}
   * @param serves whether requests go to these pods; workers of a group have a leader for that
   */
  static ObjectNode template(
      ServiceView service,
      JsonNode workload,
      JsonNode podSpec,
      String component,
      String role,
      boolean serves) {
    var pod = podSpec instanceof ObjectNode object ? object.deepCopy() : object();
    boolean sidecar = serves && service.shape().sidecar() && role.equals("decode");
    Engine.of(pod)
        .ifPresent(
            engine -> {
              Tracing.engine(service, engine, role.equals("prefill") ? "prefill" : "decode");
              LoraAdapters.announce(service, engine);
              ModelStorage.announceRevision(service, engine);
              KvTiers.attach(workload, pod, engine);
              ModelStorage.attach(service, pod, engine);
              ServingTls.serve(service, pod, engine);
              if (sidecar) {
                RoutingSidecar.add(service, pod, engine);
              }
            });
    if (sidecar && !pod.has("serviceAccountName")) {
      pod.put("serviceAccountName", service.child(Workloads.NAME));
    }
    if (!sidecar && !pod.has("serviceAccountName") && !pod.has("automountServiceAccountToken")) {
      // An engine does not talk to the API server.
      pod.put("automountServiceAccountToken", false);
    }
    return object(
        "metadata",
        object(
            "labels", labels(service, workload, component, role, serves),
            "annotations", annotations(service, workload)),
        "spec",
        pod);
  }

  private static Map<String, String> labels(
      ServiceView service, JsonNode workload, String component, String role, boolean serves) {
    Map<String, String> labels = new LinkedHashMap<>();
    copy(service.metadata().path("labels"), LABELS, labels);
    workload
        .path("labels")
        .properties()
        .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
    // Ours last: pods would be lost to their selectors otherwise.
    labels.remove(Labels.SERVING);
    labels.putAll(service.identity(component));
    if (serves) {
      labels.putAll(service.serving());
    }
    labels.put(Labels.ROLE, role);
    return labels;
  }

  private static @Nullable Map<String, String> annotations(ServiceView service, JsonNode workload) {
    Map<String, String> annotations = new LinkedHashMap<>();
    copy(service.metadata().path("annotations"), ANNOTATIONS, annotations);
    workload
        .path("annotations")
        .properties()
        .forEach(each -> annotations.put(each.getKey(), each.getValue().asText()));
    annotations.remove(MODEL_ROUTING);
    return annotations.isEmpty() ? null : annotations;
  }

  private static void copy(JsonNode from, List<String> prefixes, Map<String, String> to) {
    from.properties()
        .forEach(
            each -> {
              if (prefixes.stream().anyMatch(prefix -> each.getKey().startsWith(prefix))) {
                to.put(each.getKey(), each.getValue().asText());
              }
            });
  }

  /** Labels and annotations of the workload, for objects that are not pods. */
  static void decorate(ObjectNode child, JsonNode workload) {
    var metadata = objectAt(child, "metadata");
    workload
        .path("labels")
        .properties()
        .forEach(each -> objectAt(metadata, "labels").putIfAbsent(each.getKey(), each.getValue()));
    workload
        .path("annotations")
        .properties()
        .forEach(
            each -> {
              if (!each.getKey().equals(MODEL_ROUTING)) {
                objectAt(metadata, "annotations").putIfAbsent(each.getKey(), each.getValue());
              }
            });
  }
}
