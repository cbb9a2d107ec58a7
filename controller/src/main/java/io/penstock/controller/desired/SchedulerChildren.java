package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.arrayAt;
import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The endpoint picker of a service behind a gateway of others, and what it may do. */
final class SchedulerChildren {

  static final String NAME = "-kserve-router-scheduler";
  private static final String COMPONENT = "router-scheduler";
  private static final Set<String> SERVICE_PORTS = Set.of("grpc", "grpc-health", "metrics", "zmq");

  private static final String DRAIN_FLAG = "--drain-timeout=";

  /** As the preset of Penstock's picker has it; llm-d's has no such flag. */
  private static final long PRESET_DRAIN_SECONDS = 300;

  /** What a picker that has drained needs to end. */
  private static final long MARGIN_SECONDS = 10;

  private SchedulerChildren() {}

  static List<ObjectNode> of(ServiceView service) {
    var scheduler = at(service.spec(), "router", "scheduler");
    var pod =
        scheduler.path("template") instanceof ObjectNode object ? object.deepCopy() : object();
    var account = text(pod, "serviceAccountName");
    if (account.isEmpty()) {
      account = service.child("-epp-sa");
      pod.put("serviceAccountName", account);
    }
    keepLongerThanPods(service, pod);
    var ports = ports(pod);
    int replicas = scheduler.path("replicas").asInt(1);
    boolean elected =
        Engine.of(pod).map(container -> arrange(service, pod, container, replicas)).orElse(false);
    var llmD = Engine.of(pod).map(SchedulerConfig::isLlmD).orElse(false);
    List<ObjectNode> children = new ArrayList<>();
    children.addAll(
        Rbac.account(
            service,
            COMPONENT,
            "-epp-sa",
            "-epp-role",
            "-epp-rb",
            account,
            rules(service, elected, llmD)));
    children.add(deployment(service, scheduler, pod, replicas, elected));
    if (!elected || replicas <= 1) {
      // Of pods that are not ready a budget counts none: it would hold the leader's node for good.
      children.add(Workloads.budget(service, NAME, COMPONENT, service.identity(COMPONENT)));
    }
    children.add(endpoint(service, ports));
    return children;
  }

  /** Answers of the pods pass by the picker: it must not go before they have ended. */
  private static void keepLongerThanPods(ServiceView service, ObjectNode pod) {
    long longest = Workloads.longestGraceSeconds(service);
    if (longest >= Workloads.graceSeconds(pod)) {
      pod.put("terminationGracePeriodSeconds", longest + 30);
    }
    if (longest > PRESET_DRAIN_SECONDS) {
      long grace = Workloads.graceSeconds(pod);
      Engine.of(pod)
          .ifPresent(container -> drainFor(Math.min(longest, grace - MARGIN_SECONDS), container));
    }
  }

  /** In place of what the preset says; another value is the user's. */
  private static void drainFor(long seconds, ObjectNode container) {
    var args = arrayAt(container, "args");
    for (int i = 0; i < args.size(); i++) {
      if (args.path(i).asText().equals(DRAIN_FLAG + PRESET_DRAIN_SECONDS + "s")) {
        args.set(i, DRAIN_FLAG + seconds + "s");
      }
    }
  }

  /** Completes the picker's flags; whether its replicas elect a leader. */
  private static boolean arrange(
      ServiceView service, ObjectNode pod, ObjectNode container, int replicas) {
    if (replicas > 1 && !Engine.hasFlag(container, "--ha-enable-leader-election")) {
      arrayAt(container, "args").add("--ha-enable-leader-election");
    }
    SchedulerConfig.addTo(service, container);
    Tracing.variables(service, container, "inference-scheduler");
    if (!SchedulerConfig.isLlmD(container)) {
      ServingTls.verify(
          service,
          pod,
          container,
          List.of(
              "--model-server-metrics-scheme=https",
              "--model-server-metrics-ca-file=" + ServingTls.CA_FILE,
              "--model-server-metrics-server-name=" + service.podServerName()));
    }
    return Engine.hasFlag(container, "--ha-enable-leader-election")
        && !Engine.hasFlag(container, "--ha-enable-leader-election=false");
  }

  private static ObjectNode deployment(
      ServiceView service, JsonNode scheduler, ObjectNode pod, int replicas, boolean elected) {
    Map<String, String> labels = new LinkedHashMap<>();
    scheduler
        .path("labels")
        .properties()
        .forEach(label -> labels.put(label.getKey(), label.getValue().asText()));
    labels.putAll(service.identity(COMPONENT));
    return service.child(
        "apps/v1",
        "Deployment",
        NAME,
        COMPONENT,
        "spec",
        object(
            "replicas",
            replicas,
            "selector",
            object("matchLabels", service.identity(COMPONENT)),
            "strategy",
            elected ? Workloads.oneLeads() : Workloads.oneAhead(),
            "template",
            object(
                "metadata",
                object(
                    "labels",
                    labels,
                    "annotations",
                    has(scheduler, "annotations") ? scheduler.path("annotations") : null),
                "spec",
                pod)));
  }

  private static ArrayNode ports(ObjectNode pod) {
    List<JsonNode> ports = new ArrayList<>();
    Engine.of(pod)
        .ifPresent(
            container ->
                container
                    .path("ports")
                    .forEach(
                        port -> {
                          if (SERVICE_PORTS.contains(text(port, "name"))) {
                            ports.add(port);
                          }
                        }));
    ports.sort(Comparator.comparing(port -> text(port, "name")));
    var all = array();
    for (var port : ports) {
      all.add(
          object(
              "name", text(port, "name"),
              "protocol", "TCP",
              "port", port.path("containerPort"),
              "targetPort", port.path("containerPort")));
    }
    return all;
  }

  private static ObjectNode endpoint(ServiceView service, ArrayNode ports) {
    var named =
        text(service.spec(), "router", "scheduler", "pool", "spec", "endpointPickerRef", "name");
    var child =
        service.child(
            "v1",
            "Service",
            "-epp-service",
            COMPONENT,
            "spec",
            object("selector", service.identity(COMPONENT), "ports", ports));
    if (!named.isEmpty()) {
      ((ObjectNode) child.path("metadata")).put("name", named);
    }
    return child;
  }

  private static ArrayNode rules(ServiceView service, boolean elected, boolean llmD) {
    var group = InferencePools.group(service);
    var rules =
        array(
            Rbac.rule("", "pods", "get", "list", "watch"),
            Rbac.rule(group, "inferencepools", "get", "list", "watch"));
    if (llmD) {
      for (var each : List.of(group, "llm-d.ai", "inference.networking.x-k8s.io")) {
        rules.add(Rbac.rule(each, "inferenceobjectives", "get", "list", "watch"));
        rules.add(Rbac.rule(each, "inferencemodelrewrites", "get", "list", "watch"));
      }
    } else {
      rules.add(Rbac.ofRequests());
    }
    if (elected) {
      var lease = "epp-%s-%s.llm-d.ai".formatted(service.namespace(), service.poolName());
      var held = Rbac.rule("coordination.k8s.io", "leases", "get", "update", "patch");
      held.set("resourceNames", array(lease));
      // What is to be created has no name yet that a rule could hold it to.
      rules.add(Rbac.rule("coordination.k8s.io", "leases", "create")).add(held);
    }
    return rules;
  }
}
