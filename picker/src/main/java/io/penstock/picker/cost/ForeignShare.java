package io.penstock.picker.cost;

import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;

/**
 * Which share of the pool's requests this process did not send: 0 where it is alone, a half beside
 * a gateway like it. An average over about 30 s of what engines count beyond what is in flight from
 * here. Written by the control thread, read by anyone.
 */
final class ForeignShare {

  private static final double TIME_CONSTANT_SECONDS = 30;

  /** Samples are late: a share below this is taken for none. */
  private static final double LEAST = 0.1;

  private static final double MOST = 0.95;

  /** Fewer requests at a time, on average, say nothing. */
  private static final double LEAST_REQUESTS = 1;

  private long lastNanos;
  private boolean started;
  private double own;
  private double all;
  private volatile double share;

  /** 0, or 0.1 to 0.95. */
  double share() {
    return share;
  }

  /** Looks at the pool's fresh endpoints. Control thread. */
  void tick(long nowNanos, PoolSnapshot snapshot, EngineSignals signals, InFlight inFlight) {
    int sent = 0;
    int counted = 0;
    for (var endpoint : snapshot.endpoints()) {
      int slot = endpoint.slot();
      if (signals.fresh(slot, nowNanos)) {
        sent += inFlight.requests(slot);
        counted += signals.running(slot) + signals.waiting(slot);
      }
    }
    double seconds = started ? (nowNanos - lastNanos) / 1e9 : 0;
    started = true;
    lastNanos = nowNanos;
    double gain = 1 - Math.exp(-Math.max(0, seconds) / TIME_CONSTANT_SECONDS);
    own += gain * (sent - own);
    all += gain * (counted - all);
    double beyond = all >= LEAST_REQUESTS ? 1 - own / all : 0;
    share = beyond < LEAST ? 0 : Math.min(beyond, MOST);
  }
}
