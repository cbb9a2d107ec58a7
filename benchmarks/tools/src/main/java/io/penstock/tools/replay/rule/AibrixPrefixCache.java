package io.penstock.tools.replay.rule;

import io.penstock.tools.replay.trace.TraceRequest;
import java.util.List;

/**
 * AIBrix's {@code prefix-cache} policy: when in-flight counts differ by more than 8, the least
 * loaded pod; else the best match among pods whose count is at most the mean and one standard
 * deviation, the least loaded of equal matches.
 */
final class AibrixPrefixCache implements RoutingRule {

  private static final int IMBALANCE = 8;

  /** Blocks of 512 tokens remembered for a pod; more than an engine's cache holds. */
  private static final int BLOCKS_PER_POD = 4_000;

  private final SentBlocks sent = new SentBlocks(BLOCKS_PER_POD, Integer.MAX_VALUE);

  @Override
  public int choose(TraceRequest request, PoolView pool) {
    int chosen = pick(request, pool);
    sent.send(request, chosen);
    return chosen;
  }

  private int pick(TraceRequest request, PoolView pool) {
    var counts = pool.live().stream().mapToInt(pool::inFlight).summaryStatistics();
    if (counts.getMax() - counts.getMin() > IMBALANCE) {
      return Choice.least(pool.live(), pool::inFlight, pool.random());
    }
    double mean = counts.getAverage();
    double variance =
        pool.live().stream()
            .mapToDouble(pod -> (pool.inFlight(pod) - mean) * (pool.inFlight(pod) - mean))
            .average()
            .orElseThrow();
    double most = mean + Math.sqrt(variance);
    List<Integer> allowed = pool.live().stream().filter(pod -> pool.inFlight(pod) <= most).toList();
    // A count never outweighs a block: fewer than 1,000 requests are in flight to a pod.
    return Choice.greatest(
        allowed, pod -> sent.match(request, pod) - pool.inFlight(pod) / 1e3, pool.random());
  }
}
