package io.penstock.picker.cost;

import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.schedule.plugins.RoleFilter;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import io.penstock.picker.signals.InFlightTotals;
import java.util.concurrent.TimeUnit;

/**
 * Whether endpoints that prefill for others answer too, because both kinds are full, or those that
 * answer do not keep up. Written by the control thread, read by anyone.
 *
 * <p>Measure is what all endpoints hold for requests, over what fits into the KV caches of those
 * that answer, as an average over about 10 s. Above 1 they cannot take what is on its way to them;
 * where they use 0.7 of theirs and prompts wait 3 s at the others, both kinds are full, and memory
 * lies idle where nobody answers. Above 1.2 it is time even if nothing waits there. Then nothing is
 * divided any more, and all endpoints are equals, until the measure is below 0.9.
 *
 * <p>Also where computed prompts wait for those that answer, on the way or for a place, 3 s on
 * average over all requests: too few answer, or the links to them are full. By Little's law that is
 * the number of these prompts over the rate of requests, both averaged alike. It says nothing of
 * when it will be better, so that is tried after a minute, and whenever it was not, after twice as
 * long as before, at most 16 minutes; after a calm of twice the last time it is a minute again.
 * Answers that are not streamed show no first token and count for little of that wait.
 *
 * <p>All at once and not one by one: a pool that is divided in part carries less than either whole.
 * Chosen on the first half of the conversation trace and on long prompts with seeds 1 to 3.
 */
final class Overflow {

  private static final double AVERAGE_SECONDS = 10;
  private static final double WAIT_SECONDS = 3;
  private static final double MUCH_USED = 0.7;
  private static final double FULL = 1;
  private static final double FULL_ANYHOW = 1.2;
  private static final double ROOM_AGAIN = 0.9;
  private static final double HAND_OVER_SECONDS = 3;
  private static final double LEAST_COMPUTED = 1;
  private static final long FIRST_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(16);

  private final InFlightTotals totals = new InFlightTotals();
  private final EndpointLoad load = new EndpointLoad();
  private boolean started;
  private long lastNanos;
  private double waitSeconds;
  private double use;
  private double answeringUse;
  private double computed;
  private double perSecond;
  private boolean trial;
  private long lastsNanos;
  private long untilNanos;
  private long triedNanos;
  private volatile boolean active;

  /** Whether they answer now. */
  boolean active() {
    return active;
  }

  /**
   * Looks at the pool. Control thread.
   *
   * @param routed to the pool's endpoints by this process
   */
  void tick(
      long nowNanos,
      PoolSnapshot snapshot,
      EngineSignals signals,
      InFlight inFlight,
      ForeignLoad foreign,
      LoadPrice.Routed routed) {
    totals.take(inFlight, snapshot.slotBound());
    int prefilling = 0;
    double waiting = 0;
    double held = 0;
    double heldAnswering = 0;
    double capacity = 0;
    double computedNow = 0;
    for (var endpoint : snapshot.endpoints()) {
      int slot = endpoint.slot();
      boolean answers = endpoint.spec().role().answersAlone();
      computedNow +=
          answers
              ? inFlight.handOvers(slot)
              : -Math.max(0, totals.requests(slot) - totals.decoding(slot));
      if (!endpoint.accepts() || !RoleFilter.answersInOverflow(endpoint.spec())) {
        continue;
      }
      load.read(slot, nowNanos, totals, signals, foreign, routed.tokensPerRequest());
      double heldHere = load.kvUse * load.capacityTokens;
      held += heldHere;
      if (answers) {
        heldAnswering += heldHere;
        capacity += load.capacityTokens;
      } else {
        prefilling++;
        waiting += load.pendingTokens * routed.secondsPerToken();
      }
    }
    if (prefilling == 0 || capacity == 0) {
      started = false;
      active = false;
      trial = false;
      return;
    }
    // What begins, or begins anew, begins empty.
    double kept = started ? Math.exp(-(nowNanos - lastNanos) / 1e9 / AVERAGE_SECONDS) : 0;
    double share = started ? 1 - kept : 0;
    started = true;
    lastNanos = nowNanos;
    waitSeconds = kept * waitSeconds + share * (waiting / prefilling);
    use = kept * use + share * (held / capacity);
    answeringUse = kept * answeringUse + share * (heldAnswering / capacity);
    computed = kept * computed + share * Math.max(0, computedNow);
    perSecond = kept * perSecond + share * routed.perSecond();
    decide(nowNanos);
  }

  private void decide(long nowNanos) {
    if (active && trial && nowNanos - untilNanos >= 0) {
      trial = false;
      triedNanos = nowNanos;
      active = full();
    } else if (active && !trial) {
      active = use >= ROOM_AGAIN;
    } else if (!active && full()) {
      active = true;
    } else if (!active && computed > Math.max(LEAST_COMPUTED, HAND_OVER_SECONDS * perSecond)) {
      boolean again = lastsNanos > 0 && nowNanos - triedNanos < 2 * lastsNanos;
      lastsNanos = again ? Math.min(2 * lastsNanos, LONGEST_NANOS) : FIRST_NANOS;
      untilNanos = nowNanos + lastsNanos;
      active = true;
      trial = true;
    }
  }

  private boolean full() {
    return answeringUse > MUCH_USED && use > (waitSeconds > WAIT_SECONDS ? FULL : FULL_ANYHOW);
  }
}
