package io.penstock.picker.assembly;

import io.penstock.picker.flow.BandUse;
import io.penstock.picker.flow.FlowObserver;
import io.penstock.picker.flow.FlowOutcome;
import io.penstock.picker.flow.FlowRequest;
import io.penstock.picker.flow.ProgramService;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The {@code llm_d_epp_flow_control_*} and {@code llm_d_epp_program_aware_*} metrics, of all pools
 * of a process: llm-d's names, labels and buckets; the latter also say of which pool and priority
 * they are. Thread-safe.
 *
 * <p>Labels are bounded: so many triples of flow, priority and model have series of their own in a
 * pool; what comes after is counted under {@code other}. Priorities are bounded by the objectives.
 */
public final class FlowMetrics {

  private static final int MOST_TRIPLES = 1_000;
  private static final int MOST_PROGRAMS = 1_000;
  private static final int LONGEST_NAME = 128;
  private static final String OTHER = "other";
  private static final double NANOS_PER_SECOND = 1e9;
  private static final double NANOS_PER_MILLI = 1e6;

  private static final double[] MICRO = {.0001, .0002, .0005, .001, .002, .005, .01, .02, .05, .1};
  private static final double[] WAIT = {
    .0001, .0002, .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 20, 30, 60
  };
  private static final double[] CONFIRMATION = {.001, .005, .01, .05, .1, .5, 1, 2, 5, 10};

  private static final String[] QUEUE = {
    "fairness_id", "priority", "inference_pool", "model_name", "target_model_name"
  };

  private static final String[] STAGES = {"prefill", "decode", "effective"};
  private static final String[] POOL_AND_PRIORITY = {"inference_pool", "priority"};
  private static final String[] PROGRAM = {"program_id", "inference_pool", "priority"};

  private final Histogram waits;
  private final Histogram enqueues;
  private final Histogram cycles;
  private final Gauge queueSize;
  private final Gauge queueBytes;
  private final Gauge saturation;
  private final Gauge stale;
  private final Gauge requestsShare;
  private final Gauge bytesShare;
  private final Gauge totalRequestsShare;
  private final Gauge totalBytesShare;
  private final Counter requests;
  private final Counter revocationsIssued;
  private final Counter revocations;
  private final Gauge reclaimTarget;
  private final Gauge pendingReclaim;
  private final Histogram confirmations;
  private final Gauge fairness;
  private final Gauge programWait;
  private final Gauge programService;

  /** Registers the metrics. */
  public FlowMetrics(CollectorRegistry registry) {
    waits =
        Histogram.build(name("request_queue_duration_seconds"), "From arrival to outcome.")
            .buckets(WAIT)
            .labelNames(
                "fairness_id",
                "priority",
                "outcome",
                "inference_pool",
                "model_name",
                "target_model_name")
            .register(registry);
    enqueues =
        Histogram.build(name("request_enqueue_duration_seconds"), "Taking a request in.")
            .buckets(MICRO)
            .labelNames("fairness_id", "priority", "outcome")
            .register(registry);
    cycles =
        Histogram.build(name("dispatch_cycle_duration_seconds"), "Letting go on whoever may.")
            .buckets(MICRO)
            .register(registry);
    queueSize = gauge(registry, "queue_size", "Requests that wait.", QUEUE);
    queueBytes = gauge(registry, "queue_bytes", "Bodies of requests that wait.", QUEUE);
    saturation =
        gauge(registry, "pool_saturation", "1 and more: saturated.", "inference_pool", "stage");
    stale = gauge(registry, "stale_endpoints", "Endpoints whose metrics are too old.", "detector");
    requestsShare =
        gauge(
            registry,
            "capacity_utilization_requests",
            "Used share of a band's bound of requests.",
            "priority",
            "inference_pool");
    bytesShare =
        gauge(
            registry,
            "capacity_utilization_bytes",
            "Used share of a band's bound of bytes.",
            "priority",
            "inference_pool");
    totalRequestsShare =
        gauge(
            registry,
            "global_capacity_utilization_requests",
            "Used share of the pool's bound of requests.",
            "inference_pool");
    totalBytesShare =
        gauge(
            registry,
            "global_capacity_utilization_bytes",
            "Used share of the pool's bound of bytes.",
            "inference_pool");
    requests =
        Counter.build(name("requests_total"), "Requests by what became of them.")
            .labelNames("outcome", "priority", "inference_pool")
            .register(registry);
    revocationsIssued =
        Counter.build(name("revocations_issued_total"), "Requests told to make room.")
            .labelNames("inference_pool", "priority")
            .register(registry);
    revocations =
        Counter.build(name("revocations_total"), "Requests that did, or did not in time.")
            .labelNames("inference_pool", "outcome")
            .register(registry);
    reclaimTarget =
        gauge(registry, "reclaim_target", "Saturation evictions are to free.", "inference_pool");
    pendingReclaim =
        gauge(registry, "pending_reclaim", "Saturation about to be freed.", "inference_pool");
    confirmations =
        Histogram.build(name("revocation_confirmation_seconds"), "Until it made room.")
            .buckets(CONFIRMATION)
            .labelNames("inference_pool")
            .register(registry);
    fairness = program(registry, "jains_fairness_index", "Of attained service.", POOL_AND_PRIORITY);
    programWait =
        program(registry, "avg_wait_time_milliseconds", "Of a program's requests.", PROGRAM);
    programService =
        program(registry, "attained_service_tokens", "Of a program, as it counts now.", PROGRAM);
  }

  private static Gauge program(
      CollectorRegistry registry, String name, String help, String... labels) {
    return Gauge.build("llm_d_epp_program_aware_" + name, help)
        .labelNames(labels)
        .register(registry);
  }

  private static String name(String name) {
    return "llm_d_epp_flow_control_" + name;
  }

  private static Gauge gauge(
      CollectorRegistry registry, String name, String help, String... labels) {
    return Gauge.build(name(name), help).labelNames(labels).register(registry);
  }

  /** What hears of a pool's gate. */
  public FlowObserver pool(String pool) {
    return new OfPool(pool);
  }

  /** One pool's series, found once. */
  private final class OfPool implements FlowObserver {

    private final String pool;
    private String staleBy = "";
    private int staleHere;
    private final Map<Triple, Triple> triples = new ConcurrentHashMap<>();

    /** Flows and priorities of the programs that have gauges; owned by the gate. */
    private Set<List<String>> shownPrograms = new HashSet<>();

    private Set<String> shownPriorities = new HashSet<>();

    /** Priorities of the bands that have gauges; owned by the gate. */
    private Set<String> shownBands = new HashSet<>();

    OfPool(String pool) {
      this.pool = pool;
    }

    /** A flow's labels; the priority stays, whatever else is counted under other. */
    private record Triple(String flow, int priority, String asked, String model) {}

    private Triple triple(FlowRequest request) {
      var wanted =
          new Triple(request.fairnessId(), request.priority(), request.asked(), request.model());
      var known = triples.get(wanted);
      if (known != null) {
        return known;
      }
      if (triples.size() >= MOST_TRIPLES
          || Math.max(request.asked().length(), request.model().length()) > LONGEST_NAME) {
        return new Triple(OTHER, request.priority(), OTHER, OTHER);
      }
      triples.put(wanted, wanted);
      return wanted;
    }

    private Gauge.Child of(Gauge gauge, FlowRequest request) {
      var labels = triple(request);
      return gauge.labels(
          labels.flow(), Integer.toString(labels.priority()), pool, labels.asked(), labels.model());
    }

    @Override
    public void queued(FlowRequest request) {
      of(queueSize, request).inc();
      of(queueBytes, request).inc((double) request.bytes());
    }

    @Override
    public void left(FlowRequest request) {
      of(queueSize, request).dec();
      of(queueBytes, request).dec((double) request.bytes());
    }

    @Override
    public void finished(FlowRequest request, FlowOutcome outcome, long waitNanos) {
      var labels = triple(request);
      var priority = Integer.toString(labels.priority());
      requests.labels(outcome.label(), priority, pool).inc();
      waits
          .labels(labels.flow(), priority, outcome.label(), pool, labels.asked(), labels.model())
          .observe(waitNanos / NANOS_PER_SECOND);
    }

    @Override
    public void enqueued(FlowRequest request, FlowOutcome outcome, long nanos) {
      var labels = triple(request);
      enqueues
          .labels(labels.flow(), Integer.toString(labels.priority()), outcome.label())
          .observe(nanos / NANOS_PER_SECOND);
    }

    @Override
    public void cycle(long nanos) {
      cycles.observe(nanos / NANOS_PER_SECOND);
    }

    @Override
    public void saturation(
        String detector, double prefill, double decode, double effective, int staleEndpoints) {
      saturation.labels(pool, "prefill").set(prefill);
      saturation.labels(pool, "decode").set(decode);
      saturation.labels(pool, "effective").set(effective);
      noneStale();
      stale.labels(detector).inc(staleEndpoints);
      staleBy = detector;
      staleHere = staleEndpoints;
    }

    /** The series has no pool, so it is the sum of all. */
    private void noneStale() {
      if (staleHere > 0) {
        stale.labels(staleBy).dec(staleHere);
        staleHere = 0;
      }
    }

    @Override
    public void bands(List<BandUse> bands) {
      Set<String> now = new HashSet<>();
      for (var band : bands) {
        var priority = Integer.toString(band.priority());
        now.add(priority);
        requestsShare.labels(priority, pool).set(band.requestsShare());
        bytesShare.labels(priority, pool).set(band.bytesShare());
      }
      shownBands.removeAll(now);
      for (var gone : shownBands) {
        requestsShare.remove(gone, pool);
        bytesShare.remove(gone, pool);
      }
      shownBands = now;
    }

    @Override
    public void total(double requestsPart, double bytesPart) {
      totalRequestsShare.labels(pool).set(requestsPart);
      totalBytesShare.labels(pool).set(bytesPart);
    }

    @Override
    public void programs(List<ProgramService> bands) {
      Set<List<String>> now = new HashSet<>();
      Set<String> priorities = new HashSet<>();
      for (var band : bands) {
        var priority = Integer.toString(band.priority());
        priorities.add(priority);
        fairness.labels(pool, priority).set(band.jainsIndex());
        for (var program : band.programs()) {
          if (now.size() < MOST_PROGRAMS) {
            now.add(List.of(program.flow(), priority));
            programWait
                .labels(program.flow(), pool, priority)
                .set(program.meanWaitNanos() / NANOS_PER_MILLI);
            programService.labels(program.flow(), pool, priority).set(program.tokens());
          }
        }
      }
      shownPriorities.removeAll(priorities);
      shownPriorities.forEach(priority -> fairness.remove(pool, priority));
      shownPriorities = priorities;
      shownPrograms.removeAll(now);
      for (var gone : shownPrograms) {
        programWait.remove(gone.getFirst(), pool, gone.getLast());
        programService.remove(gone.getFirst(), pool, gone.getLast());
      }
      shownPrograms = now;
    }

    @Override
    public void revoked(int beneficiary) {
      revocationsIssued.labels(pool, Integer.toString(beneficiary)).inc();
    }

    @Override
    public void revocation(boolean confirmed, long nanos) {
      revocations.labels(pool, confirmed ? "confirmed" : "timed_out").inc();
      if (confirmed) {
        confirmations.labels(pool).observe(nanos / NANOS_PER_SECOND);
      }
    }

    @Override
    public void reclaim(double target, double pending) {
      reclaimTarget.labels(pool).set(target);
      pendingReclaim.labels(pool).set(pending);
    }

    @Override
    public void off() {
      bands(List.of());
      programs(List.of());
      noneStale();
      for (var stage : STAGES) {
        saturation.remove(pool, stage);
      }
      totalRequestsShare.remove(pool);
      totalBytesShare.remove(pool);
      reclaimTarget.remove(pool);
      pendingReclaim.remove(pool);
    }
  }
}
