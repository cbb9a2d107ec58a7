package io.penstock.tools.replay.rule;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * What a router can know of its pods when a request comes. Pods are numbered from 0.
 *
 * <p>Counts of what this router has in flight are exact. What engines say of themselves is as old
 * as the last scrape. What their caches hold is exact and without lag: the most that KV events can
 * give.
 */
public interface PoolView {

  /** Pods that can be chosen, at least one, ascending. */
  List<Integer> live();

  /** Requests in flight from this router. */
  int inFlight(int pod);

  /**
   * Prompt tokens of requests before their first token that were not cached when they were sent.
   */
  long pendingPrefillTokens(int pod);

  /** Seconds of prefill that those take, by the engine's true rates. */
  double pendingPrefillSeconds(int pod);

  /** Prompt and so far generated tokens of all requests in flight from this router. */
  long activeTokens(int pod);

  /** Requests that waited for a place in the batch at the last scrape. */
  int waiting(int pod);

  /** Used share of the KV cache at the last scrape, 0 to 1. */
  double kvUsage(int pod);

  /** Tokens of this request's prompt that the pod's cache holds now. */
  int cachedTokens(int pod);

  /** Seconds of prefill for a prompt of which so much is cached, by the engine's true rates. */
  double prefillSeconds(int pod, int promptTokens, int cachedTokens);

  /** The only source of chance. */
  RandomGenerator random();
}
