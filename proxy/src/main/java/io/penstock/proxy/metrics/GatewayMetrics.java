package io.penstock.proxy.metrics;

import io.penstock.picker.assembly.FlowMetrics;
import io.penstock.proxy.openai.GatewayError;
import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;

/**
 * The gateway's own series, all named {@code penstock_…}. Thread-safe; counting a request touches
 * striped adders that were resolved at the start, and neither locks nor allocates.
 *
 * <p>Labels are bounded: models by {@link #knowModels}, reasons by the error catalogue, pools by
 * configuration. Of the requests for any other model there is one series, {@code _unknown}.
 */
public final class GatewayMetrics {

  /** Label of models that nobody serves. */
  public static final String UNKNOWN_MODEL = "_unknown";

  /** Kinds of files that are followed. */
  private static final List<String> FILES =
      List.of("config", "keys", "tls", "picker", "pods-ca", "rules");

  private static final double[] SECONDS = {
    0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    163.84, 327.68, 655.36, 1310.72
  };
  private static final double[] FIRST_TOKEN_SECONDS = {
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 15, 20,
    30, 45, 60, 120, 300
  };
  private static final double[] PER_TOKEN_SECONDS = {
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5
  };

  private final CollectorRegistry registry;
  private final LongAdder inFlight = new LongAdder();
  private final Counter.Child accepted;
  private final Map<GatewayError, Counter.Child> failed;
  private final Map<GatewayError, Counter.Child> rejected;
  private final Map<GatewayError, Counter.Child> retried;
  private final Counter ejections;
  private final Counter.Child connectionsAccepted;
  private final Counter.Child connectionsRefused;
  private final Gauge.Child connections;
  private final Gauge.Child bufferedBytes;
  private final Counter.Child keepAlives;
  private final Counter reloads;
  private final Counter reloadsFailed;
  private final Counter rewrites;
  private final LegMetrics legs;
  private final FlowMetrics flow;
  private final KnownModels models;

  /** Registers the series. */
  public GatewayMetrics(CollectorRegistry registry) {
    this.registry = registry;
    legs = new LegMetrics(registry);
    flow = new FlowMetrics(registry);
    accepted =
        counter("penstock_requests_accepted_total", "Requests whose head was read.").labels();
    var completed =
        counter("penstock_requests_completed_total", "Requests answered whole by a pod.", "model");
    var cancelled =
        counter("penstock_requests_client_cancelled_total", "Requests the client left.", "model");
    failed =
        byReason("penstock_requests_failed_total", "Requests that failed after a pod was chosen.");
    rejected =
        byReason("penstock_requests_rejected_total", "Requests refused before a pod was chosen.");
    retried = byReason("penstock_upstream_retries_total", "Attempts repeated on another pod.");
    gauge("penstock_requests_in_flight", "Requests accepted and not yet ended.", inFlight::sum);
    ejections = counter("penstock_endpoint_ejections_total", "Pods ejected for failing.", "pool");
    connectionsAccepted =
        counter("penstock_client_connections_accepted_total", "Client connections.").labels();
    connectionsRefused =
        counter("penstock_client_connections_refused_total", "Closed by limits.connections.")
            .labels();
    connections =
        Gauge.build("penstock_client_connections", "Open client connections.")
            .register(registry)
            .labels();
    bufferedBytes =
        Gauge.build("penstock_buffered_body_bytes", "Request bodies held in memory.")
            .register(registry)
            .labels();
    keepAlives = counter("penstock_stream_keepalives_total", "Keep-alive comments sent.").labels();
    reloads = counter("penstock_config_reload_total", "Changed files taken over.", "kind");
    reloadsFailed =
        counter("penstock_config_reload_failed_total", "Changed files refused.", "kind");
    rewrites =
        counter(
            "penstock_model_rewrites_total",
            "Requests sent to another model than they name, by rule.",
            "rewrite",
            "model");
    var tokens = counter("penstock_tokens_total", "Tokens by the pods' count.", "model", "type");
    var duration =
        histogram("penstock_request_duration_seconds", "Head read to answer ended.", SECONDS);
    var firstToken =
        histogram(
            "penstock_time_to_first_token_seconds",
            "Head read to first token of a stream.",
            FIRST_TOKEN_SECONDS);
    var perToken =
        histogram(
            "penstock_time_per_output_token_seconds",
            "Time per token after the first.",
            PER_TOKEN_SECONDS);
    models =
        new KnownModels(
            new ModelMetrics.Families(
                completed, cancelled, tokens, duration, firstToken, perToken));
    for (var kind : FILES) {
      reloads.labels(kind);
      reloadsFailed.labels(kind);
    }
  }

  /** The registry everything is in. */
  public CollectorRegistry registry() {
    return registry;
  }

  /**
   * Gives these models series of their own, as far as there is room.
   *
   * @param source who lists them, in the place of what it listed before; a few for each pool
   * @param names from configuration or from pods, not from clients
   */
  public void knowModels(String source, Collection<String> names) {
    models.list(source, names);
  }

  /** What happens to requests before they go to a pod. */
  public FlowMetrics flow() {
    return flow;
  }

  /** Gives a pool its series before anything is counted there, so that a rate sees the first. */
  public void knowPool(String name) {
    ejections.labels(name);
  }

  /** What happens to requests that are divided between two pods. */
  public LegMetrics legs() {
    return legs;
  }

  /** The series of a model, or those of all unknown ones. */
  public ModelMetrics model(String name) {
    return models.get(name);
  }

  /** The series of requests whose model is not known, or not yet. */
  public ModelMetrics unknownModel() {
    return models.unknown();
  }

  /** A request's head was read; exactly one of the next four follows. */
  public void accepted() {
    accepted.inc();
    inFlight.increment();
  }

  /** {@link Outcome#COMPLETED}. */
  public void completed(ModelMetrics model) {
    model.completed();
    inFlight.decrement();
  }

  /** {@link Outcome#CLIENT_CANCELLED}. */
  public void cancelled(ModelMetrics model) {
    model.cancelled();
    inFlight.decrement();
  }

  /** {@link Outcome#FAILED}. */
  public void failed(GatewayError reason) {
    count(failed, reason);
    inFlight.decrement();
  }

  /** {@link Outcome#REJECTED}. */
  public void rejected(GatewayError reason) {
    count(rejected, reason);
    inFlight.decrement();
  }

  /** An attempt failed and another pod is tried. */
  public void retried(GatewayError reason) {
    count(retried, reason);
  }

  /** A rule sends a request to another model than it names; both are the configuration's words. */
  public void rewritten(String rewrite, String model) {
    rewrites.labels(rewrite, model).inc();
  }

  /** A pod of the pool was ejected. */
  public void ejected(String pool) {
    ejections.labels(pool).inc();
  }

  /** A client connected. */
  public void connected() {
    connectionsAccepted.inc();
    connections.inc();
  }

  /** A client's connection closed. */
  public void disconnected() {
    connections.dec();
  }

  /** A client was turned away because there are too many connections. */
  public void refused() {
    connectionsRefused.inc();
  }

  /** Bytes of request bodies taken into memory, or, if negative, released. */
  public void buffered(long bytes) {
    bufferedBytes.inc((double) bytes);
  }

  /** A keep-alive comment was sent. */
  public void keptAlive() {
    keepAlives.inc();
  }

  /**
   * A changed file ({@code config}, {@code keys}, {@code tls}, {@code picker}, {@code pods-ca},
   * {@code rules}) was taken over, or refused.
   */
  public void reloaded(String kind, boolean taken) {
    (taken ? reloads : reloadsFailed).labels(kind).inc();
  }

  /** A gauge that is read when the page is asked for, from any thread. */
  public void gauge(String name, String help, DoubleSupplier value) {
    show(name, Collector.Type.GAUGE, help, value);
  }

  /** A gauge for each pool, read in the same way. */
  public void gaugePerPool(String name, String help, Map<String, DoubleSupplier> values) {
    var label = List.of("pool");
    new Collector() {
      @Override
      public List<MetricFamilySamples> collect() {
        List<MetricFamilySamples.Sample> samples = new ArrayList<>();
        values.forEach(
            (pool, value) ->
                samples.add(
                    new MetricFamilySamples.Sample(
                        name, label, List.of(pool), value.getAsDouble())));
        return List.of(new MetricFamilySamples(name, Type.GAUGE, help, samples));
      }
    }.register(registry);
  }

  /**
   * Counts that are kept elsewhere and only grow, read in the same way.
   *
   * @param values by the values of the labels
   */
  public void totals(
      String name, String help, List<String> labels, Map<List<String>, DoubleSupplier> values) {
    new Collector() {
      @Override
      public List<MetricFamilySamples> collect() {
        List<MetricFamilySamples.Sample> samples = new ArrayList<>();
        values.forEach(
            (each, value) ->
                samples.add(
                    new MetricFamilySamples.Sample(name, labels, each, value.getAsDouble())));
        return List.of(new MetricFamilySamples(name, Type.COUNTER, help, samples));
      }
    }.register(registry);
  }

  /** A count that is kept elsewhere and only grows, read in the same way; named {@code …_total}. */
  public void total(String name, String help, DoubleSupplier value) {
    show(name, Collector.Type.COUNTER, help, value);
  }

  private void show(String name, Collector.Type type, String help, DoubleSupplier value) {
    new Collector() {
      @Override
      public List<MetricFamilySamples> collect() {
        var sample =
            new MetricFamilySamples.Sample(name, List.of(), List.of(), value.getAsDouble());
        return List.of(new MetricFamilySamples(name, type, help, List.of(sample)));
      }
    }.register(registry);
  }

  /** The law as it stands. */
  public Conservation conservation() {
    return new Conservation(
        (long) accepted.get(),
        (long) models.completed(),
        (long) models.cancelled(),
        sum(failed),
        sum(rejected),
        inFlight.sum());
  }

  private static void count(Map<GatewayError, Counter.Child> counters, GatewayError reason) {
    var counter = counters.get(reason);
    if (counter != null) {
      counter.inc();
    }
  }

  private static long sum(Map<GatewayError, Counter.Child> counters) {
    double sum = 0;
    for (var counter : counters.values()) {
      sum += counter.get();
    }
    return (long) sum;
  }

  /** One series per entry of the catalogue, so that a dashboard sees zeros too. */
  private Map<GatewayError, Counter.Child> byReason(String name, String help) {
    var counter = counter(name, help, "reason");
    Map<GatewayError, Counter.Child> children = new EnumMap<>(GatewayError.class);
    for (var error : GatewayError.values()) {
      children.put(error, counter.labels(error.code()));
    }
    return children;
  }

  private Counter counter(String name, String help, String... labels) {
    return Counter.build(name, help).labelNames(labels).register(registry);
  }

  private Histogram histogram(String name, String help, double[] buckets) {
    return Histogram.build(name, help).labelNames("model").buckets(buckets).register(registry);
  }
}
