package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.object;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Labels;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What runs the engines: Deployments, LeaderWorkerSets, their Service and disruption budgets. */
final class Workloads {

  static final String NAME = "-kserve";
  private static final String GROUPS = "-kserve-mn";

  /** Longer than a model takes to load, so that a slow start is not called a failed rollout. */
  private static final int PROGRESS_SECONDS = 2400;

  /** What Kubernetes gives a pod that says nothing. */
  private static final long USUAL_GRACE_SECONDS = 30;

  private Workloads() {}

  /** How long a pod may take to end. */
  static long graceSeconds(JsonNode pod) {
    return pod.path("terminationGracePeriodSeconds").asLong(USUAL_GRACE_SECONDS);
  }

  /** The longest that one of the pods that answer may take to end. */
  static long longestGraceSeconds(ServiceView service) {
    var spec = service.spec();
    return Math.max(
        graceSeconds(spec.path("template")), graceSeconds(at(spec, "prefill", "template")));
  }

  static List<ObjectNode> of(ServiceView service) {
    List<ObjectNode> children = new ArrayList<>();
    if (service.shape().sidecar()) {
      addAccount(service, children);
    }
    var spec = service.spec();
    add(service, spec, "", service.disaggregated() ? "decode" : "both", children);
    if (service.disaggregated()) {
      add(service, spec.path("prefill"), "-prefill", "prefill", children);
    }
    children.add(workloadService(service));
    return children;
  }

  /** Name of what runs the main or the prefill workload. */
  static String suffix(JsonNode workload, boolean prefill) {
    return (has(workload, "worker") ? GROUPS : NAME) + (prefill ? "-prefill" : "");
  }

  private static void addAccount(ServiceView service, List<ObjectNode> children) {
    var named = at(service.spec(), "template", "serviceAccountName").asText("");
    children.addAll(
        Rbac.account(
            service,
            "workload",
            NAME,
            "-kserve-role",
            "-kserve-rb",
            named.isEmpty() ? service.child(NAME) : named,
            RoutingSidecar.rules(service)));
  }

  private static void add(
      ServiceView service,
      JsonNode workload,
      String suffix,
      String role,
      List<ObjectNode> children) {
    boolean groups = has(workload, "worker");
    var name = suffix(workload, !suffix.isEmpty());
    var component = (groups ? "workload-leader" : "workload") + suffix;
    children.add(
        groups
            ? groups(service, workload, name, suffix, role)
            : deployment(service, workload, name, component, role));
    children.add(budget(service, name, component, service.identity(component)));
  }

  private static ObjectNode deployment(
      ServiceView service, JsonNode workload, String name, String component, String role) {
    return service.child(
        "apps/v1",
        "Deployment",
        name,
        component,
        "spec",
        object(
            "replicas",
            replicas(workload),
            "selector",
            object("matchLabels", service.identity(component)),
            "strategy",
            object(
                "type",
                "RollingUpdate",
                "rollingUpdate",
                object(
                    "maxUnavailable", orElse(workload, "maxUnavailable", "25%"),
                    "maxSurge", orElse(workload, "maxSurge", "25%"))),
            "progressDeadlineSeconds",
            PROGRESS_SECONDS,
            "template",
            WorkloadPods.template(
                service, workload, workload.path("template"), component, role, true)));
  }

  private static ObjectNode groups(
      ServiceView service, JsonNode workload, String name, String suffix, String role) {
    int size = groupSize(workload.path("parallelism"));
    boolean split = suffix.equals("-prefill") && dataParallel(workload.path("parallelism"));
    return service.child(
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        name,
        "workload-leader" + suffix,
        "spec",
        object(
            "replicas",
            replicas(workload),
            "startupPolicy",
            "LeaderCreated",
            "rolloutStrategy",
            object(
                "type",
                "RollingUpdate",
                "rollingUpdateConfiguration",
                object(
                    "maxUnavailable", orElse(workload, "maxUnavailable", 1),
                    "maxSurge", orElse(workload, "maxSurge", 0))),
            "leaderWorkerTemplate",
            object(
                "size",
                size,
                "restartPolicy",
                "RecreateGroupOnPodRestart",
                "subGroupPolicy",
                split ? object("subGroupSize", size) : null,
                "leaderTemplate",
                WorkloadPods.template(
                    service,
                    workload,
                    workload.path("template"),
                    "workload-leader" + suffix,
                    role,
                    true),
                "workerTemplate",
                WorkloadPods.template(
                    service,
                    workload,
                    workload.path("worker"),
                    "workload-worker" + suffix,
                    role,
                    false))));
  }

  /** Nodes of a group. */
  static int groupSize(JsonNode parallelism) {
    if (dataParallel(parallelism)) {
      int data = Math.max(parallelism.path("data").asInt(), 1);
      return Math.max(data / Math.max(parallelism.path("dataLocal").asInt(), 1), 1);
    }
    return Math.max(parallelism.path("pipeline").asInt(), 1);
  }

  private static boolean dataParallel(JsonNode parallelism) {
    return parallelism.path("data").asInt() > 0 || parallelism.path("dataLocal").asInt() > 0;
  }

  /** Null leaves the number to whoever scales. */
  private static @Nullable JsonNode replicas(JsonNode workload) {
    return has(workload, "replicas") && !has(workload, "scaling")
        ? workload.path("replicas")
        : null;
  }

  private static Object orElse(JsonNode workload, String field, Object usual) {
    return has(workload, "rolloutStrategy", field) ? at(workload, "rolloutStrategy", field) : usual;
  }

  /** A Deployment's strategy by which the next pod serves before the last one goes. */
  static ObjectNode oneAhead() {
    return object(
        "type", "RollingUpdate", "rollingUpdate", object("maxUnavailable", 0, "maxSurge", 1));
  }

  /**
   * That of pods of which only an elected leader is ever ready: another is not ready before the
   * leader goes, and nothing may wait for it. One that gets its signal gives its place up at once.
   */
  static ObjectNode oneLeads() {
    return object(
        "type", "RollingUpdate", "rollingUpdate", object("maxUnavailable", "100%", "maxSurge", 1));
  }

  /** Lets nodes be emptied one pod at a time. */
  static ObjectNode budget(
      ServiceView service, String name, String component, Map<String, String> selector) {
    return service.child(
        "policy/v1",
        "PodDisruptionBudget",
        name,
        component,
        "spec",
        object(
            "maxUnavailable",
            1,
            "unhealthyPodEvictionPolicy",
            "AlwaysAllow",
            "selector",
            object("matchLabels", selector)));
  }

  /** Where requests go that no picker chooses a pod for: never to prefill pods. */
  private static ObjectNode workloadService(ServiceView service) {
    var scheme = service.shape().tls() ? "https" : "http";
    var selector = object();
    service.serving().forEach(selector::put);
    if (service.disaggregated()) {
      selector.put(Labels.ROLE, "decode");
    }
    var child =
        service.child(
            "v1",
            "Service",
            ServiceView.WORKLOAD_SERVICE,
            "workload",
            "spec",
            object(
                "selector",
                selector,
                "ports",
                array(
                    object(
                        "name",
                        scheme,
                        "appProtocol",
                        scheme,
                        "protocol",
                        "TCP",
                        "port",
                        Engine.PORT,
                        "targetPort",
                        Engine.PORT))));
    WorkloadPods.decorate(child, service.spec());
    return child;
  }
}
