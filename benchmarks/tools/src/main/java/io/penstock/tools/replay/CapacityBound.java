package io.penstock.tools.replay;

import io.penstock.tools.replay.trace.Trace;
import io.penstock.tools.replay.trace.TraceRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The share of prompt tokens that caches of that size could serve: requests one after the other in
 * order of arrival, no timing, each pod an LRU of K blocks, each request to the pod with the
 * longest match, where matches of at most one block count as none, and of equal matches to the pod
 * that was given the fewest uncached tokens. Not a strict bound; what affinity alone can reach.
 */
final class CapacityBound {

  private CapacityBound() {}

  /** Over the judged requests, 0 to 1. */
  static double hitShare(Trace trace, int pods, int blocksPerPod) {
    List<Lru> caches = new ArrayList<>();
    for (int i = 0; i < pods; i++) {
      caches.add(new Lru(blocksPerPod));
    }
    long[] assigned = new long[pods];
    int unjudged = Outcomes.unjudged(trace.requests().size());
    long prompt = 0;
    long cached = 0;
    for (var request : trace.requests()) {
      int best = 0;
      int longest = -1;
      for (int pod = 0; pod < pods; pod++) {
        int match = caches.get(pod).match(request);
        int counted = match <= 1 ? 0 : match;
        if (counted > longest || (counted == longest && assigned[pod] < assigned[best])) {
          best = pod;
          longest = counted;
        }
      }
      var cache = caches.get(best);
      int found = cache.match(request) * TraceRequest.BLOCK_TOKENS;
      assigned[best] += request.promptTokens() - found;
      cache.add(request);
      if (request.number() >= unjudged) {
        prompt += request.promptTokens();
        cached += found;
      }
    }
    return (double) cached / Math.max(1, prompt);
  }

  private static final class Lru extends LinkedHashMap<Integer, Boolean> {
    private final int most;

    Lru(int most) {
      super(16, 0.75f, true);
      this.most = most;
    }

    /** Cached leading blocks; never the whole prompt, whose last token is always computed. */
    int match(TraceRequest request) {
      int limit = (request.promptTokens() - 1) / TraceRequest.BLOCK_TOKENS;
      int matched = 0;
      while (matched < limit && containsKey(request.block(matched))) {
        matched++;
      }
      return matched;
    }

    /** Tail first, so that the head of a prompt is evicted last. */
    void add(TraceRequest request) {
      for (int i = request.fullBlocks() - 1; i >= 0; i--) {
        put(request.block(i), true);
      }
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<Integer, Boolean> eldest) {
      return size() > most;
    }
  }
}
