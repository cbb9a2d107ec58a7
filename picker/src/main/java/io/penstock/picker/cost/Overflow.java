package io.penstock.picker.cost;

import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.schedule.plugins.RoleFilter;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import io.penstock.picker.signals.InFlightTotals;
import java.util.concurrent.TimeUnit;

/**
 * Whether endpoints that prefill for others answer too, because those that answer are full or do
 * not keep up, or those that prefill do not. Then nothing is divided any more, and all endpoints
 * are equals. Written by the control thread, read by anyone.
 *
 * <p>All measures are averages over about 10 s. Memory: what those that answer hold in their KV
 * caches, and what those will hold who wait or are computed for them, as if all were equally long
 * and shared nothing, is 1.2 times what fits. That is over when it fits, whatever the others hold
 * by then, and may begin again at once; but where computed prompts had to wait 1.5 s for those that
 * answer, only when what all endpoints hold takes 0.9 of that room, since all of it would be theirs
 * to answer. Where no capacity is known there is no overflow.
 *
 * <p>Time: computed prompts wait 3 s for those that answer, on the way or for a place, on average
 * over all requests, and more than one does; or prompts wait 15 s for those that prefill. The
 * former is, by Little's law, the number of these prompts over the rate of requests, both from
 * here, since no other replica tells its rate. Neither says when it will be better, so that is
 * tried after a minute, unless memory goes on with it, and whenever it was not, after twice as long
 * as before, at most 16 minutes; after a calm of twice the last time it is a minute again. Answers
 * that are not streamed show no first token and count for little of the wait for those that answer.
 *
 * <p>All at once and not one by one: a pool that is divided in part carries less than either whole.
 * Chosen on the first half of the conversation trace, and on long prompts and shared prefixes with
 * seeds 1 to 3.
 */
final class Overflow {

  private static final double AVERAGE_SECONDS = 10;
  private static final double FULL = 1.2;
  private static final double FITS_AGAIN = 1;
  private static final double ROOM_AGAIN = 0.9;
  private static final double SLOW_HAND_OVER_SECONDS = 1.5;
  private static final double HAND_OVER_SECONDS = 3;
  private static final double PREFILL_SECONDS = 15;
  private static final double LEAST_COMPUTED = 1;
  private static final long FIRST_NANOS = TimeUnit.MINUTES.toNanos(1);
  private static final long LONGEST_NANOS = TimeUnit.MINUTES.toNanos(16);

  private final InFlightTotals totals = new InFlightTotals();
  private final EndpointLoad load = new EndpointLoad();
  private boolean started;
  private long lastNanos;
  private double spokenFor;
  private double held;
  private double prefillSeconds;
  private double computed;
  private double perSecond;
  private boolean handOversWaited;
  private boolean trial;
  private long lastsNanos;
  private long untilNanos;
  private long endedNanos;
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
    var fromHere = inFlight.fromHere();
    int prefilling = 0;
    double waitingTokens = 0;
    double heldTokens = 0;
    double spokenForTokens = 0;
    double capacityTokens = 0;
    double computedNow = 0;
    for (var endpoint : snapshot.endpoints()) {
      int slot = endpoint.slot();
      boolean answers = endpoint.spec().role().answersAlone();
      computedNow +=
          answers
              ? fromHere.handOvers(slot)
              : -Math.max(0, fromHere.requests(slot) - fromHere.decoding(slot));
      if (!endpoint.accepts() || !RoleFilter.answersInOverflow(endpoint.spec())) {
        continue;
      }
      load.read(slot, nowNanos, totals, signals, foreign, routed.tokensPerRequest());
      double heldHere = load.kvUse * load.capacityTokens;
      heldTokens += heldHere;
      if (!answers) {
        prefilling++;
        // The one that is computed waits for nobody.
        waitingTokens += load.pendingTokens * (1 - 1 / Math.max(1, load.pendingRequests));
      } else if (load.capacityTokens > 0) {
        spokenForTokens += heldHere + load.waitingContextTokens();
        capacityTokens += load.capacityTokens;
      }
    }
    if (prefilling == 0 || capacityTokens == 0) {
      started = false;
      trial = false;
      end(nowNanos);
      return;
    }
    // What begins, or begins anew, begins empty.
    double kept = started ? Math.exp(-(nowNanos - lastNanos) / 1e9 / AVERAGE_SECONDS) : 0;
    double share = started ? 1 - kept : 0;
    started = true;
    lastNanos = nowNanos;
    spokenFor = kept * spokenFor + share * (spokenForTokens / capacityTokens);
    held = kept * held + share * (heldTokens / capacityTokens);
    double secondsNow = waitingTokens / prefilling * routed.secondsPerToken();
    prefillSeconds = kept * prefillSeconds + share * secondsNow;
    computed = kept * computed + share * Math.max(0, computedNow);
    perSecond = kept * perSecond + share * routed.perSecond();
    decide(nowNanos);
  }

  private void decide(long nowNanos) {
    handOversWaited = (active && handOversWaited) || handOversWait(SLOW_HAND_OVER_SECONDS);
    if (active && trial) {
      if (nowNanos - untilNanos >= 0) {
        trial = false;
        if (spokenFor <= FULL) {
          end(nowNanos);
        }
      }
    } else if (active) {
      if (handOversWaited ? held < ROOM_AGAIN : spokenFor < FITS_AGAIN) {
        end(nowNanos);
      }
    } else if (spokenFor > FULL) {
      active = true;
    } else if (handOversWait(HAND_OVER_SECONDS) || prefillSeconds > PREFILL_SECONDS) {
      boolean again = lastsNanos > 0 && nowNanos - endedNanos < 2 * lastsNanos;
      lastsNanos = again ? Math.min(2 * lastsNanos, LONGEST_NANOS) : FIRST_NANOS;
      untilNanos = nowNanos + lastsNanos;
      active = true;
      trial = true;
    }
  }

  private void end(long nowNanos) {
    if (active) {
      active = false;
      endedNanos = nowNanos;
    }
  }

  /** Whether computed prompts wait longer, on average over all requests. */
  private boolean handOversWait(double seconds) {
    return computed > Math.max(LEAST_COMPUTED, seconds * perSecond);
  }
}
