package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Annotations;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.GroupMember;
import io.penstock.controller.preset.ChildName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Services that share their traffic, as one of them sees the others. Pure functions of what the
 * mirrors show.
 */
final class Groups {

  private static final int PORT = 8000;

  private final ClusterView seen;

  Groups(ClusterView seen) {
    this.seen = seen;
  }

  /**
   * Another service of a group.
   *
   * @param member its share, and where its traffic goes
   * @param stopped whether it has been stopped, so that it gets nothing
   * @param serves whether it has a ready pod, and a picker that gateways of others can ask
   * @param models names by which its model and adapters are asked for
   */
  record Peer(GroupMember member, boolean stopped, boolean serves, Set<String> models) {

    /** Whether a service with these models leaves it its share. */
    boolean shares(Set<String> others) {
      return !stopped && serves && models.equals(others);
    }
  }

  /** The group that a service is in; empty: none. What a base config says is in the status. */
  static String of(ObjectNode service) {
    var own = Trees.text(service, "spec", "router", "route", "group");
    return own.isEmpty() && !Trees.list(service, "spec", "baseRefs").isEmpty()
        ? Trees.text(service, "status", "router", "group", "name")
        : own;
  }

  /** The other services of a group, by name. */
  List<Peer> peers(ObjectNode service, String group) {
    List<Peer> peers = new ArrayList<>();
    members(Trees.namespace(service), group)
        .filter(each -> !Trees.name(each).equals(Trees.name(service)))
        .forEach(each -> peers.add(peer(each)));
    peers.sort(Comparator.comparing(peer -> peer.member().name()));
    return peers;
  }

  /** The services of a group that are not being deleted. */
  Stream<ObjectNode> members(String namespace, String group) {
    return seen.all(Kind.SERVICE_OBJECT).stream()
        .filter(each -> Trees.namespace(each).equals(namespace))
        .filter(each -> !Objects.isGoing(each) && of(each).equals(group));
  }

  private Peer peer(ObjectNode service) {
    boolean stopped = "true".equalsIgnoreCase(Trees.annotation(service, Annotations.STOP));
    return new Peer(
        new GroupMember(Trees.name(service), weight(service), backend(service)),
        stopped,
        !hasOwnGateway(service) && isPicked(service) && readyPods(service) > 0,
        models(service));
  }

  private static long weight(ObjectNode service) {
    long observed = Trees.number(service, 1, "status", "router", "group", "weight");
    return Trees.number(service, observed, "spec", "router", "route", "weight");
  }

  /** Whether Penstock's gateway serves it, and picks: its pool names no picker to anybody else. */
  private static boolean hasOwnGateway(ObjectNode service) {
    return "penstock".equals(Trees.annotation(service, Annotations.GATEWAY));
  }

  /**
   * Whether the picker of its pool runs, where it has one. Not whether its own route is accepted:
   * that changes whenever a member comes or goes, and members would come and go with it.
   */
  private static boolean isPicked(ObjectNode service) {
    return Trees.number(service, 1, "status", "workloads", "scheduler", "readyReplicas") > 0;
  }

  private static long readyPods(ObjectNode service) {
    return Trees.number(service, 0, "status", "workloads", "primary", "readyReplicas")
        + Trees.number(service, 0, "status", "workloads", "prefill", "readyReplicas");
  }

  /** What the service itself says, unless a base config may say more. */
  private static Set<String> models(ObjectNode service) {
    var observed = Trees.list(service, "status", "router", "group", "models");
    if (Trees.list(service, "spec", "baseRefs").isEmpty() || observed.isEmpty()) {
      return models(service.path("spec"), Trees.name(service));
    }
    Set<String> models = new TreeSet<>();
    observed.forEach(each -> models.add(each.asText()));
    return models;
  }

  /** The names of a spec's model and adapters. */
  static Set<String> models(JsonNode spec, String otherwise) {
    Set<String> models = new TreeSet<>();
    var name = Trees.text(spec, "model", "name");
    models.add(name.isEmpty() ? otherwise : name);
    for (var adapter : Trees.list(spec, "model", "lora", "adapters")) {
      models.add(Trees.text(adapter, "name"));
    }
    return models;
  }

  private ObjectNode backend(ObjectNode service) {
    var owned = seen.ownedBy(Objects.uid(service));
    for (var kind : List.of(Kind.POOL, Kind.ALPHA_POOL)) {
      for (var pool : owned.getOrDefault(kind, List.of())) {
        return backend(kind.group(), "InferencePool", Trees.name(pool));
      }
    }
    var foreign = Trees.text(service, "spec", "router", "scheduler", "pool", "ref", "name");
    if (!foreign.isEmpty()) {
      var kind = seen.served().contains(Kind.POOL) ? Kind.POOL : Kind.ALPHA_POOL;
      return backend(kind.group(), "InferencePool", foreign);
    }
    return backend("", "Service", ChildName.of(Trees.name(service), "-kserve-workload-svc"));
  }

  private static ObjectNode backend(String group, String kind, String name) {
    return Trees.newObject()
        .put("group", group)
        .put("kind", kind)
        .put("name", name)
        .put("port", PORT);
  }
}
