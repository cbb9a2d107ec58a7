package io.penstock.picker.assembly;

import static io.penstock.picker.assembly.TestPool.MILLI;
import static io.penstock.picker.assembly.TestPool.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.quality.PoolQuality;
import io.penstock.picker.quality.PredictionErrors;
import io.penstock.picker.quality.QualityCollector;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.prometheus.client.CollectorRegistry;
import io.prometheus.client.exporter.common.TextFormat;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What was predicted of decisions against what came of them. */
class QualityTest {

  private static PredictionErrors errors(TestPool pool) {
    assertThat(pool.picker.quality().errors()).hasSize(1);
    return pool.picker.quality().errors().getFirst();
  }

  /** Sends a request whose first token comes so much later than predicted. */
  private static void send(TestPool pool, InferenceRequest request, long lateNanos, int cached) {
    var placement = pool.place(request, pool.route(request));
    pool.now += placement.predictedTtftNanos() + lateNanos;
    placement.firstByte(pool.now);
    placement.completed(1000, cached, 10, pool.now);
    pool.picker.tick(pool.now);
  }

  @Test
  void times_and_cached_tokens_are_held_against_what_was_predicted() {
    var pool = new TestPool(1, 1);
    for (int i = 0; i < 10; i++) {
      send(pool, prompt(i, 40), 30 * MILLI, 100);
    }

    var errors = errors(pool);
    assertThat(errors.requests()).isEqualTo(10);
    assertThat(errors.model()).isEqualTo(TestPool.MODEL);
    assertThat(errors.ttft().count()).isEqualTo(10);
    assertThat(errors.ttft().bias()).isCloseTo(0.03, within(1e-6));
    assertThat(errors.ttft().quantile(0.5)).isCloseTo(0.03, within(1e-6));
    assertThat(errors.cachedTokens().bias()).isEqualTo(100);
    assertThat(errors.cachedTokens().actual() - errors.cachedTokens().predicted()).isEqualTo(1000);
  }

  @Test
  void quantiles_and_bias_are_of_the_newest_and_counts_of_all() {
    var pool = new TestPool(1, 1);
    for (int i = 0; i < 300; i++) {
      send(pool, prompt(i, 2), i < 150 ? 0 : (1 + i % 10) * MILLI, -1);
    }

    var ttft = errors(pool).ttft();
    assertThat(ttft.count()).isEqualTo(300);
    assertThat(ttft.bias()).isCloseTo(0.0055, within(0.0005));
    assertThat(ttft.quantile(0.9)).isCloseTo(0.0095, within(0.00051));
    assertThat(errors(pool).cachedTokens().quantile(0.5)).isNaN();
  }

  @Test
  void an_answer_that_is_not_streamed_says_nothing_of_times_and_a_failure_nothing_at_all() {
    var pool = new TestPool(1, 1);
    var whole =
        InferenceRequest.builder(ApiKind.CHAT, TestPool.MODEL)
            .promptBytes(640)
            .keys(TestPool.keys(1, 10))
            .build();
    send(pool, whole, 0, 64);
    pool.place(prompt(2, 3), pool.route(prompt(2, 3))).failed(FailureKind.RESET, pool.now);
    pool.pass(100);

    assertThat(errors(pool).requests()).isEqualTo(1);
    assertThat(errors(pool).ttft().count()).isZero();
    assertThat(errors(pool).cachedTokens().count()).isEqualTo(1);
  }

  @Test
  void errors_leave_with_their_endpoint_and_models_share_beyond_a_bound() {
    var pool = new TestPool(1, 1);
    var endpoint = pool.picker.snapshot().endpoints().getFirst();
    for (int i = 0; i < 50; i++) {
      var request = InferenceRequest.builder(ApiKind.CHAT, "model-" + i).promptBytes(100).build();
      pool.listModels(endpoint, "model-" + i);
      var placement = pool.place(request, pool.route(request));
      placement.completed(25, 0, 1, pool.now);
      pool.pass(1);
    }
    var errors = pool.picker.quality().errors();
    assertThat(errors).hasSize(33);
    assertThat(errors.getFirst().model()).isEqualTo(PoolQuality.OTHER_MODELS);
    assertThat(errors.getFirst().requests()).isEqualTo(18);

    pool.listModels(endpoint, TestPool.MODEL);
    var late = pool.place(prompt(1, 2), pool.route(prompt(1, 2)));
    pool.remove(endpoint);
    late.completed(128, 0, 1, pool.now);
    pool.pass(100);
    assertThat(pool.picker.quality().errors()).isEmpty();
  }

  @Test
  void the_runner_up_is_regretted_where_it_would_have_answered_sooner() {
    var pool = new TestPool(2, 1);
    for (int i = 0; i < 60; i++) {
      send(pool, prompt(i, 40), 0, -1);
    }
    var regret = pool.picker.quality().regret();
    assertThat(pool.picker.quality().errors()).allMatch(each -> each.ttft().count() >= 8);
    assertThat(regret.evaluated()).isBetween(20L, 52L);
    assertThat(regret.better()).isZero();
    assertThat(regret.secondsLost()).isZero();

    long before = regret.evaluated();
    send(pool, prompt(100, 40), 2_000 * MILLI, -1);
    assertThat(regret.evaluated()).isEqualTo(before + 1);
    assertThat(regret.better()).isEqualTo(1);
    assertThat(regret.secondsLost()).isCloseTo(2.0, within(0.2));

    send(pool, prompt(101, 40), 5 * MILLI, -1);
    assertThat(regret.better()).isEqualTo(1);
  }

  @Test
  void regret_is_of_the_decision_as_it_was_though_its_record_is_gone() {
    var pool = new TestPool(2, 1);
    for (int i = 0; i < 60; i++) {
      send(pool, prompt(i, 40), 0, -1);
    }
    var regret = pool.picker.quality().regret();
    long before = regret.evaluated();

    var request = prompt(100, 40);
    var route = pool.route(request);
    var late = pool.place(request, route);
    for (int i = 0; i < 5_000; i++) {
      var _ = pool.pick(prompt(200 + i, 400));
    }
    assertThat(pool.picker.decisions().find(route.decisionId())).isNull();
    pool.now += late.predictedTtftNanos() + 2_000 * MILLI;
    late.firstByte(pool.now);
    late.completed(1000, -1, 10, pool.now);
    pool.picker.tick(pool.now);

    assertThat(regret.evaluated()).isEqualTo(before + 1);
    assertThat(regret.better()).isEqualTo(1);
    assertThat(regret.secondsLost()).isCloseTo(2.0, within(0.2));
  }

  @Test
  void predictions_that_are_wrong_everywhere_alike_are_no_reason_for_regret() {
    var pool = new TestPool(2, 1);
    for (int i = 0; i < 200; i++) {
      send(pool, prompt(i, 40), 300 * MILLI, -1);
    }

    var regret = pool.picker.quality().regret();
    assertThat(regret.evaluated()).isGreaterThan(100);
    assertThat(regret.better()).isLessThan(regret.evaluated() / 20);
  }

  @Test
  void the_series_are_those_of_prometheus() throws Exception {
    var pool = new TestPool(1, 1);
    send(pool, prompt(1, 40), 30 * MILLI, 100);
    var registry = new CollectorRegistry();
    registry.register(new QualityCollector(Map.of("tiny", pool.picker.quality())));
    var page = new StringWriter();
    TextFormat.write004(page, registry.metricFamilySamples());
    var labels = "{pool=\"tiny\",pod=\"10.0.0.1:8000\",model=\"m\"";

    assertThat(page.toString())
        .contains("penstock_ttft_prediction_error_seconds_bucket" + labels + ",le=\"0.025\",} 0.0")
        .contains("penstock_ttft_prediction_error_seconds_bucket" + labels + ",le=\"0.05\",} 1.0")
        .contains("penstock_ttft_prediction_error_seconds_bucket" + labels + ",le=\"+Inf\",} 1.0")
        .contains("penstock_ttft_prediction_error_seconds_count" + labels + ",} 1.0")
        .contains("penstock_cached_tokens_prediction_error_sum" + labels + ",} 100.0")
        .contains("penstock_cached_tokens_actual_total" + labels + ",} 100.0")
        .contains("penstock_regret_evaluated_total{pool=\"tiny\",} 0.0");
  }
}
