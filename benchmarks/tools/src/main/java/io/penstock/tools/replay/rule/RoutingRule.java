package io.penstock.tools.replay.rule;

import io.penstock.tools.replay.trace.TraceRequest;

/** How a router chooses a pod. Stateful, one for each simulated router; confined to one thread. */
public interface RoutingRule {

  /**
   * Chooses one of the pool's live pods. The request is sent there at once, so that a rule that
   * keeps a record of what it sent makes its entry here.
   *
   * @return index of a pod of {@link PoolView#live}
   */
  int choose(TraceRequest request, PoolView pool);
}
