package io.penstock.picker.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.flow.Verdict;
import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The gauges of a pool's gate say what is, or nothing. */
class FlowGaugesTest {

  private static final String PRIORITY = "llm_d_epp_flow_control_capacity_utilization_";

  private final CollectorRegistry registry = new CollectorRegistry();
  private final TestPool pool = new TestPool(1, new FlowMetrics(registry).pool("test"));

  private static EndpointPickerConfig policy(String gate, int priority) {
    return TestPolicy.experimental(
        """
        featureGates: [%s]
        plugins: [{type: queue-scorer}, {type: program-aware-fairness}]
        schedulingProfiles: [{name: default, plugins: [{pluginRef: queue-scorer}]}]
        flowControl:
          enableEviction: true
          priorityBands: [{priority: %d, fairnessPolicyRef: program-aware-fairness}]
        """
            .formatted(gate, priority));
  }

  private List<Collector.MetricFamilySamples.Sample> gauges(String prefix) {
    return Collections.list(registry.metricFamilySamples()).stream()
        .filter(family -> family.type == Collector.Type.GAUGE)
        .flatMap(family -> family.samples.stream())
        .filter(sample -> sample.name.startsWith(prefix))
        .toList();
  }

  private void answered(int priority) {
    if (pool.admit(priority, Map.of()) instanceof Verdict.Admitted(var ticket)) {
      ticket.placed();
      ticket.end(100, 10);
    }
    pool.pass(1_000);
  }

  @Test
  void a_gate_that_is_switched_off_leaves_no_gauge_behind() {
    pool.picker.policy(policy("flowControl", 7));
    answered(7);
    assertThat(gauges(""))
        .extracting(sample -> sample.name)
        .contains(
            "llm_d_epp_flow_control_pool_saturation",
            "llm_d_epp_flow_control_capacity_utilization_requests",
            "llm_d_epp_flow_control_global_capacity_utilization_bytes",
            "llm_d_epp_program_aware_attained_service_tokens",
            "llm_d_epp_program_aware_jains_fairness_index");
    assertThat(stale()).as("an endpoint that never told of itself").isEqualTo(1);
    assertThat(pool.admit(7, Map.of())).isInstanceOf(Verdict.Admitted.class);

    pool.picker.policy(policy("", 7));
    pool.pass(1_000);

    assertThat(stale()).isZero();
    assertThat(gauges("").stream().filter(sample -> !sample.name.endsWith("stale_endpoints")))
        .filteredOn(sample -> sample.value != 0)
        .isEmpty();
    assertThat(gauges("llm_d_epp_flow_control_pool_saturation")).isEmpty();
    assertThat(gauges(PRIORITY)).isEmpty();

    pool.picker.policy(policy("flowControl", 7));
    pool.pass(1_000);
    assertThat(gauges("llm_d_epp_flow_control_pool_saturation")).hasSize(3);
    assertThat(stale()).isEqualTo(1);
  }

  @Test
  void a_band_that_is_no_more_has_no_gauge() {
    pool.picker.policy(policy("flowControl", 7));
    pool.pass(1_000);
    assertThat(priorities()).containsExactlyInAnyOrder("7", "0");

    pool.picker.policy(policy("flowControl", 5));
    pool.pass(1_000);
    assertThat(priorities()).containsExactlyInAnyOrder("5", "0");
  }

  private double stale() {
    return gauges("llm_d_epp_flow_control_stale_endpoints").stream()
        .mapToDouble(sample -> sample.value)
        .sum();
  }

  private Set<String> priorities() {
    return gauges(PRIORITY).stream()
        .map(sample -> sample.labelValues.get(sample.labelNames.indexOf("priority")))
        .collect(Collectors.toSet());
  }
}
