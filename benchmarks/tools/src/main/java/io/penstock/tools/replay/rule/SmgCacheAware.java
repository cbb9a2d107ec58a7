package io.penstock.tools.replay.rule;

import io.penstock.tools.replay.trace.TraceRequest;

/**
 * SMG's {@code cache_aware} policy with its Python binding's defaults (0.3, 64, 1.5): when
 * in-flight counts differ by more than 64 <i>and</i> by more than half, the least loaded pod; else
 * the longest match if it covers more than 0.3 of the prompt; else the pod with the smallest tree.
 */
final class SmgCacheAware implements RoutingRule {

  private static final double MATCH = 0.3;
  private static final int ABSOLUTE = 64;
  private static final double RELATIVE = 1.5;

  /** A tree of 2²⁴ characters, at four to a token. */
  private static final int TREE_BLOCKS = (1 << 24) / 4 / TraceRequest.BLOCK_TOKENS;

  private final SentBlocks tree = new SentBlocks(TREE_BLOCKS, Integer.MAX_VALUE);

  @Override
  public int choose(TraceRequest request, PoolView pool) {
    int chosen = pick(request, pool);
    tree.send(request, chosen);
    return chosen;
  }

  private int pick(TraceRequest request, PoolView pool) {
    int most = pool.live().stream().mapToInt(pool::inFlight).max().orElseThrow();
    int least = pool.live().stream().mapToInt(pool::inFlight).min().orElseThrow();
    if (most - least > ABSOLUTE && most > RELATIVE * least) {
      return Choice.least(pool.live(), pool::inFlight, pool.random());
    }
    int longest = Choice.greatest(pool.live(), pod -> tree.match(request, pod), pool.random());
    if (tree.match(request, longest) > MATCH * request.blocks()) {
      return longest;
    }
    return Choice.least(pool.live(), tree::size, pool.random());
  }
}
