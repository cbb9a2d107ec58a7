package io.penstock.tools.replay.rule;

import io.penstock.tools.replay.trace.TraceRequest;

/** Pods in turn. */
final class RoundRobin implements RoutingRule {

  private int turn;

  @Override
  public int choose(TraceRequest request, PoolView pool) {
    return pool.live().get(turn++ % pool.live().size());
  }
}
