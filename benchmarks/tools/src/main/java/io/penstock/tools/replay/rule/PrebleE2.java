package io.penstock.tools.replay.rule;

import io.penstock.tools.replay.trace.TraceRequest;
import java.util.List;

/**
 * Preble's E2 rule: where more of the prompt is cached than is not, exploit: the pod with the
 * longest match, the least loaded of equals; else explore: the least sum of pending prefill seconds
 * and the request's own. By the true cache and the true rates.
 */
final class PrebleE2 implements RoutingRule {

  @Override
  public int choose(TraceRequest request, PoolView pool) {
    int longest = pool.live().stream().mapToInt(pool::cachedTokens).max().orElseThrow();
    List<Integer> pods = pool.live();
    if (longest > request.promptTokens() - longest) {
      pods = pods.stream().filter(pod -> pool.cachedTokens(pod) == longest).toList();
    }
    return MinPredictedTtft.leastIn(pods, request, pool);
  }
}
