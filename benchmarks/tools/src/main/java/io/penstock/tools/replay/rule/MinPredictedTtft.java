package io.penstock.tools.replay.rule;

import io.penstock.tools.replay.trace.TraceRequest;
import java.util.List;

/**
 * The least predicted time to first token: pending prefill seconds and the request's own uncached
 * ones, by the true cache and the true rates. Greedy: it gives nothing for what comes after.
 */
final class MinPredictedTtft implements RoutingRule {

  @Override
  public int choose(TraceRequest request, PoolView pool) {
    return leastIn(pool.live(), request, pool);
  }

  static int leastIn(List<Integer> pods, TraceRequest request, PoolView pool) {
    return Choice.least(
        pods,
        pod ->
            pool.pendingPrefillSeconds(pod)
                + pool.prefillSeconds(pod, request.promptTokens(), pool.cachedTokens(pod)),
        pool.random());
  }
}
