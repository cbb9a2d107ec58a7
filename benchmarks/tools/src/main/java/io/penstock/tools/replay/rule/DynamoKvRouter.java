package io.penstock.tools.replay.rule;

import io.penstock.tools.replay.trace.TraceRequest;

/**
 * Dynamo's KV router with weight 1 and temperature 0: the least sum of prefill blocks (waiting ones
 * and the request's uncached ones) and active blocks (the request's included), by the true cache.
 * Its block size is a common factor and left out.
 */
final class DynamoKvRouter implements RoutingRule {

  @Override
  public int choose(TraceRequest request, PoolView pool) {
    return Choice.least(
        pool.live(),
        pod -> {
          double uncached = request.promptTokens() - pool.cachedTokens(pod);
          double active = pool.activeTokens(pod) + request.promptTokens();
          return pool.pendingPrefillTokens(pod) + uncached + active;
        },
        pool.random());
  }
}
