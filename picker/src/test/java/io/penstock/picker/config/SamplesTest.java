package io.penstock.picker.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.cost.CostModel;
import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.cost.ModelRates;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Configurations of the kinds that llm-d's users run load, and their plugins can be made. */
class SamplesTest {

  /** Every type of plugin that llm-d's picker knows. */
  private static final String TYPES =
      """
      max-score-picker random-picker weighted-random-picker
      queue-scorer running-requests-size-scorer kv-cache-utilization-scorer load-aware-scorer
      lora-affinity-scorer prefix-cache-scorer precise-prefix-cache-scorer no-hit-lru-scorer
      active-request-scorer token-load-scorer context-length-aware mm-embeddings-cache-scorer
      latency-scorer session-affinity-scorer header-label-affinity-scorer
      endpoint-attribute-scorer topology-affinity-scorer multicluster-queue-scorer
      multicluster-kv-cache-utilization-scorer multicluster-prefix-cache-scorer
      label-selector-filter by-label-selector by-label decode-filter prefill-filter encode-filter
      prefix-cache-affinity-filter slo-headroom-tier-filter session-affinity-filter
      endpoint-attribute-filter topology-affinity-filter utilization-filter
      header-based-testing-filter
      single-profile-handler data-parallel-profile-handler header-profile-handler
      disagg-profile-handler pd-profile-handler disagg-headers-handler prefill-header-handler
      always-disagg-pd-decider always-disagg-multimodal-decider prefix-based-pd-decider
      approx-prefix-cache-producer burst-prefix-cache-producer precise-prefix-cache-producer
      token-producer tokenizer p2p-source-producer inflight-load-producer session-id-producer
      mm-embeddings-cache-producer predicted-latency-producer
      agent-identity latency-slo-admitter probabilistic-admitter
      disaggregatedset-rollout-screener request-attribute-reporter
      destination-endpoint-served-verifier
      utilization-detector concurrency-detector
      fcfs-ordering-policy edf-ordering-policy slo-deadline-ordering-policy
      global-strict-fairness-policy round-robin-fairness-policy program-aware-fairness
      static-usage-limit-policy priority-holdback-policy soft-reflective-ceiling-policy
      sheddable-eviction-filter priority-then-time-eviction-order-policy
      openai-parser anthropic-parser vllmhttp-parser sglanghttp-parser vllmgrpc-parser
      vertexai-parser passthrough-parser
      metrics-data-source core-metrics-extractor models-data-source models-data-extractor
      dcgm-data-source dcgm-extractor topology-extractor endpoint-notification-source
      k8s-notification-source multicluster-metrics-data-source multicluster-metrics-extractor
      file-discovery multicluster-file-discovery
      """;

  private static List<Path> samples() throws Exception {
    var folder = Objects.requireNonNull(SamplesTest.class.getResource("samples"));
    try (var files = Files.list(Path.of(folder.toURI()))) {
      return files.sorted().toList();
    }
  }

  private static EndpointPickerConfig load(Path file) {
    var loaded = EndpointPickerLoader.load(file, true);
    assertThat(loaded).isInstanceOf(LoadedPicker.Valid.class);
    return ((LoadedPicker.Valid) loaded).config();
  }

  @ParameterizedTest
  @MethodSource("samples")
  void each_loads_and_its_plugins_are_made(Path file) {
    var config = load(file);
    var policy = config.policy(new CostModel(1, ModelRates.PRIOR), DisaggregationPolicy.DEFAULT);
    assertThat(policy.profiles()).hasSameSizeAs(config.profiles());
    assertThat(policy.handler().type()).isEqualTo(config.profileHandler().type().name());
  }

  @Test
  void every_type_of_llm_d_is_known_and_those_that_run_are_in_a_sample() throws Exception {
    Set<String> known = new TreeSet<>(List.of(TYPES.strip().split("\\s+")));
    assertThat(known).hasSizeGreaterThan(80);
    for (var type : known) {
      assertThat(PluginTypes.all().containsKey(type) || PluginTypes.refused().containsKey(type))
          .as(type)
          .isTrue();
    }
    List<Plugin> used = new ArrayList<>();
    for (var file : samples()) {
      used.addAll(load(file).plugins());
    }
    assertThat(used)
        .extracting(plugin -> plugin.type().name())
        .contains(
            PluginTypes.all().keySet().stream()
                .filter(known::contains)
                .filter(type -> PluginTypes.named(type).is(PluginKind.SCORER))
                .filter(type -> !type.equals("session-affinity-scorer"))
                .toArray(String[]::new));
  }
}
