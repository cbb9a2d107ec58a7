package io.penstock.tools.replay.rule;

import io.penstock.tools.replay.trace.TraceRequest;
import java.util.function.IntToDoubleFunction;

/**
 * llm-d's default scorers: {@code 2·queue + 2·(1 − kvUsage) + 3·match/total}, the greatest sum,
 * ties at random. {@code queue} is 1 for the shortest engine queue of the pool, 0 for the longest,
 * linear between; 1 for all when they are equal.
 *
 * <p>The match is of the router's own record (31,250 blocks of 64 tokens a pod; at most 131,072
 * tokens of a prompt are looked at), or of the true cache: the {@code precise} variant.
 *
 * <p>This is llm-d's picker as it is, with its oversized record, its ties and its belief in old
 * metrics. The gateway's own {@code llm-d-default} differs there on purpose (decision 008), so it
 * does not stand in for it: it is replayed by a file of that configuration.
 */
final class LlmdScorers implements RoutingRule {

  private static final int BLOCKS_PER_POD = 31_250 * 64 / TraceRequest.BLOCK_TOKENS;
  private static final int MOST_BLOCKS = 131_072 / TraceRequest.BLOCK_TOKENS;

  private final boolean precise;
  private final SentBlocks sent = new SentBlocks(BLOCKS_PER_POD, MOST_BLOCKS);

  LlmdScorers(boolean precise) {
    this.precise = precise;
  }

  @Override
  public int choose(TraceRequest request, PoolView pool) {
    var queues = pool.live().stream().mapToInt(pool::waiting).summaryStatistics();
    int range = queues.getMax() - queues.getMin();
    IntToDoubleFunction score =
        pod -> {
          double queue = range == 0 ? 1 : (double) (queues.getMax() - pool.waiting(pod)) / range;
          return 2 * queue + 2 * (1 - pool.kvUsage(pod)) + 3 * match(request, pod, pool);
        };
    int chosen = Choice.greatest(pool.live(), score, pool.random());
    sent.send(request, chosen);
    return chosen;
  }

  private double match(TraceRequest request, int pod, PoolView pool) {
    if (precise) {
      return (double) pool.cachedTokens(pod) / request.promptTokens();
    }
    int total = Math.min(request.blocks(), MOST_BLOCKS);
    return (double) sent.match(request, pod) / total;
  }
}
