package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.GroupMember;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What a service says of the group that it shares traffic with. */
class GroupStatusTest {

  private final ConditionList conditions =
      new ConditionList(Trees.newObject(), 1, Instant.parse("2026-01-02T03:04:05Z"));

  @Test
  void every_member_is_told_of_with_its_share_and_why_it_has_none() {
    var group =
        new GroupStatus(
            "g",
            90,
            Set.of("llama"),
            List.of(
                peer("t", 10, false, "llama"),
                peer("u", 5, true, "llama"),
                peer("v", 5, false, "other")),
            true);

    group.judge("s", conditions);

    assertThat(conditions.get("GroupReady").orElseThrow())
        .isEqualTo(ConditionList.Verdict.yes("Split", "group g: s 90, t 10"));
    assertThat(conditions.get("GroupDegraded").orElseThrow())
        .isEqualTo(
            ConditionList.Verdict.yes(
                "MemberDivergence", "without a share, for other models are served: v"));
    var members = group.toTree().path("members");
    assertThat(members.at("/0/sharing").asBoolean()).isTrue();
    assertThat(members.at("/0/backendRef/name").asText()).isEqualTo("t-pool");
    assertThat(members.at("/1/stopped").asBoolean()).isTrue();
    assertThat(members.at("/1/sharing").asBoolean()).isFalse();
    assertThat(members.at("/2/sharing").asBoolean()).isFalse();
  }

  @Test
  void a_group_needs_routes() {
    new GroupStatus("g", 1, Set.of("llama"), List.of(), false).judge("s", conditions);

    var ready = conditions.get("GroupReady").orElseThrow();
    assertThat(ready.truth()).isEqualTo(ConditionList.Truth.FALSE);
    assertThat(ready.reason()).isEqualTo("GatewayAPIMissing");
    assertThat(conditions.get("GroupDegraded").orElseThrow().reason()).isEqualTo("MembersAgree");
  }

  private static Groups.Peer peer(String name, long weight, boolean stopped, String model) {
    var backend = Trees.newObject().put("kind", "InferencePool").put("name", name + "-pool");
    return new Groups.Peer(new GroupMember(name, weight, backend), stopped, true, Set.of(model));
  }
}
