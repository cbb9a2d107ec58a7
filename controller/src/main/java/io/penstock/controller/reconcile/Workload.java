package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Trees;
import io.penstock.controller.reconcile.ConditionList.Verdict;
import java.util.Optional;

/**
 * How far a Deployment or LeaderWorkerSet is, in pods or groups. Immutable.
 *
 * @param kind of the object
 * @param name of the object
 * @param desired how many there are to be
 * @param updated those of the newest template
 * @param ready those that serve
 * @param seen whether its own controller has seen the newest spec
 * @param leftovers those of older templates that still run
 * @param available what its own condition Available says; missing until there is one
 * @param progress what its own condition Progressing says; missing until there is one
 */
record Workload(
    String kind,
    String name,
    long desired,
    long updated,
    long ready,
    boolean seen,
    long leftovers,
    JsonNode available,
    JsonNode progress) {

  /** Reads a child; empty when it is no workload. */
  static Optional<Workload> of(ObjectNode child) {
    var kind = Trees.text(child, "kind");
    if (!kind.equals("Deployment") && !kind.equals("LeaderWorkerSet")) {
      return Optional.empty();
    }
    long desired = Trees.number(child, 1, "spec", "replicas");
    long updated = Trees.number(child, 0, "status", "updatedReplicas");
    long all = Trees.number(child, 0, "status", "replicas");
    // A LeaderWorkerSet does not say which generation its status is about.
    boolean seen =
        !kind.equals("Deployment")
            || Trees.number(child, 0, "status", "observedGeneration") >= Objects.generation(child);
    return Optional.of(
        new Workload(
            kind,
            Trees.name(child),
            desired,
            updated,
            Trees.number(child, 0, "status", "readyReplicas"),
            seen,
            Math.max(0, all - updated),
            condition(child, "Available"),
            condition(child, "Progressing")));
  }

  private static JsonNode condition(ObjectNode child, String type) {
    return Trees.list(child, "status", "conditions").stream()
        .filter(each -> Trees.text(each, "type").equals(type))
        .findFirst()
        .orElseGet(Trees::newObject);
  }

  /** Whether all run the newest template, and none an older one. */
  boolean isRolledOut() {
    return seen && updated >= desired && leftovers == 0;
  }

  /** Whether all that are desired run the newest template and serve. */
  boolean isReady() {
    return isReady(desired);
  }

  private boolean isReady(long needed) {
    return isRolledOut() && ready >= needed && (desired == 0 || isAvailable());
  }

  private boolean isAvailable() {
    return Trees.text(available, "status").equals("True");
  }

  /** Whether its own controller has given up waiting for the newest template. */
  boolean isStuck() {
    return Trees.text(progress, "reason").equals("ProgressDeadlineExceeded");
  }

  /**
   * What a condition says of it.
   *
   * @param needed how many must serve
   * @param trouble a sentence about a pod that fails; empty when none does
   */
  Verdict verdict(long needed, String trouble) {
    if (isReady(needed)) {
      return Verdict.yes("RolledOut", "%d of %d are ready".formatted(ready, desired));
    }
    var tail = trouble.isEmpty() ? "" : "; " + trouble;
    if (isStuck()) {
      return Verdict.no(
          "ProgressDeadlineExceeded",
          "%s %s makes no progress, %d of %d are ready%s"
              .formatted(kind, name, ready, desired, tail));
    }
    if (!isRolledOut()) {
      return Verdict.no(
          "Progressing",
          "%s %s rolls out: %d of %d are new, %d are ready%s"
              .formatted(kind, name, seen ? updated : 0, desired, ready, tail));
    }
    return Verdict.no(
        "MinimumReplicasUnavailable",
        "%s %s: %d of %d are ready%s".formatted(kind, name, ready, desired, tail));
  }

  /** As {@code status.workloads} has it. */
  ObjectNode toTree() {
    var tree = Trees.newObject();
    tree.put("apiGroup", kind.equals("Deployment") ? "apps" : "leaderworkerset.x-k8s.io");
    tree.put("kind", kind).put("name", name);
    tree.put("replicas", desired).put("updatedReplicas", seen ? updated : 0);
    return tree.put("readyReplicas", ready);
  }
}
