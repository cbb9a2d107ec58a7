package io.penstock.picker.schedule;

/**
 * What passive observation says of each endpoint; implemented by whoever sends the requests.
 * Thread-safe: asked by every event loop, for every candidate of every request.
 */
public interface EndpointHealth {

  /** Nothing is ever ejected. */
  EndpointHealth ALL_HEALTHY =
      new EndpointHealth() {
        @Override
        public boolean routable(int slot, long nowNanos) {
          return true;
        }

        @Override
        public double weight(int slot, long nowNanos) {
          return 1;
        }

        @Override
        public void forget(int slot) {
          // Nothing is known of any slot.
        }
      };

  /** Whether the endpoint may get requests; false while it is ejected. */
  boolean routable(int slot, long nowNanos);

  /**
   * The share of its usual requests that a routable endpoint should get, 0 to 1: below 1 while it
   * returns from an ejection.
   */
  double weight(int slot, long nowNanos);

  /** The slot gets another owner, who inherits nothing. Called by the pool's control thread. */
  void forget(int slot);
}
