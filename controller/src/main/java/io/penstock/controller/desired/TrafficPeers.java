package io.penstock.controller.desired;

import java.util.List;
import java.util.Set;

/** Who takes part in a traffic group beside the service that is rendered. */
@FunctionalInterface
public interface TrafficPeers {

  /** No service but the one that is rendered. */
  TrafficPeers NONE = (group, models) -> List.of();

  /**
   * The services that get a share.
   *
   * @param group in the namespace of the service that is rendered
   * @param models names by which that one's model and adapters are asked for; who serves others is
   *     left out
   */
  List<GroupMember> of(String group, Set<String> models);
}
