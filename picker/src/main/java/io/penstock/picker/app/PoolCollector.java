package io.penstock.picker.app;

import io.penstock.picker.cost.ExpectedCostPicker;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.signals.EngineSignals;
import io.prometheus.client.Collector;
import io.prometheus.client.GaugeMetricFamily;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.function.LongSupplier;

/**
 * The {@code llm_d_epp_*} metrics of pools, computed when they are asked for, over the endpoints
 * whose signals are fresh; and whether the pools' sources, of endpoints and of rules, have trouble.
 * Thread-safe.
 */
final class PoolCollector extends Collector {

  private static final String PREFIX = "llm_d_epp_";
  private static final String[] IN_FLIGHT = {
    "endpoint_name", "namespace", "producer_name", "fairness_id", "priority"
  };

  private final List<RunningPool> pools;
  private final LongSupplier nanoClock;

  PoolCollector(List<RunningPool> pools, LongSupplier nanoClock) {
    this.pools = List.copyOf(pools);
    this.nanoClock = nanoClock;
  }

  @Override
  public List<MetricFamilySamples> collect() {
    var ready = gauge("ready_endpoints", "Endpoints whose metrics are fresh.", "name");
    var queues =
        gauge(
            "per_endpoint_queue_size",
            "Requests that wait at an endpoint.",
            "name",
            "model_server_endpoint");
    var kvAverage = gauge("average_kv_cache_utilization", "Used KV cache, 0 to 1.", "name");
    var kvDeviation = gauge("std_dev_kv_cache_utilization", "Its deviation.", "name");
    var queueAverage = gauge("average_queue_size", "Waiting requests by endpoint.", "name");
    var queueDeviation = gauge("std_dev_queue_size", "Its deviation.", "name");
    var runningAverage = gauge("average_running_requests", "Running by endpoint.", "name");
    var runningDeviation = gauge("std_dev_running_requests", "Its deviation.", "name");
    var troubled =
        new GaugeMetricFamily(
            "penstock_discovery_troubled",
            "1 while a pool's source of endpoints cannot be read, so that the last known stay.",
            List.of("pool"));
    var rulesTroubled =
        new GaugeMetricFamily(
            "penstock_rules_troubled",
            "1 while a pool's rules are wrong or cannot be read, so that the last known stay.",
            List.of("pool"));
    var requests = gauge("inflight_requests", "Requests in flight from here.", IN_FLIGHT);
    var tokens = gauge("inflight_tokens", "Tokens of their contexts.", IN_FLIGHT);
    var blocks =
        gauge("prefix_indexer_size", "Blocks that are known.", "plugin_name", "plugin_type");
    for (var pool : pools) {
      var inFlight = pool.picker().inFlight().fromHere();
      for (var endpoint : pool.picker().snapshot().endpoints()) {
        var labels = List.of(endpoint.spec().name(), "", pool.name(), "", "");
        requests.addMetric(labels, inFlight.requests(endpoint.slot()));
        tokens.addMetric(labels, (double) inFlight.contextTokens(endpoint.slot()));
      }
      blocks.addMetric(
          List.of(pool.name(), ExpectedCostPicker.TYPE),
          (double) pool.picker().index().stats().entries());
    }
    for (var pool : pools) {
      var name = List.of(pool.name());
      troubled.addMetric(name, pool.problem().isEmpty() ? 0 : 1);
      rulesTroubled.addMetric(name, pool.rulesTroubled() ? 1 : 0);
      var signals = pool.picker().signals();
      var snapshot = pool.picker().snapshot();
      ready.addMetric(name, freshSlots(snapshot, signals).length);
      var slots = freshSlots(snapshot.withoutEncoders(), signals);
      for (var endpoint : snapshot.endpoints()) {
        if (signals.fresh(endpoint.slot(), nanoClock.getAsLong())) {
          queues.addMetric(
              List.of(pool.name(), endpoint.spec().name()), signals.waiting(endpoint.slot()));
        }
      }
      spread(name, slots, signals::kvUsage, kvAverage, kvDeviation);
      spread(name, slots, signals::waiting, queueAverage, queueDeviation);
      spread(name, slots, signals::running, runningAverage, runningDeviation);
    }
    return List.of(
        troubled,
        rulesTroubled,
        requests,
        tokens,
        blocks,
        ready,
        queues,
        kvAverage,
        kvDeviation,
        queueAverage,
        queueDeviation,
        runningAverage,
        runningDeviation);
  }

  private int[] freshSlots(PoolSnapshot snapshot, EngineSignals signals) {
    long now = nanoClock.getAsLong();
    return snapshot.endpoints().stream()
        .mapToInt(endpoint -> endpoint.slot())
        .filter(slot -> signals.fresh(slot, now))
        .toArray();
  }

  private static void spread(
      List<String> name,
      int[] slots,
      IntToDoubleFunction value,
      GaugeMetricFamily average,
      GaugeMetricFamily deviation) {
    double mean = 0;
    for (int slot : slots) {
      mean += value.applyAsDouble(slot) / slots.length;
    }
    double variance = 0;
    for (int slot : slots) {
      double difference = value.applyAsDouble(slot) - mean;
      variance += difference * difference / slots.length;
    }
    average.addMetric(name, mean);
    deviation.addMetric(name, Math.sqrt(variance));
  }

  private static GaugeMetricFamily gauge(String name, String help, String... labels) {
    return new GaugeMetricFamily(PREFIX + name, help, List.of(labels));
  }
}
