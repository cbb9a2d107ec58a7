package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Trees;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What pods are waiting for, or why they fail, in one sentence. Pure functions. */
final class PodTrouble {

  /** Reasons to wait that are no failure. */
  private static final Set<String> NORMAL = Set.of("PodInitializing", "ContainerCreating", "");

  private static final int MESSAGE_CHARS = 200;

  private PodTrouble() {}

  /** The newest pod that fails, and why; empty when none does. */
  static String of(List<ObjectNode> pods) {
    return pods.stream()
        .filter(pod -> !Objects.isGoing(pod))
        .sorted(
            Comparator.comparing(
                    (ObjectNode pod) -> Trees.text(pod, "metadata", "creationTimestamp"))
                .reversed()
                .thenComparing(Trees::name))
        .flatMap(pod -> sentence(pod).stream())
        .findFirst()
        .orElse("");
  }

  private static Optional<String> sentence(ObjectNode pod) {
    var name = "pod " + Trees.name(pod);
    for (var condition : Trees.list(pod, "status", "conditions")) {
      if (Trees.text(condition, "type").equals("PodScheduled")
          && Trees.text(condition, "status").equals("False")) {
        return Optional.of(name + " cannot be scheduled: " + message(condition));
      }
    }
    for (var list : List.of("initContainerStatuses", "containerStatuses")) {
      for (var container : Trees.list(pod, "status", list)) {
        var failure = failure(container);
        if (failure.isPresent()) {
          return Optional.of(
              "%s, container %s: %s".formatted(name, Trees.text(container, "name"), failure.get()));
        }
      }
    }
    return Trees.text(pod, "status", "phase").equals("Failed")
        ? Optional.of(name + " failed: " + reason(Trees.at(pod, "status")))
        : Optional.empty();
  }

  private static Optional<String> failure(JsonNode container) {
    var waiting = Trees.object(container, "state", "waiting");
    if (waiting != null && !NORMAL.contains(Trees.text(waiting, "reason"))) {
      var last = Trees.object(container, "lastState", "terminated");
      return Optional.of(last == null ? reason(waiting) : reason(waiting) + " after " + end(last));
    }
    var ended = Trees.object(container, "state", "terminated");
    return ended != null && Trees.number(ended, 0, "exitCode") != 0
        ? Optional.of(end(ended))
        : Optional.empty();
  }

  private static String end(JsonNode terminated) {
    var text =
        "%s, exit code %d"
            .formatted(Trees.text(terminated, "reason"), Trees.number(terminated, 0, "exitCode"));
    var message = message(terminated);
    return message.isEmpty() ? text : text + ": " + message;
  }

  private static String reason(@Nullable JsonNode state) {
    var reason = Trees.text(state, "reason");
    var message = message(state);
    return message.isEmpty() ? reason : reason + ": " + message;
  }

  /** The last line, where programs say why they end. */
  private static String message(@Nullable JsonNode state) {
    var whole = Trees.text(state, "message").strip();
    var last = whole.substring(whole.lastIndexOf('\n') + 1).strip();
    return last.length() <= MESSAGE_CHARS ? last : last.substring(0, MESSAGE_CHARS) + "…";
  }

  /** Whether some pod is still bringing its model. */
  static boolean isDownloading(List<ObjectNode> pods) {
    return pods.stream()
        .flatMap(pod -> Trees.list(pod, "status", "initContainerStatuses").stream())
        .anyMatch(
            each ->
                Trees.text(each, "name").startsWith("storage-initializer")
                    && Trees.has(each, "state", "running"));
  }

  /** Whether some pod's engine runs but does not serve yet. */
  static boolean isLoading(List<ObjectNode> pods) {
    return pods.stream()
        .flatMap(pod -> Trees.list(pod, "status", "containerStatuses").stream())
        .anyMatch(each -> Trees.has(each, "state", "running") && !Trees.isTrue(each, "ready"));
  }
}
