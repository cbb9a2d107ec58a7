package io.penstock.picker.extproc;

import io.penstock.picker.cost.ExpectedCostPicker;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.schedule.Decision;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * The {@code llm_d_epp_*} metrics of requests and streams: llm-d's names, labels and buckets, so
 * that boards and autoscalers made for its picker read this one too. Thread-safe.
 *
 * <p>Labels are bounded: so many triples of model, fairness id and priority have series of their
 * own, models that an endpoint lists apart from those that only clients name; what comes after is
 * counted under {@code other}.
 */
public final class EppMetrics {

  private static final int LISTED_PAIRS = 1_000;
  private static final int UNLISTED_PAIRS = 100;
  private static final int LONGEST_NAME = 128;
  private static final String OTHER = "other";

  private static final String[] REQUEST = {
    "model_name", "target_model_name", "fairness_id", "priority"
  };

  private static final String[] PLUGIN = {"plugin_name", "plugin_type"};

  private static final double[] LATENCY = {
    .005, .025, .05, .1, .2, .4, .6, .8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
    120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600
  };
  private static final double[] MICRO = {.0001, .0002, .0005, .001, .002, .005, .01, .02, .05, .1};
  private static final double[] REQUEST_BYTES = powers(64, 25);
  private static final double[] RESPONSE_BYTES = {
    1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32778, 65536
  };
  private static final double[] INPUT_TOKENS = {
    1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32778, 65536, 131072, 262144,
    524288, 1048576
  };
  private static final double[] OUTPUT_TOKENS = {
    1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192
  };
  private static final double[] NTPOT = {.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10};
  private static final double[] TTFT = {
    .005, .025, .05, .1, .2, .4, .6, .8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60, 120
  };
  private static final double[] TPOT = {
    .0005, .00205, .005, .01, .02, .04, .06, .08, .1, .125, .15, .2, .3, .4, .5, .6, .8, 1, 1.5, 2
  };
  private static final double[] ITL = {
    .001, .002, .005, .01, .02, .03, .04, .05, .06, .08, .1, .125, .15, .2, .3, .4, .5, .75, 1, 2
  };
  private static final double[] REQUEST_PROCESSING = {
    .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10
  };
  private static final double[] RESPONSE_PROCESSING = {
    .0001, .0002, .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5
  };
  private static final double[] STREAM_SECONDS = {
    .001, .005, .01, .05, .1, .5, 1, 5, 10, 30, 60, 120, 300, 600
  };

  private static final double[] RATIO = {0, .1, .2, .3, .4, .5, .6, .7, .8, .9, 1};
  private static final double[] HIT_BYTES = {
    0, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536
  };
  private static final int BYTES_PER_TOKEN = 4;

  private final Counter requests;
  private final Counter errors;
  private final Histogram duration;
  private final Histogram requestBytes;
  private final Histogram responseBytes;
  private final Histogram inputTokens;
  private final Histogram cachedTokens;
  private final Histogram outputTokens;
  private final Gauge running;
  private final Histogram ntpot;
  private final Histogram ttft;
  private final Histogram tpot;
  private final Histogram itl;
  private final SchedulerAttempts attempts = new SchedulerAttempts();
  private final Counter divisions;
  private final Histogram.Child hitRatio;
  private final Histogram.Child hitBytes;
  private final Histogram.Child scheduling;
  private final Histogram.Child requestProcessing;
  private final Histogram.Child responseProcessing;
  private final Gauge.Child streams;
  private final Histogram.Child streamSeconds;
  private final Counter streamEnds;

  private final Map<String, RequestSeries> listed = new ConcurrentHashMap<>();
  private final Map<String, RequestSeries> unlisted = new ConcurrentHashMap<>();
  private final RequestSeries other;
  private final Counter rewrites;

  /** Registers the metrics. */
  public EppMetrics(CollectorRegistry registry) {
    divisions =
        counter(
            registry,
            "disagg_decision_total",
            "Decisions in pools with prefill endpoints.",
            with(with(PLUGIN, "model_name"), "decision_type"));
    requests = counter(registry, "request_total", "Requests received.", REQUEST);
    errors =
        counter(
            registry,
            "request_error_total",
            "Requests that failed, by whom or what.",
            with(REQUEST, "error_code"));
    duration = histogram(registry, "request_duration_seconds", "Whole request.", LATENCY, REQUEST);
    requestBytes =
        histogram(registry, "request_size_bytes", "Request body.", REQUEST_BYTES, REQUEST);
    responseBytes =
        histogram(registry, "response_size_bytes", "Response body.", RESPONSE_BYTES, REQUEST);
    inputTokens =
        histogram(registry, "request_input_tokens", "Prompt tokens.", INPUT_TOKENS, REQUEST);
    cachedTokens =
        histogram(
            registry,
            "request_cached_tokens",
            "Prompt tokens found cached.",
            INPUT_TOKENS,
            REQUEST);
    outputTokens =
        histogram(registry, "request_output_tokens", "Generated tokens.", OUTPUT_TOKENS, REQUEST);
    running = gauge(registry, "request_running", "Requests in flight.", REQUEST);
    ntpot =
        histogram(
            registry, "request_ntpot_seconds", "Whole time by generated token.", NTPOT, REQUEST);
    ttft =
        histogram(
            registry,
            "request_ttft_seconds",
            "From the request's headers to the first piece of the response's body.",
            TTFT,
            with(REQUEST, "streaming"));
    tpot =
        histogram(
            registry,
            "request_streaming_tpot_seconds",
            "Time by generated token after the first.",
            TPOT,
            REQUEST);
    itl =
        histogram(
            registry,
            "request_streaming_itl_seconds",
            "Between two pieces of a streamed response's body.",
            ITL,
            REQUEST);
    registry.register(attempts);
    hitRatio =
        histogram(
                registry,
                "prefix_indexer_hit_ratio",
                "Share of a prompt believed to be cached where it was sent.",
                RATIO,
                PLUGIN)
            .labels(ExpectedCostPicker.TYPE, ExpectedCostPicker.TYPE);
    hitBytes =
        histogram(
                registry,
                "prefix_indexer_hit_bytes",
                "The same in bytes of prompt, four to a token.",
                HIT_BYTES,
                PLUGIN)
            .labels(ExpectedCostPicker.TYPE, ExpectedCostPicker.TYPE);
    scheduling =
        histogram(registry, "scheduler_e2e_duration_seconds", "One decision.", MICRO).labels();
    requestProcessing =
        histogram(
                registry,
                "request_processing_duration_seconds",
                "From the request's headers to the reply.",
                REQUEST_PROCESSING)
            .labels();
    responseProcessing =
        histogram(
                registry,
                "response_processing_duration_seconds",
                "Work on one message of a response.",
                RESPONSE_PROCESSING)
            .labels();
    streams = gauge(registry, "extproc_streams_inflight", "Open ext-proc streams.").labels();
    streamSeconds =
        histogram(registry, "extproc_stream_duration_seconds", "Life of a stream.", STREAM_SECONDS)
            .labels();
    streamEnds = counter(registry, "extproc_streams_total", "Ended streams.", "code");
    other = series(OTHER, OTHER, OTHER, 0);
    rewrites =
        counter(
            registry,
            "model_rewrite_decisions_total",
            "Requests sent to another model than they name, by rule.",
            "model_rewrite_name",
            "model_name",
            "target_model");
  }

  /** Whose series stay: the endpoints of every pool; without this those of all that ever were. */
  void endpoints(Supplier<? extends Collection<Endpoint>> present) {
    attempts.present(present);
  }

  /**
   * The series of a request.
   *
   * @param model as the client named it; empty where the request names none
   * @param target what the engine is asked for
   * @param known whether an endpoint lists the model and rules name it
   * @param flow that it belongs to
   * @param priority that of the request's objective
   */
  RequestSeries request(String model, String target, boolean known, String flow, int priority) {
    var pairs = known ? listed : unlisted;
    var key =
        model.equals(target) && priority == 0
            ? model + '\n' + flow
            : model + '\n' + target + '\n' + flow + '\n' + priority;
    var found = pairs.get(key);
    if (found != null) {
      return found;
    }
    int most = known ? LISTED_PAIRS : UNLISTED_PAIRS;
    if (pairs.size() >= most || Math.max(model.length(), target.length()) > LONGEST_NAME) {
      return other;
    }
    return pairs.computeIfAbsent(key, pair -> series(model, target, flow, priority));
  }

  private RequestSeries series(String model, String target, String flow, int priority) {
    String[] labels = {model, target, flow, Integer.toString(priority)};
    return new RequestSeries(
        List.of(labels),
        errors,
        requests.labels(labels),
        duration.labels(labels),
        requestBytes.labels(labels),
        responseBytes.labels(labels),
        inputTokens.labels(labels),
        cachedTokens.labels(labels),
        outputTokens.labels(labels),
        running.labels(labels),
        ntpot.labels(labels),
        ttft.labels(with(labels, "false")),
        ttft.labels(with(labels, "true")),
        tpot.labels(labels),
        itl.labels(labels));
  }

  /**
   * A rule sends a request to another model than it names. A model that the client alone names, of
   * a rule for every model, is counted under {@code other}.
   */
  void rewritten(String rewrite, String model, boolean named, String target) {
    rewrites.labels(rewrite, named ? model : OTHER, target).inc();
  }

  /** A decision for an endpoint. */
  void routed(String model, Decision.Route route, double seconds) {
    scheduling.observe(seconds);
    attempts.routed(model, route.endpoint().spec());
    if (route.promptTokens() > 0) {
      hitRatio.observe((double) route.cachedTokens() / route.promptTokens());
      hitBytes.observe(BYTES_PER_TOKEN * route.cachedTokens());
    }
  }

  /** A decision where dividing the request was a question to a handler of that type. */
  void divided(String handler, String model, boolean prefillApart, boolean encodeApart) {
    var type = (encodeApart ? "encode-" : "") + (prefillApart ? "prefill-decode" : "decode");
    divisions.labels(handler, handler, model, type.equals("decode") ? "decode-only" : type).inc();
  }

  /** A decision that found none. */
  void notRouted(String model, double seconds) {
    scheduling.observe(seconds);
    attempts.failed(model);
  }

  /** The reply to a request went out. */
  void requestProcessed(double seconds) {
    requestProcessing.observe(seconds);
  }

  /** A message of a response was handled. */
  void responseProcessed(double seconds) {
    responseProcessing.observe(seconds);
  }

  /** A stream began. */
  void streamOpened() {
    streams.inc();
  }

  /** A stream ended, with a gRPC code. */
  void streamClosed(String code, double seconds) {
    streams.dec();
    streamSeconds.observe(seconds);
    streamEnds.labels(code).inc();
  }

  private static Counter counter(
      CollectorRegistry registry, String name, String help, String... labels) {
    return Counter.build("llm_d_epp_" + name, help).labelNames(labels).register(registry);
  }

  private static Gauge gauge(
      CollectorRegistry registry, String name, String help, String... labels) {
    return Gauge.build("llm_d_epp_" + name, help).labelNames(labels).register(registry);
  }

  private static Histogram histogram(
      CollectorRegistry registry, String name, String help, double[] buckets, String... labels) {
    return Histogram.build("llm_d_epp_" + name, help)
        .buckets(buckets)
        .labelNames(labels)
        .register(registry);
  }

  private static String[] with(String[] labels, String more) {
    var all = new String[labels.length + 1];
    System.arraycopy(labels, 0, all, 0, labels.length);
    all[labels.length] = more;
    return all;
  }

  private static double[] powers(double first, int count) {
    var bounds = new double[count];
    for (int i = 0; i < count; i++) {
      bounds[i] = first * (1L << i);
    }
    return bounds;
  }
}
