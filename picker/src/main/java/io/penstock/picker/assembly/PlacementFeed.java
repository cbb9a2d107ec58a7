package io.penstock.picker.assembly;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.signals.ReservationListener;

/**
 * Hears what is placed at a pool's endpoints, so that others can be told. Called on the event loop
 * that places; must neither block nor throw.
 */
@FunctionalInterface
public interface PlacementFeed {

  /** Nobody else has to know. */
  PlacementFeed NONE = (endpoint, uncached, context, handOver, keys) -> Told.NOBODY;

  /**
   * Something was placed.
   *
   * @param uncachedTokens prompt tokens that the endpoint must prefill, not negative
   * @param contextTokens tokens that the request will hold in the KV cache, not negative
   * @param handOverTokens tokens of a KV cache that another endpoint sends; -1: none does
   * @param keys of the prompt, which the endpoint will hold; none where that is not sure
   * @return hears on the same event loop what becomes of it
   */
  Told placed(
      Endpoint endpoint,
      int uncachedTokens,
      int contextTokens,
      int handOverTokens,
      PromptKeys keys);

  /** Hears what becomes of one placement. */
  interface Told extends ReservationListener {

    /** Nobody. */
    Told NOBODY =
        new Told() {
          @Override
          public void firstToken() {}

          @Override
          public void ended() {}

          @Override
          public void unlearned() {}
        };

    /** The endpoint does not hold the prompt after all; at most once, and before the end. */
    void unlearned();
  }
}
