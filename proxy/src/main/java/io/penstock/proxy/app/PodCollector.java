package io.penstock.proxy.app;

import io.penstock.picker.assembly.PoolPicker;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.quality.ShadowStats;
import io.penstock.proxy.exchange.GatewayPool;
import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import io.prometheus.client.GaugeMetricFamily;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * The {@code penstock_pod_…}, {@code penstock_pool_…} and {@code penstock_shadow_…} series: pods
 * and pools as the picker sees them, read when the page is asked for. Thread-safe. Labels are
 * bounded by the pods of the pools; series of a pod that has left are gone.
 */
final class PodCollector extends Collector {

  private static final List<String> POD = List.of("pool", "pod");
  private static final List<String> POOL = List.of("pool");
  private static final List<String> SHADOW = List.of("pool", "policy");

  private final List<GatewayPool> pools;
  private final LongSupplier nanoClock;

  PodCollector(List<GatewayPool> pools, LongSupplier nanoClock) {
    this.pools = List.copyOf(pools);
    this.nanoClock = nanoClock;
  }

  /** A number of one pod. */
  private interface PodValue {
    double of(GatewayPool pool, Endpoint endpoint, int slot, long nowNanos);
  }

  /** A number of one pool. */
  private interface PoolValue {
    double of(PoolPicker picker);
  }

  /** A number of one pool's second policy. */
  private interface ShadowValue {
    double of(ShadowStats shadow);
  }

  @Override
  public List<MetricFamilySamples> collect() {
    List<MetricFamilySamples> families = new ArrayList<>();
    info(families);
    state(families);
    load(families);
    pool(families);
    shadow(families);
    return families;
  }

  private void info(List<MetricFamilySamples> families) {
    var info =
        new GaugeMetricFamily(
            "penstock_pod_info", "1 for each pod.", List.of("pool", "pod", "address", "role"));
    for (var pool : pools) {
      for (var endpoint : pool.picker().snapshot().endpoints()) {
        var role = endpoint.spec().role().name().toLowerCase(Locale.ROOT);
        info.addMetric(List.of(pool.name(), endpoint.spec().name(), endpoint.address(), role), 1);
      }
    }
    families.add(info);
  }

  private void state(List<MetricFamilySamples> families) {
    families.add(
        pods(
            "penstock_pod_accepting",
            "1 while a pod may get new requests as far as its source knows.",
            (pool, endpoint, slot, now) -> endpoint.accepts() ? 1 : 0));
    families.add(
        pods(
            "penstock_pod_ejected",
            "1 while a pod is ejected for failing.",
            (pool, endpoint, slot, now) -> pool.health().isEjected(slot, now) ? 1 : 0));
    families.add(
        pods(
            "penstock_pod_signals_fresh",
            "1 while a pod's own metrics are young enough to be believed.",
            (pool, endpoint, slot, now) -> pool.picker().signals().fresh(slot, now) ? 1 : 0));
  }

  private void load(List<MetricFamilySamples> families) {
    families.add(
        pods(
            "penstock_pod_requests_in_flight",
            "Requests sent from here and not ended.",
            (pool, endpoint, slot, now) -> pool.picker().inFlight().fromHere().requests(slot)));
    families.add(
        pods(
            "penstock_pod_pending_prefill_tokens",
            "Uncached prompt tokens sent from here that wait for their first token.",
            (pool, endpoint, slot, now) ->
                (double) pool.picker().inFlight().fromHere().pendingPrefillTokens(slot)));
    families.add(
        pods(
            "penstock_pod_running_requests",
            "Requests in batches, by the pod's word.",
            (pool, endpoint, slot, now) -> pool.picker().signals().running(slot)));
    families.add(
        pods(
            "penstock_pod_waiting_requests",
            "Requests that wait for a batch, by the pod's word.",
            (pool, endpoint, slot, now) -> pool.picker().signals().waiting(slot)));
    families.add(
        pods(
            "penstock_pod_kv_cache_usage_ratio",
            "Used share of the KV cache, by the pod's word.",
            (pool, endpoint, slot, now) -> pool.picker().signals().kvUsage(slot)));
    families.add(
        pods(
            "penstock_pod_kv_cache_capacity_tokens",
            "Tokens that fit into the KV cache, by the pod's word; 0: unknown.",
            (pool, endpoint, slot, now) ->
                (double) pool.picker().signals().kvCapacityTokens(slot)));
    families.add(
        pods(
            "penstock_pod_prefix_blocks",
            "Blocks of 64 bytes of prompt that the prefix index takes the pod to hold.",
            (pool, endpoint, slot, now) -> pool.picker().index().blocks(slot)));
    families.add(
        pods(
            "penstock_pod_prefix_capacity_factor",
            "Blocks the prefix index keeps of a pod for each that fits by the pod's word.",
            (pool, endpoint, slot, now) -> pool.picker().costs().capacityFactor(slot)));
    families.add(
        pods(
            "penstock_pod_prefill_factor",
            "How many times longer than the model's rates say prefills take there.",
            (pool, endpoint, slot, now) -> pool.picker().costs().prefillFactor(slot)));
  }

  private void pool(List<MetricFamilySamples> families) {
    families.add(
        gauges(
            "penstock_pool_load_ratio",
            "Seconds of prefill routed per second and pod, 0 to 0.95.",
            picker -> picker.costs().load()));
    families.add(
        gauges(
            "penstock_pool_prefix_index_blocks",
            "Blocks in the prefix index, each counted once for each pod that holds it.",
            picker -> {
              long blocks = 0;
              for (var endpoint : picker.snapshot().endpoints()) {
                blocks += picker.index().blocks(endpoint.slot());
              }
              return (double) blocks;
            }));
    families.add(
        counters(
            "penstock_pool_refused_pods_total",
            "Pods that found no slot.",
            PoolPicker::refusedEndpoints));
    families.add(
        counters(
            "penstock_pool_observations_dropped_total",
            "Observations for the cost model that came too fast to be taken in.",
            picker -> picker.costs().droppedObservations()));
  }

  private void shadow(List<MetricFamilySamples> families) {
    families.add(
        shadows(
            "penstock_shadow_sampled_total",
            "Requests on which the second policy decided too.",
            ShadowStats::sampled));
    families.add(
        shadows(
            "penstock_shadow_skipped_total",
            "Requests of its sample that came too fast.",
            ShadowStats::skipped));
    families.add(
        shadows(
            "penstock_shadow_failed_total",
            "Requests of the sample that the second policy failed on.",
            ShadowStats::failed));
    families.add(
        shadows(
            "penstock_shadow_disagreed_total",
            "Requests that the second policy would have sent elsewhere.",
            ShadowStats::disagreed));
    families.add(
        shadows(
            "penstock_shadow_compared_total",
            "Requests whose expected costs under both policies are known.",
            ShadowStats::compared));
    families.add(
        shadows(
            "penstock_shadow_live_cost_seconds_total",
            "Expected cost of what the live policy chose for these.",
            ShadowStats::liveSeconds));
    families.add(
        shadows(
            "penstock_shadow_cost_seconds_total",
            "Expected cost of what the second policy would have chosen.",
            ShadowStats::shadowSeconds));
  }

  private MetricFamilySamples pods(String name, String help, PodValue value) {
    var family = new GaugeMetricFamily(name, help, POD);
    long now = nanoClock.getAsLong();
    for (var pool : pools) {
      for (var endpoint : pool.picker().snapshot().endpoints()) {
        family.addMetric(
            List.of(pool.name(), endpoint.spec().name()),
            value.of(pool, endpoint, endpoint.slot(), now));
      }
    }
    return family;
  }

  private MetricFamilySamples gauges(String name, String help, PoolValue value) {
    var family = new GaugeMetricFamily(name, help, POOL);
    for (var pool : pools) {
      family.addMetric(List.of(pool.name()), value.of(pool.picker()));
    }
    return family;
  }

  private MetricFamilySamples counters(String name, String help, PoolValue value) {
    var family = new CounterMetricFamily(name, help, POOL);
    for (var pool : pools) {
      family.addMetric(List.of(pool.name()), value.of(pool.picker()));
    }
    return family;
  }

  private MetricFamilySamples shadows(String name, String help, ShadowValue value) {
    var family = new CounterMetricFamily(name, help, SHADOW);
    for (var pool : pools) {
      var shadow = pool.picker().shadow();
      if (shadow != null) {
        family.addMetric(List.of(pool.name(), shadow.policy()), value.of(shadow));
      }
    }
    return family;
  }
}
