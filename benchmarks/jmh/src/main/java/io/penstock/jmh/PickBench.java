package io.penstock.jmh;

import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.cost.CostWeights;
import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.cost.ExpectedCostPicker;
import io.penstock.picker.flow.FlowObserver;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.Profile;
import io.penstock.picker.schedule.ProfileHandler;
import io.penstock.picker.schedule.RequestHeaders;
import io.penstock.picker.schedule.Scheduler;
import io.penstock.picker.schedule.SchedulingContext;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One pick by expected cost or by llm-d's default profile, end to end, over a {@link BusyPool}: the
 * decision is kept for {@code /debug/decisions}, and the answer fills the caller's route.
 *
 * <p>{@code benchmarks/bin/jmh PickBench -p endpoints=1000}. Expected: 30 to 45 µs at 1,000
 * endpoints (bar 50), 1 µs at 8, twice that on a slow day of a shared machine; 0 B for each pick,
 * and up to 6 of the measurement's own.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class PickBench {

  private static final String LLM_D = EndpointPickerConfig.LLM_D_DEFAULT;

  /** Size of the pool. */
  @Param({"8", "100", "1000", "10000"})
  public int endpoints;

  /** Event loops, each with in-flight counts of its own that a pick sums. */
  @Param("1")
  public int loops;

  /** Decision records kept, 0 for none. */
  @Param("2048")
  public int decisions = 2_048;

  /** What decides: a built-in policy's name. */
  @Param({"expected-cost", "llm-d-default"})
  public String policy = "expected-cost";

  private final Exclusions nothingTried = new Exclusions();
  private final Decision.Route route = new Decision.Route();
  private BusyPool pool;
  private PoolPicker picker;
  private Scheduler scheduler;
  private SchedulingContext context;

  /** Fills the pool. */
  @Setup
  public void fill() {
    pool =
        new BusyPool(
            endpoints,
            loops,
            decisions,
            policy.equals(LLM_D) ? EndpointPickerConfig.llmdDefault() : null,
            FlowObserver.NONE,
            8);
    picker = pool.picker;
    var profiles =
        policy.equals(LLM_D)
            ? EndpointPickerConfig.llmdDefault()
                .policy(picker.costs(), DisaggregationPolicy.DEFAULT)
                .profiles()
            : List.of(
                new Profile(
                    "default",
                    List.of(),
                    List.of(),
                    new ExpectedCostPicker(picker.costs(), CostWeights.DEFAULT)));
    scheduler = new Scheduler(new Ranked(), profiles, picker.costs(), Set.of(Prompts.MODEL));
    context = scheduler.context(picker.signals(), picker.inFlight(), picker.index(), pool.random);
  }

  /** One decision. */
  @Benchmark
  public Decision pick() {
    return picker.pick(
        pool.next(), RequestHeaders.NONE, "bench", null, route, 0, nothingTried, BusyPool.NOW);
  }

  /** One ranking: match, filters, scores and the order of the best, without the answer. */
  @Benchmark
  public Decision rank() {
    return scheduler.schedule(
        context.begin(1, pool.next(), picker.snapshot(), nothingTried, BusyPool.NOW));
  }

  /** Runs the one profile and makes nothing of it. */
  private static final class Ranked implements ProfileHandler {

    private static final Decision DONE = new Decision.NoEndpoint(Decision.Reason.FILTERED);

    @Override
    public String type() {
      return "ranked";
    }

    @Override
    public int next(SchedulingContext context) {
      return context.result(0) == null ? 0 : -1;
    }

    @Override
    public Decision decide(SchedulingContext context) {
      return DONE;
    }
  }
}
