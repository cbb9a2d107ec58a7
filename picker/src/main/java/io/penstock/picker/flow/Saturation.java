package io.penstock.picker.flow;

import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.util.Arrays;

/**
 * How busy a pool is: the mean load of the endpoints that prefill, or of those that decode,
 * whichever is greater; of those that requests are sent to, by {@link Stages}. Owned by the gate.
 *
 * <p>The sums are kept up to date: a change at one endpoint costs O(1), asking costs O(1). {@link
 * #refresh} adds everything up anew, for what changes by time alone, and so that rounding errors do
 * not pile up.
 *
 * <p>Requests that were let go on and have not been placed yet count as load of the pool, so that
 * as many are let go as there is room for.
 */
final class Saturation {

  private final EngineSignals signals;
  private final InFlight inFlight;
  private final Stages stages;

  private Detector detector;
  private PoolSnapshot snapshot = PoolSnapshot.empty("");

  private double[] loads = new double[0];

  /** By slot: requests from here without a first token when the engine told of itself last. */
  private int[] waitingAtScrape = new int[0];

  private long[] scrapes = new long[0];
  private final double[] sums = new double[Stages.COUNT];
  private final int[] counts = new int[Stages.COUNT];
  private double unplaced;

  Saturation(EngineSignals signals, InFlight inFlight, EndpointHealth health, Detector detector) {
    this.signals = signals;
    this.inFlight = inFlight;
    this.stages = new Stages(signals, health);
    this.detector = detector;
  }

  /** The same once, for a pool that nobody follows. O(n). */
  static double of(
      Detector detector,
      PoolSnapshot snapshot,
      EngineSignals signals,
      InFlight inFlight,
      EndpointHealth health,
      long nowNanos) {
    var once = new Saturation(signals, inFlight, health, detector);
    once.pool(snapshot, nowNanos);
    return once.effective();
  }

  void detector(Detector next, long nowNanos) {
    detector = next;
    refresh(nowNanos);
  }

  Detector detector() {
    return detector;
  }

  /** The pool has changed. O(n). */
  void pool(PoolSnapshot next, long nowNanos) {
    snapshot = next;
    int bound = next.slotBound();
    if (bound > loads.length) {
      loads = new double[bound];
      waitingAtScrape = Arrays.copyOf(waitingAtScrape, bound);
      scrapes = Arrays.copyOf(scrapes, bound);
    }
    refresh(nowNanos);
  }

  /** Adds everything up anew. O(n). */
  void refresh(long nowNanos) {
    stages.refresh(snapshot, nowNanos);
    Arrays.fill(sums, 0);
    Arrays.fill(counts, 0);
    for (var endpoint : snapshot.endpoints()) {
      int slot = endpoint.slot();
      if (stages.hasAny(slot)) {
        loads[slot] = load(slot, nowNanos);
        for (int stage = 0; stage < Stages.COUNT; stage++) {
          if (stages.has(slot, stage)) {
            sums[stage] += loads[slot];
            counts[stage]++;
          }
        }
      }
    }
  }

  /** Something has changed at an endpoint. O(1). */
  void changed(int slot, long nowNanos) {
    if (!stages.hasAny(slot)) {
      return;
    }
    double load = load(slot, nowNanos);
    for (int stage = 0; stage < Stages.COUNT; stage++) {
      if (stages.has(slot, stage)) {
        sums[stage] += load - loads[slot];
      }
    }
    loads[slot] = load;
  }

  private double load(int slot, long nowNanos) {
    int waiting = Detector.waiting(inFlight, slot);
    long scraped = signals.updates(slot);
    if (scraped != scrapes[slot]) {
      scrapes[slot] = scraped;
      waitingAtScrape[slot] = waiting;
    }
    return detector.load(signals, inFlight, slot, waiting - waitingAtScrape[slot], nowNanos);
  }

  /** A request of that share was let go on, and where it goes is not known yet. */
  void letGo(double share) {
    unplaced += share;
  }

  /** It was placed, or will not be. */
  void placed(double share) {
    unplaced = Math.max(0, unplaced - share);
  }

  /** Nothing is on its way to its place: rounding errors end here. */
  void nonePending() {
    unplaced = 0;
  }

  /** Whether any endpoint takes requests. */
  boolean hasEndpoints() {
    return counts[Stages.PREFILL] > 0 || counts[Stages.DECODE] > 0;
  }

  /** Of the busier stage; 1 and more for saturated, infinite for a pool without endpoints. */
  double effective() {
    return hasEndpoints() ? Math.max(prefill(), decode()) : Double.POSITIVE_INFINITY;
  }

  double prefill() {
    return stage(Stages.PREFILL);
  }

  double decode() {
    return stage(Stages.DECODE);
  }

  private double stage(int stage) {
    return counts[stage] == 0 ? 0 : (sums[stage] + unplaced) / counts[stage];
  }

  /**
   * Endpoints whose metrics are too old to be believed, whether requests are sent there or not; 0
   * for a detector that reads none.
   */
  int stale(long nowNanos) {
    int stale = 0;
    if (detector instanceof Detector.Utilization by) {
      for (var endpoint : snapshot.endpoints()) {
        if (endpoint.accepts()
            && endpoint.spec().role() != Role.ENCODE
            && by.stale(signals, endpoint.slot(), nowNanos)) {
          stale++;
        }
      }
    }
    return stale;
  }
}
