package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Conditions;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.GroupMember;
import io.penstock.controller.desired.TrafficPeers;
import io.penstock.controller.reconcile.ConditionList.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What a service's status says of the group that it shares traffic with.
 *
 * @param name of the group
 * @param weight the service's own share
 * @param models names of the service's own model and adapters
 * @param peers the other services of the group
 * @param split whether the cluster has HTTPRoutes, which do the splitting
 */
record GroupStatus(
    String name, long weight, Set<String> models, List<Groups.Peer> peers, boolean split) {

  GroupStatus {
    peers = List.copyOf(peers);
  }

  /** Sets the conditions that speak of the group. */
  void judge(String service, ConditionList conditions) {
    if (!split) {
      conditions.set(
          Conditions.GROUP_READY,
          Verdict.no(
              "GatewayAPIMissing",
              "splitting traffic needs HTTPRoutes; Penstock's own gateway serves this service alone"));
    } else {
      List<String> shares = new ArrayList<>(List.of(service + " " + weight));
      sharing().forEach(each -> shares.add(each.member().name() + " " + each.member().weight()));
      conditions.set(
          Conditions.GROUP_READY,
          Verdict.yes("Split", "group %s: %s".formatted(name, String.join(", ", shares))));
    }
    var divergent =
        peers.stream()
            .filter(each -> !each.models().equals(models))
            .map(each -> each.member().name())
            .collect(Collectors.joining(", "));
    conditions.set(
        Conditions.GROUP_DEGRADED,
        divergent.isEmpty()
            ? Verdict.no("MembersAgree", "every member serves the same models")
            : Verdict.yes(
                "MemberDivergence", "without a share, for other models are served: " + divergent));
  }

  private List<Groups.Peer> sharing() {
    return peers.stream().filter(each -> each.shares(models)).toList();
  }

  /**
   * Who got a share of a service's traffic when its status was written. Nobody in another group, or
   * with other models: they shared because they served the same.
   */
  static TrafficPeers peers(ObjectNode service) {
    var group = Trees.at(service, "status", "router", "group");
    Set<String> observed =
        Trees.list(group, "models").stream().map(JsonNode::asText).collect(Collectors.toSet());
    List<GroupMember> members = new ArrayList<>();
    for (var member : Trees.list(group, "members")) {
      if (member.path("sharing").asBoolean()
          && member.path("backendRef") instanceof ObjectNode backend) {
        members.add(
            new GroupMember(
                Trees.text(member, "name"), Trees.number(member, 1, "weight"), backend));
      }
    }
    return (name, models) ->
        name.equals(Trees.text(group, "name")) && models.equals(observed) ? members : List.of();
  }

  /** As {@code status.router.group} has it. */
  ObjectNode toTree() {
    var tree = Trees.newObject();
    tree.put("name", name).put("weight", weight);
    var list = tree.putArray("models");
    models.forEach(list::add);
    var members = tree.putArray("members");
    for (var peer : peers) {
      var member = members.addObject();
      member.put("name", peer.member().name()).put("weight", peer.member().weight());
      member.put("stopped", peer.stopped()).put("sharing", peer.shares(models));
      member.set("backendRef", peer.member().backend().deepCopy());
    }
    return tree;
  }
}
