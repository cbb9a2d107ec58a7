package io.penstock.controller.reconcile;

import io.penstock.controller.api.Conditions;
import io.penstock.controller.preset.ChildName;
import java.util.Arrays;

/**
 * The workloads of a service, by the suffix of their names, and where its status speaks of them.
 */
enum Part {
  MAIN("-kserve", Conditions.MAIN_WORKLOAD_READY, "primary"),
  PREFILL("-kserve-prefill", Conditions.PREFILL_WORKLOAD_READY, "prefill"),
  WORKERS("-kserve-mn", Conditions.WORKER_WORKLOAD_READY, "primary"),
  PREFILL_WORKERS("-kserve-mn-prefill", Conditions.PREFILL_WORKER_WORKLOAD_READY, "prefill"),
  SCHEDULER("-kserve-router-scheduler", Conditions.SCHEDULER_WORKLOAD_READY, "scheduler"),
  /** Penstock's own gateway, and whatever else a service may run one day. */
  GATEWAY("", Conditions.GATEWAYS_READY, "gateway");

  private final String suffix;
  private final String condition;
  private final String role;

  Part(String suffix, String condition, String role) {
    this.suffix = suffix;
    this.condition = condition;
    this.role = role;
  }

  /** Which part of a service the workload of that name is. */
  static Part of(String service, String name) {
    return Arrays.stream(values())
        .filter(each -> each != GATEWAY && ChildName.of(service, each.suffix).equals(name))
        .findFirst()
        .orElse(GATEWAY);
  }

  /** Type of the condition that says whether it serves. */
  String condition() {
    return condition;
  }

  /** Name under {@code status.workloads}. */
  String role() {
    return role;
  }

  /**
   * How many of the pods that are desired must serve: of pickers the leader, which alone is ready.
   */
  long needed(long desired) {
    return this == SCHEDULER ? Math.min(1, desired) : desired;
  }

  /** Whether it runs the model. */
  boolean serves() {
    return this != SCHEDULER && this != GATEWAY;
  }
}
