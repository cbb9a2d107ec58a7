package io.penstock.picker.assembly;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.prefix.MatchScratch;
import io.penstock.picker.quality.ShadowStats;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.Moment;
import io.penstock.picker.schedule.RequestHeaders;
import io.penstock.picker.schedule.Scheduler;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a second policy decide on a sample of the requests. Event loops only keep what their decision
 * saw; the control thread decides, some moments later, and changes nothing that the live policy
 * reads: the second policy has plugins, counters and chance of its own.
 */
final class Shadow {

  private static final Logger LOG = LoggerFactory.getLogger(Shadow.class);

  /** Kept moments of one loop; a tick of 100 ms takes in as many. */
  private static final int MOMENTS = 32;

  private final ShadowPolicy policy;
  private final ShadowStats stats;
  private final Scheduler scheduler;

  /** Its one profile has an expected-cost picker. */
  private final Scheduler judge;

  private final SchedulingContext context;
  private final SchedulingContext judging;
  private final List<Sample> samples;
  private long skipped;

  /**
   * A shadow.
   *
   * @param schedulers makes that of the policy, and one that tells expected costs
   * @param columns number of event loops that call {@link #decided}
   * @param seed its chance is its own, so that the live policy decides as it would without it
   */
  Shadow(ShadowPolicy policy, Schedulers schedulers, PoolState state, int columns, long seed) {
    var chance = new SplittableRandom(~seed);
    List<Sample> made = new ArrayList<>();
    for (int column = 0; column < columns; column++) {
      var random = chance.split();
      made.add(new Sample(state.index().scratch(random), random));
    }
    this.samples = List.copyOf(made);
    this.policy = policy;
    this.stats = new ShadowStats(policy.name(), policy.sample());
    var random = chance.split();
    this.scheduler = schedulers.of(policy.config());
    this.judge = schedulers.judge();
    this.context = state.context(scheduler, random);
    this.judging = state.context(judge, random);
  }

  ShadowStats stats() {
    return stats;
  }

  /** May keep what a decision saw. On the column's event loop, before anything is reserved. */
  void decided(int column, SchedulingContext live, RequestHeaders headers, Decision decision) {
    var sample = samples.get(column);
    if (!(decision instanceof Decision.NoEndpoint)
        && sample.random.nextDouble() < policy.sample()) {
      sample.keep(live, headers, decision);
    }
  }

  /** Decides on what was kept since the last call. Control thread. */
  void takeIn() {
    long lost = 0;
    for (var sample : samples) {
      sample.drain(this::tryToDecide);
      lost += sample.skipped.getOpaque();
    }
    stats.skip(lost - skipped);
    skipped = lost;
  }

  /** A policy that fails on one request has that counted; the other requests and the tick go on. */
  private void tryToDecide(Moment moment) {
    try {
      decide(moment);
    } catch (RuntimeException e) {
      if (stats.failed() == 0) {
        LOG.warn("second policy {}: it fails; this is told once, then counted", policy.name(), e);
      }
      stats.fail();
    }
  }

  private void decide(Moment moment) {
    var live = moment.decision();
    var other = scheduler.schedule(context.recall(moment, new Exclusions()));
    stats.decided(live, other);
    if (live instanceof Decision.Route one && other instanceof Decision.Route two) {
      var cost = new Costs(moment, one.endpoint(), two.endpoint());
      if (cost.known()) {
        stats.costs(cost.of(one.endpoint()), cost.of(two.endpoint()));
      }
    }
  }

  /** Expected costs of two endpoints at a moment. */
  private final class Costs {
    private final boolean known;

    Costs(Moment moment, Endpoint one, Endpoint two) {
      var only =
          Exclusions.outside(
              endpoint -> endpoint.id().equals(one.id()) || endpoint.id().equals(two.id()));
      this.known = !(judge.schedule(judging.recall(moment, only)) instanceof Decision.NoEndpoint);
    }

    boolean known() {
      return known;
    }

    double of(Endpoint endpoint) {
      var run = judging.result(0);
      if (run == null) {
        throw new IllegalStateException("the judge did not run");
      }
      int place = 0;
      while (!run.endpoint(run.ranked(place)).id().equals(endpoint.id())) {
        place++;
      }
      return judging.costSeconds(run, place);
    }
  }

  /** What one loop keeps: a ring with one writer and one reader that owns its moments. */
  private static final class Sample {
    final RandomGenerator random;
    final AtomicLong skipped = new AtomicLong();
    private final MatchScratch scratch;
    private final Moment[] moments = new Moment[MOMENTS];
    private final AtomicLong written = new AtomicLong();
    private final AtomicLong taken = new AtomicLong();

    Sample(MatchScratch scratch, RandomGenerator random) {
      this.scratch = scratch;
      this.random = random;
      for (int i = 0; i < MOMENTS; i++) {
        moments[i] = new Moment();
      }
    }

    void keep(SchedulingContext live, RequestHeaders headers, Decision decision) {
      long at = written.getPlain();
      if (at - taken.getAcquire() == MOMENTS) {
        skipped.setOpaque(skipped.getPlain() + 1);
        return;
      }
      moments[(int) (at % MOMENTS)].keep(live, headers, decision, scratch);
      written.setRelease(at + 1);
    }

    void drain(Consumer<Moment> to) {
      long end = written.getAcquire();
      for (long at = taken.getPlain(); at < end; at++) {
        var moment = moments[(int) (at % MOMENTS)];
        try {
          to.accept(moment);
        } finally {
          // One that cannot be decided on is not tried again.
          moment.clear();
          taken.setRelease(at + 1);
        }
      }
    }
  }
}
