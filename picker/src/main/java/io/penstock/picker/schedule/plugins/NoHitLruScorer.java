package io.penstock.picker.schedule.plugins;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Spreads requests that no endpoint holds anything of. Where any candidate holds a block, 0.5 for
 * all. Otherwise the candidates in the order in which they last got such a request, those that
 * never did first and in pool order: {@code 1 − place/(n − 1)}, and 1 for a single one.
 *
 * <p>Remembers the last turn of each slot, whoever owns it. Shared by all event loops without a
 * lock: turns are given by one counter, a turn that two loops write at once is one of the two. A
 * cold request sorts its n candidates.
 */
public final class NoHitLruScorer implements Scorer {

  /** Type in configuration. */
  public static final String TYPE = "no-hit-lru-scorer";

  private static final double NEUTRAL = 0.5;
  private static final int INDEX_BITS = 14;
  private static final long INDEX_MASK = (1 << INDEX_BITS) - 1;

  private final PrefixMatch match;
  private final int remembered;
  private final AtomicLong turns = new AtomicLong();
  private final AtomicLongArray lastTurn = new AtomicLongArray(Endpoint.MAX_SLOTS);

  /**
   * A scorer.
   *
   * @param remembered endpoints whose last turn counts, the newest, at least 1
   */
  public NoHitLruScorer(PrefixMatch match, int remembered) {
    this.match = match;
    this.remembered = remembered;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    int count = candidates.count();
    if (!cold(candidates)) {
      Arrays.fill(scores, 0, count, NEUTRAL);
      return;
    }
    if (count == 1) {
      scores[0] = 1;
      return;
    }
    var order = context.longs(count);
    for (int i = 0; i < count; i++) {
      order[i] = (lastTurn.getOpaque(candidates.slot(i)) << INDEX_BITS) | i;
    }
    Arrays.sort(order, 0, count);
    forgetOldest(order, count);
    for (int place = 0; place < count; place++) {
      scores[(int) (order[place] & INDEX_MASK)] = 1 - place / (count - 1.0);
    }
  }

  /** Turns beyond those that are remembered count as none. */
  private void forgetOldest(long[] order, int count) {
    int kept = Math.max(0, count - remembered);
    boolean any = false;
    for (int place = 0; place < kept; place++) {
      any |= (order[place] >>> INDEX_BITS) != 0;
      order[place] &= INDEX_MASK;
    }
    if (any) {
      Arrays.sort(order, 0, kept);
    }
  }

  private boolean cold(Candidates candidates) {
    for (int i = 0; i < candidates.count(); i++) {
      if (match.matched(candidates, i) > 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void picked(SchedulingContext context, Candidates candidates) {
    if (cold(candidates)) {
      lastTurn.setOpaque(candidates.slot(candidates.ranked(0)), turns.incrementAndGet());
    }
  }
}
