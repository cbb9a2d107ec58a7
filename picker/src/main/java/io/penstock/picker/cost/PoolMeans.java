package io.penstock.picker.cost;

import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;

/**
 * What the pool's endpoints are doing now, on average. The control thread averages, anyone reads.
 */
final class PoolMeans {

  private static final double ROOMY = 0.8;
  private static final double BEYOND_FULL = 1.05;

  private volatile double decoding;
  private volatile double kvUse;

  /** D̄: requests that decode on an endpoint. */
  double decoding() {
    return decoding;
  }

  /** How short KV memory is: 0 up to a use of 0.8, 1.5 at 0.95, 4 where all is used. */
  double memoryShortage() {
    double use = kvUse;
    return Math.max(0, use - ROOMY) / (BEYOND_FULL - use);
  }

  /** Averages. Of the memory of endpoints without a fresh signal nothing is known. */
  void tick(long nowNanos, PoolSnapshot snapshot, EngineSignals signals, InFlight inFlight) {
    int decodes = 0;
    int known = 0;
    double used = 0;
    for (var endpoint : snapshot.endpoints()) {
      int slot = endpoint.slot();
      int own = inFlight.decoding(slot);
      int prefilling = inFlight.requests(slot) - own;
      boolean fresh = signals.fresh(slot, nowNanos);
      decodes += fresh ? Math.max(own, signals.running(slot) - prefilling) : own;
      if (fresh) {
        known++;
        used += Math.clamp(signals.kvUsage(slot), 0, 1);
      }
    }
    decoding = (double) decodes / Math.max(1, snapshot.endpoints().size());
    kvUse = used / Math.max(1, known);
  }
}
