package io.penstock.jmh;

import io.penstock.picker.assembly.FlowMetrics;
import io.penstock.picker.assembly.Placement;
import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.EndpointPickerLoader;
import io.penstock.picker.config.LoadedPicker;
import io.penstock.picker.flow.FlowListener;
import io.penstock.picker.flow.FlowOutcome;
import io.penstock.picker.flow.Ticket;
import io.penstock.picker.flow.Verdict;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.RequestHeaders;
import io.prometheus.client.CollectorRegistry;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
 * What flow control costs a request that does not wait: everything that the picker does for it from
 * its admission to its end, by llm-d's default profile with {@code featureGates: [flowControl]} and
 * without, over a {@link BusyPool} that is not saturated. Flow control's metrics are counted.
 *
 * <p>{@code benchmarks/bin/jmh FlowControlBench}. Expected: with it 1 KB and 1 to 4 µs more for a
 * request, of 4 µs at 8 endpoints and 70 at 1,000.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
public class FlowControlBench {

  /** Size of the pool. */
  @Param({"8", "100", "1000"})
  public int endpoints;

  /** Whether requests go through the gate. */
  @Param({"false", "true"})
  public boolean flowControl;

  private final Exclusions nothingTried = new Exclusions();
  private final Decision.Route route = new Decision.Route();
  private BusyPool pool;
  private PoolPicker picker;

  /** Fills the pool. */
  @Setup
  public void fill() {
    var observer = new FlowMetrics(new CollectorRegistry()).pool("bench");
    pool = new BusyPool(endpoints, 1, 2_048, config(), observer, 2);
    picker = pool.picker;
  }

  private EndpointPickerConfig config() {
    var yaml =
        """
        apiVersion: llm-d.ai/v1alpha1
        kind: EndpointPickerConfig
        featureGates: [flowControl=%s]
        plugins:
          - type: queue-scorer
          - type: kv-cache-utilization-scorer
          - type: prefix-cache-scorer
        schedulingProfiles:
          - name: default
            plugins:
              - {pluginRef: queue-scorer, weight: 2}
              - {pluginRef: kv-cache-utilization-scorer, weight: 2}
              - {pluginRef: prefix-cache-scorer, weight: 3}
        """
            .formatted(flowControl);
    return switch (EndpointPickerLoader.load("bench", yaml, false)) {
      case LoadedPicker.Valid(var config, var _) -> config;
      case LoadedPicker.Invalid(var errors) -> throw new IllegalStateException(errors.toString());
    };
  }

  /** One request, from its admission to its end. */
  @Benchmark
  public Placement request() {
    var request = pool.next();
    var ticket = picker.admission().admitsAtOnce(0) ? null : admit(request);
    var picked =
        picker.pick(
            request, RequestHeaders.NONE, "bench", null, route, 0, nothingTried, BusyPool.NOW);
    if (!(picked instanceof Decision.Route to)) {
      throw new IllegalStateException("no endpoint: " + picked);
    }
    var placement = picker.placements().place(request, to, to.endpoint(), 0, BusyPool.NOW);
    if (ticket != null) {
      ticket.placed();
    }
    placement.firstByte(BusyPool.NOW);
    placement.completed(8_000, 1_536, 100, BusyPool.NOW);
    if (ticket != null) {
      ticket.end(8_000, 100);
    }
    return placement;
  }

  private @Nullable Ticket admit(InferenceRequest request) {
    var verdict =
        picker
            .admission()
            .admit(
                request,
                RequestHeaders.NONE,
                0,
                null,
                BusyPool.NOW,
                0,
                Runnable::run,
                new NobodyWaits());
    return switch (verdict) {
      case Verdict.Admitted admitted -> admitted.ticket();
      case Verdict.Queued _, Verdict.Shed _ ->
          throw new IllegalStateException("the pool is saturated: " + verdict);
    };
  }

  /** Each request has one, as an exchange does. */
  private static final class NobodyWaits implements FlowListener {

    @Override
    public void admitted() {
      throw new IllegalStateException("it waited");
    }

    @Override
    public void dropped(FlowOutcome outcome) {
      throw new IllegalStateException("it waited");
    }

    @Override
    public void evicted() {
      throw new IllegalStateException("it was evicted");
    }
  }
}
