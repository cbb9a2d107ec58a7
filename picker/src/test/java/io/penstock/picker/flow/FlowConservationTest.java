package io.penstock.picker.flow;

import static io.penstock.picker.flow.FlowPool.SECOND;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.schedule.plugins.ConcurrencyDetector;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever happens, in whatever order, every request comes to exactly one outcome. */
class FlowConservationTest {

  private static final List<Fairness> FAIRNESS =
      List.of(
          new Fairness.GlobalStrict(),
          new Fairness.RoundRobin(),
          new Fairness.ProgramAware(0.8, 0.2, SECOND, 10 * SECOND));

  private static final List<Ordering> ORDERINGS = List.of(Ordering.values());

  private static final List<ConcurrencyDetector.Mode> MODES =
      List.of(ConcurrencyDetector.Mode.values());

  private static final List<UsageLimit> LIMITS =
      List.of(
          new UsageLimit.Fixed(1),
          new UsageLimit.Holdback(0.3, 1, true),
          new UsageLimit.SoftReflective());

  private static FlowSettings settings(SplittableRandom random) {
    var band =
        new BandSettings(
            2_000,
            1 + random.nextInt(12),
            FAIRNESS.get(random.nextInt(FAIRNESS.size())),
            ORDERINGS.get(random.nextInt(ORDERINGS.size())));
    Detector detector =
        random.nextBoolean()
            ? FlowSettings.DEFAULT_DETECTOR
            : new Detector.Concurrency(MODES.get(random.nextInt(MODES.size())), 2, 100);
    return new FlowSettings(
        random.nextInt(8) != 0,
        detector,
        random.nextBoolean() ? 0 : 3_000,
        random.nextBoolean() ? 0 : 20,
        SECOND * random.nextInt(5),
        SECOND * random.nextInt(5),
        Map.of(3, band),
        band,
        band,
        LIMITS.get(random.nextInt(LIMITS.size())),
        random.nextBoolean(),
        List.of(),
        List.of());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
  void every_request_comes_to_exactly_one_outcome(long seed) {
    var random = new SplittableRandom(seed);
    var pool = new FlowPool(settings(random), 3);
    List<FlowPool.Client> alive = new ArrayList<>();
    int came = 0;
    for (int step = 0; step < 6_000; step++) {
      switch (random.nextInt(20)) {
        case 0, 1, 2, 3, 4, 5, 6, 7 -> {
          boolean counted =
              !pool.admission.passes(0); // without the gate the usual request is not asked about
          var client =
              pool.client("r" + step)
                  .priority(counted ? random.nextInt(-3, 4) : 0)
                  .flow("flow-" + random.nextInt(4))
                  .bytes(random.nextInt(400))
                  .ttftSlo(random.nextInt(3) * 100L)
                  .come();
          came += counted ? 1 : 0;
          alive.add(client);
        }
        case 8, 9, 10, 11, 12 -> {
          if (!alive.isEmpty()) {
            alive.remove(random.nextInt(alive.size())).end(random.nextInt(100), 5);
          }
        }
        case 13, 14 -> pool.scrape(random.nextInt(3), random.nextInt(7), random.nextDouble());
        case 15, 16 -> pool.pass(SECOND / 10);
        case 17 -> {
          if (random.nextInt(20) == 0) {
            pool.removeAll();
          } else if (pool.pool.snapshot().endpoints().size() < 3) {
            pool.add(1);
          }
        }
        case 18 -> {
          if (random.nextInt(40) == 0) {
            pool.admission.settings(settings(random));
          }
        }
        default -> {
          alive.stream().filter(each -> each.evicted).forEach(FlowPool.Client::end);
          alive.removeIf(each -> each.evicted);
        }
      }
      alive.removeIf(each -> each.dropped != null);
      assertThat(pool.counts().holds()).as("step %d: %s", step, pool.counts()).isTrue();
      assertThat(pool.counts().accepted()).isEqualTo(came);
      assertThat(pool.counts().waiting())
          .as("step %d", step)
          .isEqualTo(alive.stream().filter(FlowPool.Client::waits).count());
    }
    alive.forEach(FlowPool.Client::end);
    assertThat(pool.counts().isQuiet()).as("%s", pool.counts()).isTrue();
    assertThat(pool.inFlight.total()).isZero();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void sums_that_are_kept_up_to_date_are_those_that_are_added_up_anew(long seed) {
    var random = new SplittableRandom(seed);
    var inFlight = new InFlight(1);
    var signals = new EngineSignals(Duration.ofSeconds(1));
    var pool = new FlowPool(FlowPool.utilization(), 5);
    for (var detector :
        List.of(
            FlowSettings.DEFAULT_DETECTOR,
            new Detector.Concurrency(ConcurrencyDetector.Mode.HYBRID, 10, 1_000))) {
      var kept = new Saturation(signals, inFlight, EndpointHealth.ALL_HEALTHY, detector);
      kept.pool(pool.pool.snapshot(), pool.now);
      for (int step = 0; step < 500; step++) {
        int slot = random.nextInt(5);
        if (random.nextBoolean()) {
          inFlight.add(0, slot, random.nextInt(100), 10);
        } else {
          signals.update(
              slot, FlowPool.sample(random.nextInt(9), random.nextDouble()), pool.now, SECOND);
        }
        kept.changed(slot, pool.now);
        double before = kept.effective();
        kept.refresh(pool.now);
        assertThat(before).isCloseTo(kept.effective(), within(1e-9));
      }
    }
  }

  @Test
  void loops_that_come_at_once_lose_nobody() throws Exception {
    int loops = 4;
    int requests = 5_000;
    var now = new AtomicLong(SECOND);
    var pool = new FlowPool(FlowPool.concurrency(3), 2);
    PoolSnapshot snapshot = pool.pool.snapshot();
    var inFlight = new InFlight(loops);
    var admission =
        new Admission(
            () -> snapshot,
            new EngineSignals(Duration.ofSeconds(1)),
            inFlight,
            EndpointHealth.ALL_HEALTHY,
            now::get,
            FlowObserver.NONE,
            FlowPool.concurrency(3));
    admission.pool(snapshot);
    var done = new CountDownLatch(loops * requests);
    List<ExecutorService> executors = new ArrayList<>();
    for (int loop = 0; loop < loops; loop++) {
      executors.add(Executors.newSingleThreadExecutor());
    }
    for (int loop = 0; loop < loops; loop++) {
      int column = loop;
      var executor = executors.get(loop);
      var random = new SplittableRandom(loop);
      executor.execute(
          () -> {
            for (int i = 0; i < requests; i++) {
              new Racing(admission, inFlight, column, executor, random, done).come();
            }
          });
    }
    assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
    for (var executor : executors) {
      executor.shutdown();
      assertThat(executor.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
    }
    var counts = admission.counts();
    assertThat(counts.holds()).as("%s", counts).isTrue();
    assertThat(counts.isQuiet()).as("%s", counts).isTrue();
    assertThat(counts.accepted()).isEqualTo((long) loops * requests);
    assertThat(counts.of(FlowOutcome.DISPATCHED)).isPositive();
    assertThat(counts.of(FlowOutcome.EVICTED_CANCELLED)).isPositive();
    assertThat(inFlight.total()).isZero();
  }

  /** A request whose client leaves at once, one time in three. */
  private static final class Racing implements FlowListener {

    private final Admission admission;
    private final InFlight inFlight;
    private final int column;
    private final ExecutorService loop;
    private final SplittableRandom random;
    private final CountDownLatch done;
    private @Nullable Ticket ticket;

    Racing(
        Admission admission,
        InFlight inFlight,
        int column,
        ExecutorService loop,
        SplittableRandom random,
        CountDownLatch done) {
      this.admission = admission;
      this.inFlight = inFlight;
      this.column = column;
      this.loop = loop;
      this.random = random;
      this.done = done;
    }

    void come() {
      var request = new FlowRequest(random.nextInt(3), "f" + random.nextInt(3), "m", "m", 10, 0, 0);
      switch (admission.admit(request, loop, this, random, () -> false)) {
        case Verdict.Admitted(var given) -> {
          ticket = given;
          admitted();
        }
        case Verdict.Queued(var given) -> {
          ticket = given;
          if (random.nextInt(3) == 0) {
            given.end();
            done.countDown();
          }
        }
        case Verdict.Shed(var outcome) -> done.countDown();
      }
    }

    @Override
    public void admitted() {
      var mine = ticket;
      if (mine == null) {
        throw new IllegalStateException("admitted without a ticket");
      }
      int slot = random.nextInt(2);
      var reservation = inFlight.reserve(column, slot, 1, 1);
      admission.changed(slot);
      mine.placed();
      loop.execute(
          () -> {
            reservation.end();
            admission.changed(slot);
            mine.end();
            done.countDown();
          });
    }

    @Override
    public void dropped(FlowOutcome outcome) {
      done.countDown();
    }

    @Override
    public void evicted() {}
  }
}
