package io.penstock.proxy.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.proxy.openai.GatewayError;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class GatewayMetricsTest {

  private final GatewayMetrics metrics = new GatewayMetrics(new CollectorRegistry());

  private PrometheusPage page() throws IOException {
    var text = new StringWriter();
    TextFormat.write004(text, metrics.registry().metricFamilySamples());
    return PrometheusPage.parse(text.toString());
  }

  @Test
  void accepted_is_the_sum_of_all_outcomes_and_of_what_runs() throws Exception {
    metrics.knowModels("pods", List.of("a", "b"));
    var random = new SplittableRandom(7);
    long[] ended = new long[4];
    long running = 0;
    for (int i = 0; i < 10_000; i++) {
      if (running == 0 || random.nextInt(2) == 0) {
        metrics.accepted();
        running++;
      } else {
        running--;
        var model = random.nextInt(3) == 0 ? metrics.unknownModel() : metrics.model("a");
        var errors = GatewayError.values();
        var error = errors[random.nextInt(errors.length)];
        int outcome = random.nextInt(4);
        ended[outcome]++;
        switch (outcome) {
          case 0 -> metrics.completed(model);
          case 1 -> metrics.cancelled(model);
          case 2 -> metrics.failed(error);
          default -> metrics.rejected(error);
        }
      }
      var law = metrics.conservation();
      assertThat(law.holds()).as("%s", law).isTrue();
      assertThat(law.inFlight()).isEqualTo(running);
      assertThat(law.isQuiet()).isEqualTo(running == 0);
    }
    var law = metrics.conservation();
    assertThat(List.of(law.completed(), law.cancelled(), law.failed(), law.rejected()))
        .containsExactly(ended[0], ended[1], ended[2], ended[3]);
    assertThat(page().value("penstock_requests_in_flight")).isEqualTo((double) running);
    assertThat(page().value("penstock_requests_accepted_total")).isEqualTo((double) law.accepted());
  }

  @Test
  void an_outcome_that_was_never_accepted_breaks_the_law() {
    metrics.accepted();
    metrics.completed(metrics.unknownModel());
    assertThat(metrics.conservation().isQuiet()).isTrue();
    metrics.completed(metrics.unknownModel());
    assertThat(metrics.conservation().isQuiet()).isFalse();
  }

  @Test
  void names_that_clients_invent_make_no_series() throws Exception {
    metrics.knowModels("pods", List.of("tiny"));
    int before = page().series().size();
    for (int i = 0; i < 100; i++) {
      var model = metrics.model("invented-" + i);
      assertThat(model.model()).isEqualTo(GatewayMetrics.UNKNOWN_MODEL);
      metrics.accepted();
      metrics.completed(model);
    }
    var page = page();
    assertThat(page.series()).hasSize(before);
    assertThat(page.value("penstock_requests_completed_total{model=_unknown}")).isEqualTo(100);
    assertThat(page.value("penstock_requests_completed_total{model=tiny}")).isZero();
  }

  @Test
  void pods_may_list_so_many_models_and_no_more_get_series() throws Exception {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 1_500; i++) {
      names.add("model-" + i);
    }
    metrics.knowModels("pods", names);
    assertThat(metrics.model("model-999").model()).isEqualTo("model-999");
    assertThat(metrics.model("model-1000").model()).isEqualTo(GatewayMetrics.UNKNOWN_MODEL);
    assertThat(
            page().series().stream()
                .filter(s -> s.startsWith("penstock_requests_completed_total{"))
                .count())
        .isEqualTo(1_001);
  }

  @Test
  void a_model_that_is_listed_takes_the_place_of_one_that_no_longer_is() throws Exception {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      names.add("model-" + i);
    }
    metrics.knowModels("pods", names);
    metrics.accepted();
    metrics.completed(metrics.model("model-0"));
    metrics.accepted();
    metrics.cancelled(metrics.model("model-0"));

    metrics.knowModels("rules", List.of("more"));
    assertThat(metrics.model("more").model()).isEqualTo(GatewayMetrics.UNKNOWN_MODEL);
    metrics.knowModels("pods", List.of("new"));

    assertThat(metrics.model("new").model()).isEqualTo("new");
    assertThat(metrics.model("more").model()).isEqualTo("more");
    assertThat(metrics.model("model-0").model()).isEqualTo(GatewayMetrics.UNKNOWN_MODEL);
    assertThat(metrics.conservation().isQuiet()).isTrue();
    var page = page();
    assertThat(page.series()).noneMatch(series -> series.contains("model=model-0"));
    assertThat(page.value("penstock_requests_completed_total{model=_unknown}")).isEqualTo(1);
    assertThat(page.value("penstock_requests_client_cancelled_total{model=_unknown}")).isEqualTo(1);
  }

  @Test
  void every_error_has_its_series_from_the_start() throws Exception {
    var page = page();
    for (var error : GatewayError.values()) {
      for (var family :
          List.of(
              "penstock_requests_failed_total",
              "penstock_requests_rejected_total",
              "penstock_upstream_retries_total")) {
        assertThat(page.value(family + "{reason=" + error.code() + "}")).isZero();
      }
    }
  }

  @Test
  void every_kind_of_file_has_its_series_from_the_start() throws Exception {
    var page = page();
    for (var kind : List.of("config", "keys", "tls", "picker", "pods-ca", "rules")) {
      assertThat(page.value("penstock_config_reload_total{kind=" + kind + "}")).isZero();
      assertThat(page.value("penstock_config_reload_failed_total{kind=" + kind + "}")).isZero();
    }
  }

  @Test
  void a_models_name_cannot_break_the_page() throws Exception {
    metrics.knowModels("pods", List.of("a\"b\\c\nd", "org/ü {x}"));
    metrics.accepted();
    metrics.completed(metrics.model("a\"b\\c\nd"));
    assertThat(page().value("penstock_requests_completed_total{model=a\\\"b\\\\c\\nd}"))
        .isEqualTo(1);
  }

  @Test
  void tokens_and_times_are_counted_by_model() throws Exception {
    metrics.knowModels("pods", List.of("tiny"));
    var timeline = new Timeline();
    timeline.mark(Timeline.Event.RECEIVED, 0);
    timeline.mark(Timeline.Event.FIRST_TOKEN, 50_000_000);
    timeline.mark(Timeline.Event.ENDED, 1_050_000_000);

    metrics.model("tiny").tokens(100, 64, 11);
    metrics.model("tiny").tokens(-1, -1, -1);
    metrics.model("tiny").times(timeline, 11, true, null);
    metrics.model("tiny").times(timeline, 11, false, null);

    var page = page();
    assertThat(page.value("penstock_tokens_total{model=tiny, type=input}")).isEqualTo(100);
    assertThat(page.value("penstock_tokens_total{model=tiny, type=cached_input}")).isEqualTo(64);
    assertThat(page.value("penstock_tokens_total{model=tiny, type=output}")).isEqualTo(11);
    assertThat(page.value("penstock_request_duration_seconds_count{model=tiny}")).isEqualTo(2);
    assertThat(page.value("penstock_time_to_first_token_seconds_sum{model=tiny}")).isEqualTo(0.05);
    assertThat(page.value("penstock_time_per_output_token_seconds_sum{model=tiny}")).isEqualTo(0.1);
  }

  @Test
  void connections_and_bodies_go_up_and_down() throws Exception {
    metrics.connected();
    metrics.connected();
    metrics.disconnected();
    metrics.refused();
    metrics.buffered(4_096);
    metrics.buffered(-4_096);
    metrics.gauge("penstock_test", "A gauge.", () -> 42);
    metrics.total("penstock_test_total", "A count.", () -> 43);

    var page = page();
    assertThat(page.value("penstock_client_connections")).isEqualTo(1);
    assertThat(page.value("penstock_client_connections_accepted_total")).isEqualTo(2);
    assertThat(page.value("penstock_client_connections_refused_total")).isEqualTo(1);
    assertThat(page.value("penstock_buffered_body_bytes")).isZero();
    assertThat(page.value("penstock_test")).isEqualTo(42);
    assertThat(page.value("penstock_test_total")).isEqualTo(43);
  }
}
