package io.penstock.picker.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.flow.BandUse;
import io.penstock.picker.flow.FlowOutcome;
import io.penstock.picker.flow.FlowRequest;
import io.penstock.picker.flow.ProgramService;
import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

/** llm-d's names and labels, and never more series than there is room for. */
class FlowMetricsTest {

  private final CollectorRegistry registry = new CollectorRegistry();
  private final FlowMetrics metrics = new FlowMetrics(registry);

  private static FlowRequest request(String flow, int priority, String model) {
    return new FlowRequest(priority, flow, model, model, 100, 0, 0);
  }

  private List<Collector.MetricFamilySamples.Sample> samples(String name) {
    return Collections.list(registry.metricFamilySamples()).stream()
        .flatMap(family -> family.samples.stream())
        .filter(sample -> sample.name.equals("llm_d_epp_flow_control_" + name))
        .toList();
  }

  private double value(String name) {
    return samples(name).stream().mapToDouble(sample -> sample.value).sum();
  }

  @Test
  void stale_endpoints_are_those_of_all_pools() {
    var pool = metrics.pool("pool");
    pool.saturation("utilization-detector", 0, 0, 0, 3);
    metrics.pool("other").saturation("utilization-detector", 0, 0, 0, 2);
    assertThat(value("stale_endpoints")).isEqualTo(5);

    pool.saturation("utilization-detector", 0, 0, 0, 1);
    assertThat(value("stale_endpoints")).isEqualTo(3);

    pool.saturation("concurrency-detector", 0, 0, 0, 0);
    assertThat(value("stale_endpoints")).isEqualTo(2);
  }

  @Test
  void a_request_that_waits_is_in_its_queue_until_it_leaves() {
    var pool = metrics.pool("pool");
    var request = request("team", 5, "tiny");
    pool.queued(request);
    assertThat(samples("queue_size"))
        .singleElement()
        .satisfies(
            sample -> {
              assertThat(sample.labelNames)
                  .containsExactly(
                      "fairness_id",
                      "priority",
                      "inference_pool",
                      "model_name",
                      "target_model_name");
              assertThat(sample.labelValues).containsExactly("team", "5", "pool", "tiny", "tiny");
              assertThat(sample.value).isEqualTo(1);
            });
    assertThat(value("queue_bytes")).isEqualTo(100);

    pool.left(request);
    pool.finished(request, FlowOutcome.EVICTED_TTL, 2_000_000_000);
    assertThat(value("queue_size")).isZero();
    assertThat(value("queue_bytes")).isZero();
    assertThat(value("request_queue_duration_seconds_sum")).isEqualTo(2);
    assertThat(samples("requests_total"))
        .singleElement()
        .satisfies(
            sample -> assertThat(sample.labelValues).containsExactly("EvictedTTL", "5", "pool"));
  }

  @Test
  void a_request_whose_model_is_rewritten_has_both_names() {
    metrics.pool("pool").queued(new FlowRequest(0, "team", "asked", "target", 100, 0, 0));

    assertThat(samples("queue_size"))
        .singleElement()
        .satisfies(
            sample ->
                assertThat(sample.labelValues)
                    .containsExactly("team", "0", "pool", "asked", "target"));
  }

  @Test
  void flows_without_end_make_no_series_without_end() {
    var pool = metrics.pool("pool");
    for (int i = 0; i < 5_000; i++) {
      var request = request("flow-" + i, i % 2, "x".repeat(i % 200));
      pool.queued(request);
      pool.enqueued(request, FlowOutcome.DISPATCHED, 1_000);
      pool.finished(request, FlowOutcome.DISPATCHED, 1_000);
    }
    assertThat(samples("queue_size")).hasSizeLessThanOrEqualTo(1_002);
    assertThat(value("queue_size")).isEqualTo(5_000);
    assertThat(value("request_queue_duration_seconds_count")).isEqualTo(5_000);
    assertThat(value("requests_total")).isEqualTo(5_000);
  }

  @Test
  void programs_have_gauges_as_long_as_they_are_remembered() {
    var pool = metrics.pool("pool");
    var had = new ProgramService.Program("a", 2e9, 300);
    pool.programs(
        List.of(new ProgramService(7, List.of(had, new ProgramService.Program("b", 0, 100)))));
    assertThat(program("attained_service_tokens", "a")).isEqualTo(300);
    assertThat(program("attained_service_tokens", "b")).isEqualTo(100);
    assertThat(program("avg_wait_time_milliseconds", "a")).isEqualTo(2_000);
    assertThat(fairness()).isEqualTo(0.8);

    pool.programs(List.of(new ProgramService(7, List.of(had))));
    assertThat(program("attained_service_tokens", "b")).isNull();
    assertThat(program("avg_wait_time_milliseconds", "b")).isNull();
    assertThat(fairness()).isEqualTo(1);

    pool.programs(List.of());
    assertThat(program("attained_service_tokens", "a")).isNull();
    assertThat(fairness()).isNull();
  }

  private Double program(String name, String flow) {
    return registry.getSampleValue(
        "llm_d_epp_program_aware_" + name,
        new String[] {"program_id", "inference_pool", "priority"},
        new String[] {flow, "pool", "7"});
  }

  private Double fairness() {
    return registry.getSampleValue(
        "llm_d_epp_program_aware_jains_fairness_index",
        new String[] {"inference_pool", "priority"},
        new String[] {"pool", "7"});
  }

  @Test
  void gauges_are_of_their_pool() {
    metrics.pool("a").saturation("concurrency-detector", 0.25, 0.5, 0.5, 3);
    metrics.pool("b").saturation("concurrency-detector", 1, 2, 2, 0);
    assertThat(samples("pool_saturation")).hasSize(6);
    assertThat(
            registry.getSampleValue(
                "llm_d_epp_flow_control_pool_saturation",
                new String[] {"inference_pool", "stage"},
                new String[] {"a", "effective"}))
        .isEqualTo(0.5);
    var pool = metrics.pool("a");
    pool.bands(List.of(new BandUse(7, 0.5, 0.25)));
    pool.total(0.1, 0.2);
    pool.revoked(7);
    pool.revocation(true, 1_000_000);
    pool.revocation(false, 10_000_000_000L);
    pool.reclaim(0.3, 0.1);
    assertThat(value("capacity_utilization_requests")).isEqualTo(0.5);
    assertThat(value("capacity_utilization_bytes")).isEqualTo(0.25);
    assertThat(value("global_capacity_utilization_requests")).isEqualTo(0.1);
    assertThat(value("global_capacity_utilization_bytes")).isEqualTo(0.2);
    assertThat(value("revocations_issued_total")).isEqualTo(1);
    assertThat(value("revocations_total")).isEqualTo(2);
    assertThat(value("revocation_confirmation_seconds_count")).isEqualTo(1);
    assertThat(value("reclaim_target")).isEqualTo(0.3);
    assertThat(value("pending_reclaim")).isEqualTo(0.1);
  }
}
