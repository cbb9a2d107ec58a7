package io.penstock.jmh;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.assembly.PoolPickerConfig;
import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.cost.CostWeights;
import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.cost.ExpectedCostPicker;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.KeyGrid;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.Profile;
import io.penstock.picker.schedule.ProfileHandler;
import io.penstock.picker.schedule.RequestHeaders;
import io.penstock.picker.schedule.Scheduler;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.signals.EngineSample;
import io.penstock.picker.signals.MetricsPageScanner;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
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
 * One pick by expected cost or by llm-d's default profile, end to end: prompts of 8k tokens (125
 * blocks, 24 of them a system prompt that many endpoints hold), fresh signals, 4 requests in flight
 * at each endpoint, 4 conversations held by each, the decision kept for {@code /debug/decisions}.
 *
 * <p>{@code benchmarks/bin/jmh PickBench -p endpoints=1000}. Expected: 30 µs at 1,000 endpoints
 * (bar 50), 1 µs at 8; 0.6 to 0.9 KB for each pick, nearly all of it the decision record.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class PickBench {

  private static final int SYSTEM_PROMPTS = 4;
  private static final int SYSTEM_BLOCKS = 24;
  private static final int BLOCKS = 125;
  private static final int HELD_KEYS = KeyGrid.keys(119);
  private static final int CONVERSATIONS_EACH = 4;
  private static final int IN_FLIGHT = 4;
  private static final int MAX_REQUESTS = 4_096;
  private static final long SECOND = 1_000_000_000;
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
  private PoolPicker picker;
  private Scheduler scheduler;
  private SchedulingContext context;
  private InferenceRequest[] requests;
  private int next;

  /** Fills the pool. */
  @Setup
  public void fill() {
    picker =
        PoolPicker.builder(
                PoolPickerConfig.of("bench", Set.of(Prompts.MODEL), 1).withDecisions(decisions),
                loops)
            .withoutThread()
            .policy(policy.equals(LLM_D) ? EndpointPickerConfig.llmdDefault() : null)
            .time(() -> SECOND, InstantSource.fixed(Instant.EPOCH))
            .build();
    List<EndpointSpec> specs = new ArrayList<>();
    for (int i = 0; i < endpoints; i++) {
      specs.add(EndpointSpec.of("10.0." + i / 250 + "." + (1 + i % 250), 8000, Role.BOTH));
    }
    picker.apply(new PoolDelta(specs, List.of()));
    var random = new SplittableRandom(1);
    int conversations = CONVERSATIONS_EACH * endpoints;
    requests = new InferenceRequest[Math.min(conversations, MAX_REQUESTS)];
    for (int i = 0; i < conversations; i++) {
      var request = Prompts.conversation(i % SYSTEM_PROMPTS, SYSTEM_BLOCKS, i, BLOCKS);
      picker.index().learn(random.nextInt(endpoints), request.keys().array(), HELD_KEYS);
      if (i < requests.length) {
        requests[i] = request;
      }
    }
    load(random);
    picker.tick(SECOND);
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
    context = scheduler.context(picker.signals(), picker.inFlight(), picker.index(), random);
  }

  private void load(SplittableRandom random) {
    var scanner = new MetricsPageScanner(1 << 20);
    var sample = new EngineSample();
    for (var endpoint : picker.snapshot().endpoints()) {
      byte[] page = Prompts.metrics(random.nextInt(8), random.nextDouble()).getBytes(US_ASCII);
      scanner.begin();
      scanner.feed(page, 0, page.length);
      scanner.finish(sample);
      picker.signals().update(endpoint.slot(), sample, SECOND, SECOND);
      for (int i = 0; i < IN_FLIGHT; i++) {
        int uncached = random.nextInt(4_000);
        picker.inFlight().add(i % loops, endpoint.slot(), uncached, 8_000);
        if (i % 2 == 0) {
          picker.inFlight().firstToken(i % loops, endpoint.slot(), uncached);
        }
      }
    }
  }

  /** One decision. */
  @Benchmark
  public Decision pick() {
    next = next + 1 == requests.length ? 0 : next + 1;
    return picker.pick(
        requests[next], RequestHeaders.NONE, "bench", null, route, 0, nothingTried, SECOND);
  }

  /** One ranking: match, filters, scores and the order of the best, without the answer. */
  @Benchmark
  public Decision rank() {
    next = next + 1 == requests.length ? 0 : next + 1;
    return scheduler.schedule(
        context.begin(1, requests[next], picker.snapshot(), nothingTried, SECOND));
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
