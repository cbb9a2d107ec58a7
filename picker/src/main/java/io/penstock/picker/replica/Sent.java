package io.penstock.picker.replica;

import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.request.PromptKeys;

/** One thing that a replica tells the others of what it sends to endpoints. Immutable. */
sealed interface Sent {

  /** Names the placement, among all that its replica has made for the pool. */
  long id();

  /**
   * Something was placed.
   *
   * @param handOverTokens tokens of a KV cache that another endpoint sends; -1: none does
   */
  record Placed(
      long id,
      EndpointId endpoint,
      int uncachedTokens,
      int contextTokens,
      int handOverTokens,
      PromptKeys keys)
      implements Sent {}

  /** Its prefill is over. */
  record FirstToken(long id) implements Sent {}

  /**
   * It has ended.
   *
   * @param unlearned whether the endpoint does not hold the prompt after all
   */
  record Ended(long id, boolean unlearned) implements Sent {}
}
