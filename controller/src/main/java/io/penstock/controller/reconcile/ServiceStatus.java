package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Conditions;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.Rendering;
import io.penstock.controller.reconcile.ConditionList.Truth;
import io.penstock.controller.reconcile.ConditionList.Verdict;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What a service's status says, computed from what one pass has seen. Pure: the same sight gives
 * the same status, and times of transition only change with what they are about.
 */
final class ServiceStatus {

  /**
   * What a pass has seen.
   *
   * @param service as stored, with its last status
   * @param rendering what came of it
   * @param brought the children as they are, and problems
   * @param pods of the service, in any state
   * @param stopped whether the service is to have no children
   * @param clusterDomain DNS domain of Services
   * @param gateways finds Gateways
   * @param group whom the service shares traffic with; empty: nobody
   */
  record Sight(
      ObjectNode service,
      Rendering rendering,
      Children.Brought brought,
      List<ObjectNode> pods,
      boolean stopped,
      String clusterDomain,
      Function<Key, Optional<ObjectNode>> gateways,
      Optional<GroupStatus> group) {}

  private final Sight sight;
  private final String name;
  private final ConditionList conditions;
  private final Map<Part, Workload> workloads = new EnumMap<>(Part.class);
  private String trouble = "";

  private ServiceStatus(Sight sight, Instant now) {
    this.sight = sight;
    this.name = Trees.name(sight.service());
    var before = sight.service().path("status").path("conditions");
    this.conditions = new ConditionList(before, Objects.generation(sight.service()), now);
  }

  /** The status as {@code status} is to be from now on. */
  static ObjectNode of(Sight sight, Instant now) {
    return new ServiceStatus(sight, now).compute();
  }

  private ObjectNode compute() {
    for (var child : sight.brought().live()) {
      Workload.of(child).ifPresent(each -> workloads.put(Part.of(name, each.name()), each));
    }
    trouble = PodTrouble.of(sight.pods());
    if (sight.stopped()) {
      stopped();
    } else {
      judge();
    }
    var ready = conditions.get(Conditions.READY).orElseThrow();
    conditions.set(Conditions.SERVICE_READY, ready);
    var status = Trees.newObject();
    status.put("observedGeneration", Objects.generation(sight.service()));
    status.put("phase", phase(ready).text());
    status.put("message", message(ready));
    var byUrl =
        Addresses.of(
            sight.service(), sight.brought().live(), sight.clusterDomain(), sight.gateways());
    if (!byUrl.isEmpty()) {
      status.put("url", byUrl.firstKey());
      status.set("addresses", Addresses.toTree(byUrl));
    }
    if (!sight.stopped()) {
      router(status);
    }
    workloads(status);
    Remembered.keep(sight, ready.truth() == Truth.TRUE, status);
    status.set("conditions", conditions.toTree());
    return status;
  }

  private void stopped() {
    var verdict = Verdict.no("Stopped", "stopped by the annotation serving.kserve.io/stop");
    conditions.set(Conditions.PRESETS_COMBINED, verdict);
    conditions.set(Conditions.WORKLOADS_READY, verdict);
    conditions.set(Conditions.READY, verdict);
  }

  private void judge() {
    switch (sight.rendering()) {
      case Rendering.Refused(var reason, var message) ->
          conditions.set(Conditions.PRESETS_COMBINED, Verdict.no(reason, message));
      case Rendering.Rendered rendered -> {
        conditions.set(
            Conditions.PRESETS_COMBINED,
            Verdict.yes(
                "Combined",
                rendered.warnings().isEmpty() ? "" : String.join("; ", rendered.warnings())));
        sight.group().ifPresent(group -> group.judge(name, conditions));
      }
    }
    routing();
    workloads.forEach(
        (part, workload) ->
            conditions.set(
                part.condition(),
                workload.verdict(part.needed(workload.desired()), troubleOf(workload))));
    scaling();
    problems();
    conditions.rollUp(
        Conditions.WORKLOADS_READY,
        "RolledOut",
        "all pods are ready",
        Conditions.MAIN_WORKLOAD_READY,
        Conditions.WORKER_WORKLOAD_READY,
        Conditions.PREFILL_WORKLOAD_READY,
        Conditions.PREFILL_WORKER_WORKLOAD_READY,
        Conditions.SCALING_READY,
        Conditions.PREFILL_SCALING_READY);
    if (workloads.keySet().stream().noneMatch(Part::serves)
        && conditions.get(Conditions.WORKLOADS_READY).orElseThrow().truth() == Truth.TRUE) {
      conditions.set(
          Conditions.WORKLOADS_READY, Verdict.unknown("NotCreated", "no pods are created yet"));
    }
    if (hasRouter()) {
      conditions.rollUp(
          Conditions.ROUTER_READY,
          "Routed",
          "requests reach the pods",
          Conditions.GATEWAYS_READY,
          Conditions.HTTP_ROUTES_READY,
          Conditions.INFERENCE_POOL_READY,
          Conditions.SCHEDULER_WORKLOAD_READY);
      if (sight.rendering() instanceof Rendering.Refused
          && !hasRoutes()
          && !workloads.containsKey(Part.GATEWAY)
          && conditions.get(Conditions.ROUTER_READY).orElseThrow().truth() == Truth.TRUE) {
        conditions.set(
            Conditions.ROUTER_READY, Verdict.unknown("NotCreated", "no route is created yet"));
      }
    }
    conditions.rollUp(
        Conditions.READY,
        "Ready",
        "",
        Conditions.PRESETS_COMBINED,
        Conditions.WORKLOADS_READY,
        Conditions.ROUTER_READY);
  }

  private boolean hasRouter() {
    return Trees.has(sight.service(), "spec", "router")
        || conditions.get(Conditions.GATEWAYS_READY).isPresent()
        || hasRoutes();
  }

  /** Whether something is there that requests come by; a Gateway alone takes them nowhere. */
  private boolean hasRoutes() {
    return Stream.of(
            Conditions.HTTP_ROUTES_READY,
            Conditions.INFERENCE_POOL_READY,
            Conditions.SCHEDULER_WORKLOAD_READY)
        .anyMatch(each -> conditions.get(each).isPresent());
  }

  private void routing() {
    Set<Key> gateways = new HashSet<>();
    for (var child : ofKind(Kind.ROUTE)) {
      var before = conditions.get(Conditions.HTTP_ROUTES_READY);
      if (before.isEmpty() || before.get().truth() == Truth.TRUE) {
        conditions.set(Conditions.HTTP_ROUTES_READY, Routing.route(child));
      }
      gateways.addAll(Routing.gateways(child));
    }
    var named = namedGateways();
    if (!named.isEmpty()) {
      conditions.set(Conditions.GATEWAYS_READY, Routing.gateways(named, sight.gateways()));
      gateways.addAll(named);
    }
    for (var kind : List.of(Kind.POOL, Kind.ALPHA_POOL)) {
      for (var pool : ofKind(kind)) {
        var before = conditions.get(Conditions.INFERENCE_POOL_READY);
        // Where both versions are there, one that gateways accept is enough.
        if (before.isEmpty() || before.get().truth() != Truth.TRUE) {
          conditions.set(Conditions.INFERENCE_POOL_READY, Routing.pool(pool, gateways));
        }
      }
    }
  }

  private void scaling() {
    for (var child : sight.brought().live()) {
      Scalers.verdict(child)
          .ifPresent(
              verdict -> conditions.set(Scalers.condition(name, Trees.name(child)), verdict));
    }
  }

  private Set<Key> namedGateways() {
    Set<Key> named = new HashSet<>();
    for (var ref : Trees.list(sight.service(), "spec", "router", "gateway", "refs")) {
      var namespace = Trees.text(ref, "namespace");
      named.add(
          new Key(
              namespace.isEmpty() ? Trees.namespace(sight.service()) : namespace,
              Trees.text(ref, "name")));
    }
    return named;
  }

  private List<ObjectNode> ofKind(Kind kind) {
    return sight.brought().live().stream()
        .filter(each -> Kind.of(each).equals(Optional.of(kind)))
        .toList();
  }

  private void problems() {
    for (var problem : sight.brought().problems()) {
      var type =
          switch (problem.kind()) {
            case "HTTPRoute" -> Conditions.HTTP_ROUTES_READY;
            case "InferencePool" -> Conditions.INFERENCE_POOL_READY;
            case "HorizontalPodAutoscaler", "ScaledObject" ->
                Scalers.condition(name, problem.name());
            case "Deployment", "LeaderWorkerSet" -> Part.of(name, problem.name()).condition();
            default -> Conditions.MAIN_WORKLOAD_READY;
          };
      conditions.set(type, Verdict.no(problem.reason(), problem.message()));
    }
  }

  /** The newest failing pod of a workload: pods are called as their workload, and longer. */
  private String troubleOf(Workload workload) {
    return PodTrouble.of(
        sight.pods().stream().filter(pod -> workload.name().equals(ownerOf(pod))).toList());
  }

  private String ownerOf(ObjectNode pod) {
    var longest = "";
    for (var workload : workloads.values()) {
      if (Trees.name(pod).startsWith(workload.name() + "-")
          && workload.name().length() > longest.length()) {
        longest = workload.name();
      }
    }
    return longest;
  }

  private Phase phase(Verdict ready) {
    if (sight.stopped()) {
      return Phase.STOPPED;
    }
    if (ready.truth() == Truth.TRUE) {
      return Phase.READY;
    }
    var serving =
        workloads.entrySet().stream()
            .filter(each -> each.getKey().serves())
            .map(Map.Entry::getValue)
            .toList();
    long up = serving.stream().mapToLong(Workload::ready).sum();
    boolean hopeless =
        sight.rendering() instanceof Rendering.Refused
            || sight.brought().problems().stream().anyMatch(Children.Problem::lasting);
    if (hopeless && up == 0) {
      return Phase.FAILED;
    }
    if (serving.stream().anyMatch(each -> !each.seen() || each.leftovers() > 0)) {
      return up > 0 ? Phase.ROLLING : starting();
    }
    if (serving.stream().anyMatch(Workload::isStuck) && up == 0) {
      return Phase.FAILED;
    }
    boolean serves = wasReady() || hopeless || isOnlyScalerDown(serving);
    if (up > 0 && serves) {
      return serving.stream().allMatch(Workload::isRolledOut) ? Phase.DEGRADED : Phase.ROLLING;
    }
    return starting();
  }

  /** Whether the last status called this service ready, or degraded from there. */
  private boolean wasReady() {
    var before = Trees.text(sight.service(), "status", "phase");
    return before.equals(Phase.READY.text())
        || before.equals(Phase.DEGRADED.text())
        || before.equals(Phase.ROLLING.text());
  }

  /** Whether requests reach all pods that are wanted, and only what scales them is not well. */
  private boolean isOnlyScalerDown(List<Workload> serving) {
    return serving.stream().allMatch(Workload::isReady)
        && conditions.get(Conditions.ROUTER_READY).stream()
            .allMatch(router -> router.truth() == Truth.TRUE);
  }

  private Phase starting() {
    if (PodTrouble.isDownloading(sight.pods())) {
      return Phase.DOWNLOADING;
    }
    return PodTrouble.isLoading(sight.pods()) ? Phase.LOADING : Phase.PENDING;
  }

  private String message(Verdict ready) {
    List<String> parts = new ArrayList<>();
    if (!ready.message().isEmpty()) {
      parts.add(ready.message());
    }
    if (!trouble.isEmpty() && !ready.message().contains(trouble)) {
      parts.add(trouble);
    }
    return String.join("; ", parts);
  }

  /**
   * The objects through which requests come, by name, and the group. What is not rendered now stays
   * in the group that it was in: its children stay too, and the others go by this.
   */
  private void router(ObjectNode status) {
    var router = Trees.newObject();
    for (var kind : List.of(Kind.POOL, Kind.ALPHA_POOL)) {
      for (var pool : ofKind(kind)) {
        Trees.with(router, "scheduler", "inferencePool")
            .put("apiVersion", kind.apiVersion())
            .put("kind", kind.kindName())
            .put("name", Trees.name(pool));
      }
    }
    var group =
        sight.rendering() instanceof Rendering.Refused
            ? Trees.object(sight.service(), "status", "router", "group")
            : sight.group().map(GroupStatus::toTree).orElse(null);
    if (group != null) {
      router.set("group", group.deepCopy());
    }
    if (!router.isEmpty()) {
      status.set("router", router);
    }
  }

  private void workloads(ObjectNode status) {
    if (workloads.isEmpty()) {
      return;
    }
    var tree = Trees.with(status, "workloads");
    Map<String, Workload> byRole = new LinkedHashMap<>();
    workloads.forEach((part, workload) -> byRole.put(part.role(), workload));
    byRole.forEach((role, workload) -> tree.set(role, workload.toTree()));
    long desired = 0;
    long ready = 0;
    for (var entry : workloads.entrySet()) {
      if (entry.getKey().serves()) {
        desired += entry.getValue().desired();
        ready += entry.getValue().ready();
      }
    }
    status.put("replicas", ready + "/" + desired);
  }
}
