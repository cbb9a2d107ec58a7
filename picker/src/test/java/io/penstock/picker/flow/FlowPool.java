package io.penstock.picker.flow;

import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.Pool;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.schedule.plugins.ConcurrencyDetector;
import io.penstock.picker.signals.EnginePage;
import io.penstock.picker.signals.EngineSample;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import io.penstock.picker.signals.Reservation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** A gate before a pool of endpoints, on a clock that tests move; everything on one thread. */
final class FlowPool {

  static final long SECOND = 1_000_000_000L;

  long now = 100 * SECOND;
  final InFlight inFlight = new InFlight(1);
  final EngineSignals signals = new EngineSignals(Duration.ofSeconds(1), this::changed);
  final Pool pool = new Pool("test");
  final Admission admission;

  /** Whether the policy refuses what may be refused. */
  boolean refuses;

  /** What is shown of flows. */
  List<ProgramService> programs = List.of();

  /** Load that is shown as too much. */
  double reclaimTarget;

  /** Names of the requests that went on, in order. */
  final List<String> wentOn = new ArrayList<>();

  private final SplittableRandom random = new SplittableRandom(42);

  FlowPool(FlowSettings settings, int endpoints) {
    admission =
        new Admission(
            pool::snapshot,
            signals,
            inFlight,
            EndpointHealth.ALL_HEALTHY,
            () -> now,
            new Shown(),
            settings);
    pool.listen((snapshot, added, removed) -> admission.pool(snapshot));
    add(endpoints);
  }

  /** The gate, by a concurrency detector with that bound for an endpoint. */
  static FlowSettings concurrency(int maxConcurrency) {
    return FlowSettings.DEFAULT.gated(
        new Detector.Concurrency(ConcurrencyDetector.Mode.REQUESTS, maxConcurrency, 1_000_000));
  }

  /** The gate is off, and only that admitter refuses. */
  static FlowSettings admitting(ProbabilisticAdmitter admitter) {
    var usual = FlowSettings.DEFAULT;
    return new FlowSettings(
        false,
        usual.detector(),
        0,
        0,
        usual.ttlNanos(),
        usual.noEndpointTtlNanos(),
        Map.of(),
        usual.defaultBand(),
        usual.defaultNegativeBand(),
        usual.limit(),
        false,
        List.of(),
        List.of(admitter));
  }

  static FlowSettings utilization() {
    return FlowSettings.DEFAULT.gated(FlowSettings.DEFAULT_DETECTOR);
  }

  private void changed(int slot) {
    admission.changed(slot);
  }

  void add(int endpoints) {
    add(endpoints, Role.BOTH);
  }

  void add(int endpoints, Role role) {
    List<EndpointSpec> specs = new ArrayList<>();
    int from = pool.snapshot().endpoints().size();
    for (int i = 0; i < endpoints; i++) {
      specs.add(EndpointSpec.of("10.0.0." + (1 + from + i), 8000, role));
    }
    pool.apply(new PoolDelta(specs, List.of()));
  }

  void removeAll() {
    pool.apply(
        new PoolDelta(
            List.of(),
            pool.snapshot().endpoints().stream().map(endpoint -> endpoint.id()).toList()));
  }

  /** An engine tells of itself. */
  void scrape(int slot, int waiting, double kvUsage) {
    signals.update(slot, sample(waiting, kvUsage), now, SECOND / 5);
  }

  /** An engine says that it sleeps, with so many requests waiting. */
  void sleep(int slot, int waiting) {
    var page = page(waiting, 0) + "vllm:engine_sleep_state{sleep_state=\"awake\"} 0\n";
    signals.update(slot, EnginePage.read(page), now, SECOND / 5);
  }

  static EngineSample sample(int waiting, double kvUsage) {
    return EnginePage.read(page(waiting, kvUsage));
  }

  /** How probable it is that the admitter refuses what may be shed. */
  double refusal(ProbabilisticAdmitter admitter) {
    return admitter.refusal(pool.snapshot(), signals, EndpointHealth.ALL_HEALTHY, now);
  }

  private static String page(int waiting, double kvUsage) {
    return "vllm:num_requests_running 0\nvllm:num_requests_waiting "
        + waiting
        + "\nvllm:kv_cache_usage_perc "
        + kvUsage
        + "\n";
  }

  void pass(long nanos) {
    now += nanos;
    admission.tick(now);
  }

  Client client(String name) {
    return new Client(name);
  }

  /** A request of priority 0 comes. */
  Client come(String name) {
    return client(name).come();
  }

  Client come(String name, int priority) {
    return client(name).priority(priority).come();
  }

  Client come(String name, int priority, String flow) {
    return client(name).priority(priority).flow(flow).come();
  }

  /** Its gate's view of who is where. */
  FlowCounts counts() {
    return admission.counts();
  }

  private final class Shown implements FlowObserver {

    @Override
    public void programs(List<ProgramService> bands) {
      programs = bands;
    }

    @Override
    public void reclaim(double target, double pending) {
      reclaimTarget = target;
    }
  }

  /** One request and its client. */
  final class Client implements FlowListener {

    final String name;
    private int priority;
    private String flow = FlowHeaders.DEFAULT_FLOW;
    private long bytes = 100;
    private long sloNanos;
    @Nullable Ticket ticket;
    @Nullable FlowOutcome dropped;
    boolean running;
    boolean evicted;
    private @Nullable Reservation reservation;

    private Client(String name) {
      this.name = name;
    }

    Client priority(int value) {
      priority = value;
      return this;
    }

    Client flow(String value) {
      flow = value;
      return this;
    }

    Client bytes(long value) {
      bytes = value;
      return this;
    }

    Client ttftSlo(long millis) {
      sloNanos = millis * 1_000_000;
      return this;
    }

    Client come() {
      var request = new FlowRequest(priority, flow, "m", "m", bytes, now, sloNanos);
      switch (admission.admit(request, Runnable::run, this, random, () -> refuses)) {
        case Verdict.Admitted(var given) -> {
          ticket = given;
          admitted();
        }
        case Verdict.Queued(var given) -> ticket = given;
        case Verdict.Shed(var outcome) -> dropped = outcome;
      }
      return this;
    }

    boolean waits() {
      return ticket != null && !running && dropped == null;
    }

    @Override
    public void admitted() {
      running = true;
      wentOn.add(name);
      int slot = leastBusy();
      if (slot >= 0) {
        reservation = inFlight.reserve(0, slot, 10, 10);
        admission.changed(slot);
      }
      if (ticket != null) {
        ticket.placed();
      }
    }

    private int leastBusy() {
      int best = -1;
      for (var endpoint : pool.snapshot().endpoints()) {
        int slot = endpoint.slot();
        if (best < 0 || inFlight.requests(slot) < inFlight.requests(best)) {
          best = slot;
        }
      }
      return best;
    }

    @Override
    public void dropped(FlowOutcome outcome) {
      dropped = outcome;
    }

    @Override
    public void evicted() {
      evicted = true;
    }

    /** Its answer is complete, or its client leaves. */
    void end() {
      end(-1, -1);
    }

    void end(int promptTokens, int completionTokens) {
      running = false;
      if (reservation != null) {
        reservation.end();
        admission.changed(reservation.slot());
      }
      if (ticket != null) {
        ticket.end(promptTokens, completionTokens);
      }
    }
  }
}
