package io.penstock.controller.preset;

import org.jspecify.annotations.Nullable;

/**
 * What kind of object a merge stands in: says which of its lists are merged by a key, and which are
 * replaced whole. The keys are those of the Kubernetes API types.
 */
enum MergeShape {
  /** The spec of a service, or its {@code prefill}: pod specs lie in it. */
  WORKLOAD,
  /** {@code spec.router}. */
  ROUTER,
  /** {@code spec.router.scheduler}, and its {@code tokenizer}. */
  SCHEDULER,
  /** A pod's spec. */
  POD,
  /** A container. */
  CONTAINER,
  /** One of several ways: a probe, a lifecycle handler, a variable, a volume. */
  CHOICE,
  /** Anything else: maps are merged, lists are replaced. */
  PLAIN;

  /** The key by which elements of the list {@code field} are told apart; null: replaced whole. */
  @Nullable String listKey(String field) {
    return switch (this) {
      case POD ->
          switch (field) {
            case "containers",
                "initContainers",
                "ephemeralContainers",
                "volumes",
                "imagePullSecrets",
                "resourceClaims",
                "schedulingGates" ->
                "name";
            case "hostAliases" -> "ip";
            case "topologySpreadConstraints" -> "topologyKey";
            default -> null;
          };
      case CONTAINER ->
          switch (field) {
            case "env" -> "name";
            case "volumeMounts" -> "mountPath";
            case "volumeDevices" -> "devicePath";
            case "ports" -> "containerPort";
            default -> null;
          };
      case WORKLOAD, ROUTER, SCHEDULER, CHOICE, PLAIN -> null;
    };
  }

  /** The shape of what lies under {@code field}, or of the elements of the list there. */
  MergeShape of(String field) {
    return switch (this) {
      case WORKLOAD ->
          switch (field) {
            case "template", "worker" -> POD;
            case "prefill" -> WORKLOAD;
            case "router" -> ROUTER;
            default -> PLAIN;
          };
      case ROUTER -> "scheduler".equals(field) ? SCHEDULER : PLAIN;
      case SCHEDULER ->
          switch (field) {
            case "template" -> POD;
            case "tokenizer" -> SCHEDULER;
            default -> PLAIN;
          };
      case POD ->
          switch (field) {
            case "containers", "initContainers", "ephemeralContainers" -> CONTAINER;
            case "volumes" -> CHOICE;
            default -> PLAIN;
          };
      case CONTAINER ->
          switch (field) {
            case "env", "livenessProbe", "readinessProbe", "startupProbe" -> CHOICE;
            case "lifecycle" -> CONTAINER;
            case "preStop", "postStart" -> CHOICE;
            default -> PLAIN;
          };
      case CHOICE, PLAIN -> PLAIN;
    };
  }
}
