package io.penstock.tools.replay.rule;

import io.penstock.tools.replay.trace.TraceRequest;

/** Fewest requests in flight, over all pods; ties at random. */
final class LeastRequest implements RoutingRule {

  @Override
  public int choose(TraceRequest request, PoolView pool) {
    return Choice.least(pool.live(), pool::inFlight, pool.random());
  }
}
