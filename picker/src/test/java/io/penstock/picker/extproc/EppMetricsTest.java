package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.prometheus.client.Collector;
import io.prometheus.client.CollectorRegistry;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Names, labels and buckets that boards and autoscalers of llm-d read, and their bounds. */
class EppMetricsTest {

  private static final Set<String> REQUEST =
      Set.of("model_name", "target_model_name", "fairness_id", "priority");

  @Test
  void a_request_that_was_answered_shows_in_all_of_them() throws Exception {
    try (var picker = new RunningPicker("10.0.0.1:8000")) {
      var body = FullDuplexTest.BODY;
      var stream =
          picker.stream()
              .post(FullDuplexTest.CHAT, "x-llm-d-inference-fairness-id", "team-a")
              .requestBody(body, true);
      stream.picked();
      stream.requestBodyBack(body.length(), true);
      stream.responseHeaders(200, false, "content-type", "text/event-stream");
      stream.next();
      var labels =
          List.of(
              "model_name",
              "tiny",
              "target_model_name",
              "tiny",
              "fairness_id",
              "team-a",
              "priority",
              "0");
      assertThat(value(picker, "request_running", labels)).isEqualTo(1);
      var events =
          List.of(
              "data: {\"a\":1}\n\n",
              "data: {\"b\":2}\n\n",
              "data: {\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":3,"
                  + "\"prompt_tokens_details\":{\"cached_tokens\":16}}}\n\ndata: [DONE]\n\n");
      int bytes = 0;
      for (var event : events) {
        stream.responseBody(event, false);
        bytes += stream.responseBodyBack(event.length(), false).length;
      }
      stream.responseBody("", true);
      stream.responseBodyBack(0, true);
      stream.end().status();
      picker.awaitIdle();

      assertThat(value(picker, "request_total", labels)).isEqualTo(1);
      assertThat(value(picker, "request_running", labels)).isZero();
      assertThat(value(picker, "request_duration_seconds_count", labels)).isEqualTo(1);
      assertThat(value(picker, "request_size_bytes_sum", labels)).isEqualTo(body.length());
      assertThat(value(picker, "response_size_bytes_sum", labels)).isEqualTo(bytes);
      assertThat(value(picker, "request_input_tokens_sum", labels)).isEqualTo(20);
      assertThat(value(picker, "request_cached_tokens_sum", labels)).isEqualTo(16);
      assertThat(value(picker, "request_output_tokens_sum", labels)).isEqualTo(3);
      assertThat(value(picker, "request_ntpot_seconds_count", labels)).isEqualTo(1);
      assertThat(value(picker, "request_streaming_tpot_seconds_count", labels)).isEqualTo(1);
      assertThat(value(picker, "request_streaming_itl_seconds_count", labels)).isEqualTo(2);
      assertThat(
              picker.metric(
                  "llm_d_epp_request_ttft_seconds_count", with(labels, "streaming", "true")))
          .isEqualTo(1);
      assertThat(picker.metric("llm_d_epp_scheduler_e2e_duration_seconds_count")).isEqualTo(1);
      assertThat(
              picker.metric(
                  "llm_d_epp_scheduler_attempts_total",
                  "status",
                  "success",
                  "target_model_name",
                  "tiny",
                  "endpoint_name",
                  "10.0.0.1:8000",
                  "namespace",
                  "",
                  "port",
                  "8000"))
          .isEqualTo(1);
      assertThat(
              picker.metric(
                  "llm_d_epp_prefix_indexer_hit_ratio_count",
                  "plugin_name",
                  "expected-cost-picker",
                  "plugin_type",
                  "expected-cost-picker"))
          .isEqualTo(1);
      assertThat(picker.metric("llm_d_epp_request_processing_duration_seconds_count")).isEqualTo(1);
      assertThat(picker.metric("llm_d_epp_response_processing_duration_seconds_count"))
          .isEqualTo(4);
      assertThat(picker.metric("llm_d_epp_extproc_streams_total", "code", "OK")).isEqualTo(1);
      assertThat(picker.metric("llm_d_epp_extproc_stream_duration_seconds_count")).isEqualTo(1);
    }
  }

  @Test
  void buckets_are_llm_ds() {
    var registry = new CollectorRegistry();
    new EppMetrics(registry).request("tiny", "tiny", true, "default-flow", 0);
    assertThat(buckets(registry, "request_duration_seconds"))
        .hasSize(36)
        .contains("1.25", "3600.0");
    assertThat(buckets(registry, "request_size_bytes"))
        .hasSize(26)
        .contains("64.0", "1.073741824E9");
    assertThat(buckets(registry, "response_size_bytes")).contains("32778.0", "65536.0");
    assertThat(buckets(registry, "scheduler_e2e_duration_seconds"))
        .containsExactlyInAnyOrder(
            "1.0E-4", "2.0E-4", "5.0E-4", "0.001", "0.002", "0.005", "0.01", "0.02", "0.05", "0.1",
            "+Inf");
    assertThat(buckets(registry, "request_output_tokens")).contains("1.0", "8192.0");
  }

  @Test
  void every_series_of_a_request_has_llm_ds_four_labels() {
    var registry = new CollectorRegistry();
    new EppMetrics(registry).request("tiny", "tiny", true, "team", -1);
    int seen = 0;
    for (var family : Collections.list(registry.metricFamilySamples())) {
      if (!family.name.startsWith("llm_d_epp_request_") || family.samples.isEmpty()) {
        continue;
      }
      if (family.name.equals("llm_d_epp_request_processing_duration_seconds")) {
        continue;
      }
      for (var sample : family.samples) {
        var labels = new HashSet<>(sample.labelNames);
        labels.removeAll(Set.of("le", "streaming"));
        assertThat(labels).as(sample.name).isEqualTo(REQUEST);
        seen++;
      }
    }
    assertThat(seen).isGreaterThan(100);
  }

  @Test
  void names_that_only_clients_know_cannot_make_series_without_end() {
    var registry = new CollectorRegistry();
    var metrics = new EppMetrics(registry);
    for (int i = 0; i < 5_000; i++) {
      metrics.request("made-up-" + i, "made-up-" + i, false, "flow", 0).requests().inc();
      metrics.request("tiny", "tiny", true, "flow-" + i, i % 3).requests().inc();
      metrics.request("x".repeat(1_000) + i, "x", true, "flow", 0).requests().inc();
    }
    metrics.request("late", "late", true, "flow", 0).requests().inc();
    var samples =
        Collections.list(registry.metricFamilySamples()).stream()
            .filter(family -> family.name.equals("llm_d_epp_request"))
            .flatMap(family -> family.samples.stream())
            .filter(sample -> sample.name.endsWith("_total"))
            .toList();
    assertThat(samples).hasSizeLessThanOrEqualTo(1_101);
    assertThat(samples.stream().mapToDouble(sample -> sample.value).sum()).isEqualTo(15_001);
  }

  @Test
  void decisions_for_an_endpoint_that_has_left_are_forgotten() throws Exception {
    try (var picker = new RunningPicker("10.0.0.1:8000", "10.0.0.2:8000")) {
      var gone = routedTo(picker);
      assertThat(attempts(picker.registry)).containsExactly(gone);
      var id =
          picker.picker().snapshot().endpoints().stream()
              .filter(each -> each.spec().name().equals(gone))
              .findFirst()
              .orElseThrow()
              .id();
      picker.picker().apply(new PoolDelta(List.of(), List.of(id)));
      await().until(() -> picker.picker().snapshot().endpoints().size() == 1);

      var other = routedTo(picker);

      assertThat(other).isNotEqualTo(gone);
      assertThat(attempts(picker.registry)).containsExactly(other);
    }
  }

  @Test
  void decisions_cannot_make_series_without_end_while_nobody_reads_them() {
    var attempts = new SchedulerAttempts();
    int decisions = SchedulerAttempts.MOST_SERIES + 1_000;
    for (int i = 0; i < decisions; i++) {
      attempts.routed("tiny", EndpointSpec.of("10.0." + i / 256 + "." + i % 256, 80, Role.BOTH));
    }
    var samples = attempts.collect().getFirst().samples;
    assertThat(samples).hasSize(SchedulerAttempts.MOST_SERIES + 1);
    assertThat(samples.stream().mapToDouble(sample -> sample.value).sum()).isEqualTo(decisions);
  }

  private static String routedTo(RunningPicker picker) throws Exception {
    var stream = picker.stream().requestHeaders(true, ":method", "GET", ":path", "/");
    var destination = stream.picked().destination();
    stream.cancel();
    return destination;
  }

  /** Names of the endpoints that decisions are counted for. */
  private static List<String> attempts(CollectorRegistry registry) {
    return Collections.list(registry.metricFamilySamples()).stream()
        .filter(family -> family.name.equals("llm_d_epp_scheduler_attempts"))
        .flatMap(family -> family.samples.stream())
        .filter(sample -> sample.name.endsWith("_total"))
        .map(sample -> sample.labelValues.get(sample.labelNames.indexOf("endpoint_name")))
        .toList();
  }

  private static List<String> buckets(CollectorRegistry registry, String name) {
    return Collections.list(registry.metricFamilySamples()).stream()
        .filter(family -> family.name.equals("llm_d_epp_" + name))
        .flatMap(family -> family.samples.stream())
        .filter(sample -> sample.name.endsWith("_bucket"))
        .filter(sample -> !sample.labelValues.contains("other"))
        .map(EppMetricsTest::bound)
        .distinct()
        .toList();
  }

  private static String bound(Collector.MetricFamilySamples.Sample sample) {
    return sample.labelValues.get(sample.labelNames.indexOf("le"));
  }

  private static double value(RunningPicker picker, String name, List<String> labels) {
    return picker.metric("llm_d_epp_" + name, labels.toArray(String[]::new));
  }

  private static String[] with(List<String> labels, String name, String value) {
    var all = new java.util.ArrayList<>(labels);
    all.add(name);
    all.add(value);
    return all.toArray(String[]::new);
  }
}
