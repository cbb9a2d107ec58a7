package io.penstock.simulator.kv;

/**
 * What became of the blocks that a pod held for others, and of those it asked for. Immutable.
 *
 * @param pinned prompts whose blocks are held now
 * @param handedOut prompts whose blocks were ever held for another pod
 * @param read of these, read by a decode pod
 * @param released of these, given up unread because the decode was aborted
 * @param expired of these, given up because nobody came within the lease, or because another prompt
 *     took their id
 * @param doubleReads reads of blocks that had been read or given up
 * @param wrongTargets reads that named another engine, an unknown request or another prompt
 * @param tokensReceived tokens whose KV cache this pod got from others
 * @param failedReads reads that this pod began and that failed
 */
public record KvStats(
    int pinned,
    long handedOut,
    long read,
    long released,
    long expired,
    long doubleReads,
    long wrongTargets,
    long tokensReceived,
    long failedReads) {

  /** Of a pod that shares nothing. */
  public static final KvStats NONE = new KvStats(0, 0, 0, 0, 0, 0, 0, 0, 0);

  /** Whether nothing is held and nothing went wrong that a gateway could have prevented. */
  public boolean isClean() {
    return pinned == 0 && expired == 0 && doubleReads == 0 && wrongTargets == 0;
  }
}
