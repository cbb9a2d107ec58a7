package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.preset.ChildName;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * How a service's rules share their traffic with the group that it is in. Rules under the service's
 * own path, and those whose backends are the user's, are left as they are.
 */
final class TrafficSplit {

  private final ServiceView service;
  private final List<GroupMember> members;

  private TrafficSplit(ServiceView service, List<GroupMember> members) {
    this.service = service;
    this.members = members;
  }

  /** The split that the service asks for; empty members: none. */
  static TrafficSplit of(ServiceView service, TrafficPeers peers) {
    var group = text(service.spec(), "router", "route", "group");
    if (group.isEmpty()) {
      return new TrafficSplit(service, List.of());
    }
    List<GroupMember> members = new ArrayList<>(peers.of(group, models(service)));
    long weight = at(service.spec(), "router", "route", "weight").asLong(1);
    members.add(new GroupMember(service.name(), weight, Routes.backend(service)));
    members.sort(Comparator.comparing(GroupMember::name));
    return new TrafficSplit(service, members);
  }

  private static Set<String> models(ServiceView service) {
    Set<String> models = new LinkedHashSet<>(LoraAdapters.names(service.spec()));
    models.add(service.modelName());
    return models;
  }

  /** Gives the members of the group their shares of a rule, which may be changed. */
  void share(ObjectNode rule) {
    var backends = rule.path("backendRefs");
    if (members.isEmpty() || isOwnPath(rule) || backends.size() != 1) {
      return;
    }
    var backend = backends.path(0);
    var own = Routes.backend(service);
    boolean inference = same(backend, own);
    boolean everythingElse = same(backend, Routes.workload(service));
    if (!inference && !everythingElse) {
      return;
    }
    var shares = array();
    for (var member : members) {
      var to = inference ? member.backend().deepCopy() : workload(member);
      shares.add(to.put("weight", member.weight()));
    }
    rule.set("backendRefs", shares);
  }

  private static boolean same(JsonNode backend, JsonNode other) {
    return text(backend, "kind").equals(text(other, "kind"))
        && text(backend, "name").equals(text(other, "name"));
  }

  private static ObjectNode workload(GroupMember member) {
    return object(
        "group",
        "",
        "kind",
        "Service",
        "name",
        ChildName.of(member.name(), ServiceView.WORKLOAD_SERVICE),
        "port",
        Engine.PORT);
  }

  private boolean isOwnPath(JsonNode rule) {
    var own = "/" + service.namespace() + "/" + service.name();
    for (var match : rule.path("matches")) {
      var path = text(match, "path", "value");
      if (path.equals(own) || path.startsWith(own + "/")) {
        return true;
      }
    }
    return false;
  }
}
