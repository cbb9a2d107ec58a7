package io.penstock.picker.flow;

import java.util.List;

/**
 * Hears what happens at a gate, for metrics. Called by whoever works for the gate at that moment,
 * one call after the other; {@link #finished} of requests that are shed without a gate comes from
 * any event loop.
 */
public interface FlowObserver {

  /** Nobody listens. */
  FlowObserver NONE = new FlowObserver() {};

  /** A request begins to wait. */
  default void queued(FlowRequest request) {}

  /** A request that waited does so no longer. */
  default void left(FlowRequest request) {}

  /** What became of a request, after so long a wait. */
  default void finished(FlowRequest request, FlowOutcome outcome, long waitNanos) {}

  /** How long a request took to be taken in or refused. */
  default void enqueued(FlowRequest request, FlowOutcome outcome, long nanos) {}

  /** How long it took to let go on whoever may. */
  default void cycle(long nanos) {}

  /** How busy the pool is, from time to time. */
  default void saturation(
      String detector, double prefill, double decode, double effective, int staleEndpoints) {}

  /** How full bands are, from time to time; all that is to be shown of them. */
  default void bands(List<BandUse> bands) {}

  /** How full all bands are together; 0 without a bound. */
  default void total(double requestsShare, double bytesShare) {}

  /** What flows have had, by band, from time to time; all that is to be shown of them. */
  default void programs(List<ProgramService> bands) {}

  /** A request in flight was told to make room for one of that priority. */
  default void revoked(int beneficiary) {}

  /** It did, or never said so. */
  default void revocation(boolean confirmed, long nanos) {}

  /** Saturation that is to be freed by those that were told, and that is on its way to be. */
  default void reclaim(double target, double pending) {}

  /** The gate was switched off: what was told from time to time is no longer so. */
  default void off() {}
}
