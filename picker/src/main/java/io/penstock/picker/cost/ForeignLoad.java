package io.penstock.picker.cost;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * How many requests wait at each endpoint that this process did not send: other gateways' and
 * direct clients'. Written by the control thread, read by anyone; one value per slot.
 *
 * <p>The engine's waiting count is as old as its last sample, our own count is not; what the engine
 * says beyond our own is believed only as far as two samples in a row say so. Else every burst of
 * our own would be seen twice, once as in-flight and once as the engine's queue of a moment ago.
 */
final class ForeignLoad {

  private final AtomicIntegerArray waiting = new AtomicIntegerArray(Endpoint.MAX_SLOTS);
  private final int[] lastExcess = new int[Endpoint.MAX_SLOTS];
  private final long[] lastUpdates = new long[Endpoint.MAX_SLOTS];

  /** Requests of others that wait there, as long as the endpoint's signals are fresh. */
  int waiting(int slot) {
    return waiting.getOpaque(slot);
  }

  /** Looks at one endpoint; does nothing until it has a new sample. Control thread. */
  void observe(int slot, EngineSignals signals, InFlight inFlight) {
    long updates = signals.updates(slot);
    if (updates == lastUpdates[slot]) {
      return;
    }
    lastUpdates[slot] = updates;
    int own = Math.max(0, inFlight.requests(slot) - inFlight.decoding(slot));
    int excess = Math.max(0, signals.waiting(slot) - own);
    waiting.setOpaque(slot, Math.min(excess, lastExcess[slot]));
    lastExcess[slot] = excess;
  }

  /** Forgets the slot, for its next owner. Control thread. */
  void reset(int slot) {
    waiting.setOpaque(slot, 0);
    lastExcess[slot] = 0;
    lastUpdates[slot] = 0;
  }
}
