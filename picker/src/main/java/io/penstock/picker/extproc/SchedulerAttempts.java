package io.penstock.picker.extproc;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointSpec;
import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Decisions by the endpoint they named, {@code llm_d_epp_scheduler_attempts_total}. Series of an
 * endpoint that is in no pool any more are gone when the page is next read; at most {@value
 * #MOST_SERIES} are kept between two readings, what comes after is counted under {@code other}.
 * Thread-safe.
 */
final class SchedulerAttempts extends Collector {

  static final int MOST_SERIES = 10_000;

  private static final List<String> LABELS =
      List.of("status", "target_model_name", "endpoint_name", "namespace", "port");
  private static final Named OTHER = new Named("other", "");

  private final Map<Key, LongAdder> counts = new ConcurrentHashMap<>();
  private volatile @Nullable Supplier<? extends Collection<Endpoint>> present;

  /** An endpoint as the labels name it. */
  private record Named(String name, String port) {
    static Named of(EndpointSpec spec) {
      return new Named(spec.name(), Integer.toString(spec.port()));
    }
  }

  /** A series; that of failures has no endpoint. */
  private record Key(String model, @Nullable Named endpoint) {}

  /** Whose series stay: the endpoints of every pool. */
  void present(Supplier<? extends Collection<Endpoint>> endpoints) {
    present = endpoints;
  }

  /** A decision for an endpoint. */
  void routed(String model, EndpointSpec spec) {
    var key = new Key(model, Named.of(spec));
    var count = counts.get(key);
    if (count == null) {
      count = counter(counts.size() < MOST_SERIES ? key : new Key(model, OTHER));
    }
    count.increment();
  }

  /** A decision for none. */
  void failed(String model) {
    counter(new Key(model, null)).increment();
  }

  private LongAdder counter(Key key) {
    return counts.computeIfAbsent(key, fresh -> new LongAdder());
  }

  @Override
  public List<MetricFamilySamples> collect() {
    forgetTheGone();
    var family = new CounterMetricFamily("llm_d_epp_scheduler_attempts", "Decisions.", LABELS);
    counts.forEach((key, count) -> family.addMetric(labels(key), (double) count.sum()));
    return List.of(family);
  }

  private void forgetTheGone() {
    var source = present;
    if (source == null) {
      return;
    }
    var named =
        source.get().stream().map(each -> Named.of(each.spec())).collect(Collectors.toSet());
    counts.keySet().removeIf(key -> !stays(key.endpoint(), named));
  }

  private static boolean stays(@Nullable Named endpoint, Collection<Named> present) {
    return endpoint == null || endpoint.equals(OTHER) || present.contains(endpoint);
  }

  private static List<String> labels(Key key) {
    var endpoint = key.endpoint();
    return endpoint == null
        ? List.of("failure", key.model(), "", "", "")
        : List.of("success", key.model(), endpoint.name(), "", endpoint.port());
  }
}
