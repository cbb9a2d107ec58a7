package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Conditions;
import io.penstock.controller.api.Trees;
import io.penstock.controller.preset.ChildName;
import io.penstock.controller.reconcile.ConditionList.Verdict;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What HorizontalPodAutoscalers and ScaledObjects say of themselves. Pure functions. */
final class Scalers {

  /** Says that there is nothing to scale, because somebody wants no pods. */
  private static final String DISABLED = "ScalingDisabled";

  private Scalers() {}

  /** Type of the condition that speaks of a scaler of that name. */
  static String condition(String service, String scaler) {
    return scaler.equals(ChildName.of(service, "-kserve-prefill-hpa"))
            || scaler.equals(ChildName.of(service, "-kserve-prefill-keda"))
        ? Conditions.PREFILL_SCALING_READY
        : Conditions.SCALING_READY;
  }

  /** The workloads whose number of pods the scalers among the children decide, by their ids. */
  static Set<String> targets(List<ObjectNode> children) {
    return children.stream()
        .flatMap(child -> Stream.ofNullable(Trees.object(child, "spec", "scaleTargetRef")))
        .map(
            target ->
                Children.id(
                    Trees.text(target, "apiVersion"),
                    Trees.text(target, "kind"),
                    Trees.text(target, "name")))
        .collect(Collectors.toSet());
  }

  /** Whether it scales; empty for objects of other kinds. */
  static Optional<Verdict> verdict(ObjectNode child) {
    return switch (Trees.text(child, "kind")) {
      case "HorizontalPodAutoscaler" ->
          Optional.of(sum(child, "HPAProgressing", "AbleToScale", "ScalingActive"));
      case "ScaledObject" -> Optional.of(sum(child, "ScaledObjectProgressing", "Ready"));
      default -> Optional.empty();
    };
  }

  private static Verdict sum(ObjectNode child, String reasonWhileUnknown, String... types) {
    var name = Trees.text(child, "kind") + " " + Trees.name(child);
    for (var type : types) {
      var condition = condition(child, type);
      var status = Trees.text(condition, "status");
      var reason = Trees.text(condition, "reason");
      if (status.equals("False") && !reason.equals(DISABLED)) {
        return Verdict.no(
            reason.isEmpty() ? "Not" + type : reason,
            "%s: %s is False, %s".formatted(name, type, Trees.text(condition, "message")));
      }
    }
    for (var type : types) {
      if (!List.of("True", "False").contains(Trees.text(condition(child, type), "status"))) {
        return Verdict.unknown(reasonWhileUnknown, name + ": " + type + " is not known yet");
      }
    }
    return Verdict.yes("Scaling", name + " scales");
  }

  private static JsonNode condition(ObjectNode child, String type) {
    return Trees.list(child, "status", "conditions").stream()
        .filter(each -> Trees.text(each, "type").equals(type))
        .findFirst()
        .orElseGet(Trees::newObject);
  }
}
