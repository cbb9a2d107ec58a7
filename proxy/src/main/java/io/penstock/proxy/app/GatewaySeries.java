package io.penstock.proxy.app;

import io.penstock.picker.quality.PoolQuality;
import io.penstock.picker.quality.QualityCollector;
import io.penstock.picker.schedule.Weighing;
import io.penstock.proxy.exchange.LoopContext;
import io.penstock.proxy.metrics.GatewayMetrics;
import io.penstock.proxy.upstream.UpstreamPool;
import io.prometheus.client.hotspot.BufferPoolsExports;
import io.prometheus.client.hotspot.GarbageCollectorExports;
import io.prometheus.client.hotspot.MemoryPoolsExports;
import io.prometheus.client.hotspot.StandardExports;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.ToLongFunction;

/**
 * The series of the metrics page that no request counts: they are read from the process, its
 * connections, its pools and their discovery when the page is asked for. Thread-safe: what they
 * read is.
 */
final class GatewaySeries {

  private final GatewayMetrics metrics;
  private final List<PoolRuntime> pools;
  private final List<LoopContext> contexts;
  private final LongSupplier nanoClock;

  private GatewaySeries(
      GatewayMetrics metrics,
      List<PoolRuntime> pools,
      List<LoopContext> contexts,
      LongSupplier nanoClock) {
    this.metrics = metrics;
    this.pools = List.copyOf(pools);
    this.contexts = List.copyOf(contexts);
    this.nanoClock = nanoClock;
  }

  /** Adds them to the page. */
  static void show(
      GatewayMetrics metrics,
      List<PoolRuntime> pools,
      List<LoopContext> contexts,
      LongSupplier nanoClock) {
    var series = new GatewaySeries(metrics, pools, contexts, nanoClock);
    series.process();
    series.upstream();
    series.discovery();
    series.divisions();
    series.pools();
  }

  /** Memory, collections, threads' time and files of the process. */
  private void process() {
    var registry = metrics.registry();
    new StandardExports().register(registry);
    new MemoryPoolsExports().register(registry);
    new BufferPoolsExports().register(registry);
    new GarbageCollectorExports().register(registry);
  }

  private void upstream() {
    metrics.gauge(
        "penstock_upstream_connections",
        "Open connections to pods.",
        () -> upstream(UpstreamPool::openCount));
    metrics.total(
        "penstock_upstream_connections_created_total",
        "Connections made to pods.",
        () -> upstream(UpstreamPool::createdCount));
    metrics.total(
        "penstock_upstream_connections_reused_total",
        "Requests sent on a connection that was there.",
        () -> upstream(UpstreamPool::reusedCount));
    metrics.total(
        "penstock_upstream_connect_failures_total",
        "Connections to pods that could not be made.",
        () -> upstream(UpstreamPool::connectFailureCount));
  }

  private double upstream(ToLongFunction<UpstreamPool> count) {
    return contexts.stream().mapToLong(each -> count.applyAsLong(each.upstream())).sum();
  }

  private void discovery() {
    Map<String, DoubleSupplier> troubled = new LinkedHashMap<>();
    Map<String, DoubleSupplier> rulesTroubled = new LinkedHashMap<>();
    for (var pool : pools) {
      troubled.put(pool.pool().name(), () -> pool.problem().isEmpty() ? 0 : 1);
      rulesTroubled.put(pool.pool().name(), () -> pool.rulesProblem().isEmpty() ? 0 : 1);
    }
    metrics.gaugePerPool(
        "penstock_discovery_troubled",
        "1 while a pool's source of endpoints cannot be read, so that the last known stay.",
        troubled);
    metrics.gaugePerPool(
        "penstock_rules_troubled",
        "1 while a pool's rules are wrong or cannot be read, so that the last known stay.",
        rulesTroubled);
  }

  private void divisions() {
    Map<List<String>, DoubleSupplier> counts = new LinkedHashMap<>();
    for (var pool : pools) {
      var counted = pool.pool().picker().disaggregation();
      for (var reason : Weighing.Reason.values()) {
        var label = reason.name().toLowerCase(Locale.ROOT);
        counts.put(
            List.of(pool.pool().name(), "one_pod", label), () -> counted.count(false, reason));
        if (reason == Weighing.Reason.COST
            || reason == Weighing.Reason.ALWAYS
            || reason == Weighing.Reason.DECIDER) {
          counts.put(
              List.of(pool.pool().name(), "two_pods", label), () -> counted.count(true, reason));
        }
      }
    }
    metrics.totals(
        "penstock_disaggregation_decisions_total",
        "Decisions where another pod could compute the prompt: who answers does, or another.",
        List.of("pool", "decision", "reason"),
        counts);
  }

  private void pools() {
    new PodCollector(pools.stream().map(PoolRuntime::pool).toList(), nanoClock)
        .register(metrics.registry());
    Map<String, PoolQuality> qualities = new LinkedHashMap<>();
    pools.forEach(each -> qualities.put(each.pool().name(), each.pool().picker().quality()));
    new QualityCollector(qualities).register(metrics.registry());
  }
}
