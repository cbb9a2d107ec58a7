package io.penstock.controller.app;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Conditions;
import io.penstock.controller.api.Trees;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Why a service is ready or not, as lines for people: its conditions as a tree, and at the end what
 * the first one that fails says. Pure function of the object.
 *
 * @param ready whether it is, and is as it is now asked for
 * @param lines what to print
 */
public record Explanation(boolean ready, List<String> lines) {

  private static final Map<String, List<String>> PARTS = parts();
  private static final int WIDTH = 36;

  public Explanation {
    lines = List.copyOf(lines);
  }

  private static Map<String, List<String>> parts() {
    Map<String, List<String>> parts = new LinkedHashMap<>();
    parts.put(
        Conditions.READY,
        List.of(Conditions.PRESETS_COMBINED, Conditions.WORKLOADS_READY, Conditions.ROUTER_READY));
    parts.put(
        Conditions.WORKLOADS_READY,
        List.of(
            Conditions.MAIN_WORKLOAD_READY,
            Conditions.WORKER_WORKLOAD_READY,
            Conditions.PREFILL_WORKLOAD_READY,
            Conditions.PREFILL_WORKER_WORKLOAD_READY,
            Conditions.SCALING_READY,
            Conditions.PREFILL_SCALING_READY));
    parts.put(
        Conditions.ROUTER_READY,
        List.of(
            Conditions.GATEWAYS_READY,
            Conditions.HTTP_ROUTES_READY,
            Conditions.INFERENCE_POOL_READY,
            Conditions.SCHEDULER_WORKLOAD_READY));
    return parts;
  }

  /** Explains an LLMInferenceService of the hub version. */
  public static Explanation of(ObjectNode service) {
    var status = service.path("status");
    var name = Trees.namespace(service) + "/" + Trees.name(service);
    Map<String, JsonNode> conditions = new HashMap<>();
    for (var condition : Trees.list(status, "conditions")) {
      conditions.put(Trees.text(condition, "type"), condition);
    }
    var ready = conditions.get(Conditions.READY);
    List<String> lines = new ArrayList<>();
    if (ready == null) {
      lines.add(name + " has no status yet: no controller has looked at it");
      return new Explanation(false, lines);
    }
    boolean isReady = Trees.text(ready, "status").equals("True");
    long seen = Trees.number(status, 0, "observedGeneration");
    long generation = Trees.number(service, 0, "metadata", "generation");
    boolean stale = seen < generation;
    lines.add(
        "%s is %s: %s, %s pods are ready"
            .formatted(
                name,
                isReady ? "ready" : "not ready",
                Trees.text(status, "phase"),
                Trees.has(status, "replicas") ? Trees.text(status, "replicas") : "no"));
    describe(Conditions.READY, 1, conditions, lines);
    if (stale) {
      lines.add(
          "this is about generation %d; the controller has not looked at generation %d yet"
              .formatted(seen, generation));
    }
    if (!isReady) {
      var root = root(conditions);
      lines.add("because of " + Trees.text(root, "type") + ": " + message(root));
    }
    var message = Trees.text(status, "message");
    if (!message.isEmpty() && lines.stream().noneMatch(line -> line.contains(message))) {
      lines.add(message);
    }
    return new Explanation(isReady && !stale, lines);
  }

  private static void describe(
      String type, int depth, Map<String, JsonNode> conditions, List<String> lines) {
    var condition = conditions.get(type);
    if (condition == null) {
      return;
    }
    var head = "  ".repeat(depth) + type;
    lines.add(
        head
            + " ".repeat(Math.max(1, WIDTH - head.length()))
            + "%-8s%s since %s"
                .formatted(
                    Trees.text(condition, "status"),
                    Trees.text(condition, "reason"),
                    Trees.text(condition, "lastTransitionTime")));
    for (var part : PARTS.getOrDefault(type, List.of())) {
      describe(part, depth + 1, conditions, lines);
    }
  }

  /** The deepest condition that is not true, on the way that the roll-ups took. */
  private static JsonNode root(Map<String, JsonNode> conditions) {
    var type = Conditions.READY;
    var here = conditions.get(type);
    while (true) {
      JsonNode worst = null;
      for (var part : PARTS.getOrDefault(type, List.of())) {
        var condition = conditions.get(part);
        if (condition != null && rank(condition) > (worst == null ? 0 : rank(worst))) {
          worst = condition;
        }
      }
      if (worst == null) {
        return here == null ? Trees.newObject() : here;
      }
      here = worst;
      type = Trees.text(worst, "type");
    }
  }

  private static int rank(JsonNode condition) {
    return switch (Trees.text(condition, "status")) {
      case "True" -> 0;
      case "False" -> 2;
      default -> 1;
    };
  }

  private static String message(JsonNode condition) {
    var message = Trees.text(condition, "message");
    return message.isEmpty() ? Trees.text(condition, "reason") : message;
  }
}
