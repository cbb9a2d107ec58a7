package io.penstock.tools.replay.rule;

import io.penstock.tools.replay.trace.TraceRequest;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which blocks a router has sent to which pod: an approximate picture of the caches, each pod's
 * blocks bounded and the least lately sent forgotten first. Confined to one thread.
 */
final class SentBlocks {

  private final int blocksPerPod;
  private final int mostBlocks;
  private final Map<Integer, Lru> pods = new HashMap<>();

  /**
   * Nothing was sent.
   *
   * @param blocksPerPod blocks of 512 tokens that are remembered for each pod
   * @param mostBlocks leading blocks of a prompt that are looked at
   */
  SentBlocks(int blocksPerPod, int mostBlocks) {
    this.blocksPerPod = blocksPerPod;
    this.mostBlocks = mostBlocks;
  }

  /** Leading blocks of the prompt that were sent to that pod. */
  int match(TraceRequest request, int pod) {
    var sent = of(pod);
    int most = Math.min(request.blocks(), mostBlocks);
    int matched = 0;
    while (matched < most && sent.containsKey(request.block(matched))) {
      matched++;
    }
    return matched;
  }

  /** The prompt goes there now. */
  void send(TraceRequest request, int pod) {
    var sent = of(pod);
    for (int i = 0; i < Math.min(request.blocks(), mostBlocks); i++) {
      sent.put(request.block(i), true);
    }
  }

  /** Blocks that are remembered for the pod. */
  int size(int pod) {
    return of(pod).size();
  }

  private Lru of(int pod) {
    return pods.computeIfAbsent(pod, _ -> new Lru(blocksPerPod));
  }

  private static final class Lru extends LinkedHashMap<Integer, Boolean> {
    private final int most;

    Lru(int most) {
      super(16, 0.75f, true);
      this.most = most;
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<Integer, Boolean> eldest) {
      return size() > most;
    }
  }
}
