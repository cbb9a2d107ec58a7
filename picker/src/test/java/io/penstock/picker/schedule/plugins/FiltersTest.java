package io.penstock.picker.schedule.plugins;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.plugins.LabelSelectorFilter.Operator;
import io.penstock.picker.schedule.plugins.LabelSelectorFilter.Requirement;
import io.penstock.picker.schedule.plugins.UtilizationFilter.Condition;
import io.penstock.picker.schedule.plugins.UtilizationFilter.Metric;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Which endpoints each filter keeps. */
class FiltersTest {

  private static final PrefixMatch ALL = new PrefixMatch(Integer.MAX_VALUE);
  private static final List<String> ROLES =
      List.of(
          "decode",
          "prefill",
          "prefill-decode",
          "both",
          "encode",
          "encode-prefill",
          "encode-prefill-decode");

  private static List<String> keptRoles(LabelFilter filter) {
    var situation = Situation.filtering(filter);
    ROLES.forEach(role -> situation.endpoint(Map.of(LabelFilter.ROLE, role)));
    situation.endpoint();
    return situation.kept().stream()
        .map(slot -> slot < ROLES.size() ? ROLES.get(slot) : "none")
        .toList();
  }

  @Test
  void pods_that_decode_and_those_without_a_role_stay_for_decode() {
    assertThat(keptRoles(LabelFilter.decode()))
        .containsExactly("decode", "prefill-decode", "both", "encode-prefill-decode", "none");
  }

  @Test
  void pods_that_prefill_stay_for_prefill() {
    assertThat(keptRoles(LabelFilter.prefill()))
        .containsExactly(
            "prefill", "prefill-decode", "both", "encode-prefill", "encode-prefill-decode");
  }

  @Test
  void an_endpoint_without_the_label_has_the_role_that_its_source_gives_it() {
    for (var filter : List.of(LabelFilter.prefill(), LabelFilter.decode())) {
      var situation = Situation.filtering(filter);
      situation.endpoint(Role.PREFILL, Map.of());
      situation.endpoint(Role.DECODE, Map.of());
      situation.endpoint(Role.BOTH, Map.of());
      assertThat(situation.kept())
          .isEqualTo(filter.type().equals(LabelFilter.PREFILL) ? List.of(0) : List.of(1, 2));
    }
  }

  @Test
  void who_sleeps_is_left_out_while_anybody_is_awake_and_the_sample_is_young() {
    var situation = Situation.filtering(new AsleepFilter()).running(0, 0, 0);
    assertThat(situation.kept()).containsExactly(0, 1, 2);

    situation.tells(1, 0, 0, 0, "vllm:engine_sleep_state{sleep_state=\"awake\"} 0");
    assertThat(situation.kept()).containsExactly(0, 2);

    situation.pass(Duration.ofSeconds(2));
    assertThat(situation.kept()).as("all are stale").containsExactly(0, 1, 2);

    for (int slot = 0; slot < 3; slot++) {
      situation.tells(slot, 0, 0, 0, "vllm:engine_sleep_state{sleep_state=\"awake\"} 0");
    }
    assertThat(situation.kept()).as("all sleep").containsExactly(0, 1, 2);
  }

  @Test
  void pods_that_encode_stay_for_encode() {
    assertThat(keptRoles(LabelFilter.encode()))
        .containsExactly("encode", "encode-prefill", "encode-prefill-decode");
  }

  @Test
  void a_label_keeps_its_values_and_those_without_it_where_they_are_allowed() {
    for (boolean allowed : new boolean[] {true, false}) {
      var situation =
          Situation.filtering(new LabelFilter(LabelFilter.TYPE, "zone", Set.of("a"), allowed));
      situation.endpoint(Map.of("zone", "a"));
      situation.endpoint(Map.of("zone", "b"));
      situation.endpoint();
      assertThat(situation.kept()).isEqualTo(allowed ? List.of(0, 2) : List.of(0));
    }
  }

  @Test
  void a_selector_keeps_what_meets_every_requirement() {
    assertThat(selected(Operator.IN)).containsExactly(0);
    assertThat(selected(Operator.NOT_IN)).containsExactly(1, 2);
    assertThat(selected(Operator.EXISTS)).containsExactly(0, 1);
    assertThat(selected(Operator.DOES_NOT_EXIST)).containsExactly(2);
  }

  private static List<Integer> selected(Operator operator) {
    var situation =
        Situation.filtering(
            new LabelSelectorFilter(List.of(new Requirement("zone", operator, Set.of("a")))));
    situation.endpoint(Map.of("zone", "a"));
    situation.endpoint(Map.of("zone", "b"));
    situation.endpoint();
    return situation.kept();
  }

  @Test
  void no_endpoint_of_a_label_is_no_endpoint_rather_than_saturation() {
    var situation = Situation.filtering(LabelFilter.prefill());
    situation.endpoint();
    assertThat(situation.decide()).isEqualTo(new Decision.NoEndpoint(Decision.Reason.FILTERED));
  }

  @Nested
  class Utilization {

    private static UtilizationFilter bound(Metric metric, double most, boolean fallback) {
      return new UtilizationFilter(List.of(new Condition(metric, most)), fallback);
    }

    @Test
    void each_metric_has_its_bound() {
      assertThat(Situation.filtering(bound(Metric.WAITING_QUEUE, 4, false)).waiting(4, 5).kept())
          .containsExactly(0);
      assertThat(Situation.filtering(bound(Metric.RUNNING_REQUESTS, 4, false)).running(5, 3).kept())
          .containsExactly(1);
      assertThat(
              Situation.filtering(bound(Metric.KV_CACHE_UTILIZATION, 0.5, false))
                  .kvUsage(0.5, 0.6)
                  .kept())
          .containsExactly(0);
      assertThat(Situation.filtering(bound(Metric.ACTIVE_REQUESTS, 1, false)).active(2, 1).kept())
          .containsExactly(1);
    }

    @Test
    void where_none_is_within_its_bounds_the_pool_is_saturated_or_all_stay() {
      assertThat(Situation.filtering(bound(Metric.WAITING_QUEUE, 4, false)).waiting(9, 5).decide())
          .isEqualTo(new Decision.NoEndpoint(Decision.Reason.SATURATED));
      assertThat(Situation.filtering(bound(Metric.WAITING_QUEUE, 4, true)).waiting(9, 5).kept())
          .containsExactly(0, 1);
    }
  }

  @Nested
  class Detectors {

    private static UtilizationDetector detector(
        double headroom, UtilizationDetector.Staleness staleness) {
      return new UtilizationDetector(5, 0.8, headroom, 200_000_000, staleness);
    }

    @Test
    void a_pod_below_both_thresholds_is_free_and_the_headroom_raises_them() {
      var usual = UtilizationDetector.Staleness.IN_FLIGHT;
      assertThat(Situation.filtering(detector(0, usual)).waiting(4, 5).kept()).containsExactly(0);
      assertThat(Situation.filtering(detector(0.2, usual)).waiting(5, 6).kept()).containsExactly(0);
      assertThat(Situation.filtering(detector(0, usual)).kvUsage(0.79, 0.8).kept())
          .containsExactly(0);
    }

    @Test
    void all_stay_where_none_is_free() {
      assertThat(
              Situation.filtering(detector(0, UtilizationDetector.Staleness.IN_FLIGHT))
                  .waiting(6, 7)
                  .kept())
          .containsExactly(0, 1);
    }

    @Test
    void a_stale_pod_is_judged_as_the_policy_says() {
      assertThat(keptWhenFirstIsStale(UtilizationDetector.Staleness.SATURATED)).containsExactly(1);
      assertThat(keptWhenFirstIsStale(UtilizationDetector.Staleness.IGNORE)).containsExactly(0, 1);
      assertThat(keptWhenFirstIsStale(UtilizationDetector.Staleness.IN_FLIGHT)).containsExactly(1);
    }

    /** The first has six requests in flight from here and was heard of two seconds ago. */
    private static List<Integer> keptWhenFirstIsStale(UtilizationDetector.Staleness staleness) {
      var situation = Situation.filtering(detector(0, staleness)).waiting(0);
      for (int i = 0; i < 6; i++) {
        situation.inFlight.add(0, 0, 10, 10);
      }
      situation.pass(Duration.ofSeconds(2));
      return situation.waiting(0).kept();
    }

    @Test
    void concurrency_counts_requests_tokens_or_both_and_may_leave_none() {
      var requests = new ConcurrencyDetector(ConcurrencyDetector.Mode.REQUESTS, 2, 100, 0);
      assertThat(Situation.filtering(requests).active(1, 2).kept()).containsExactly(0);
      var tokens = new ConcurrencyDetector(ConcurrencyDetector.Mode.TOKENS, 1, 100, 0.5);
      assertThat(Situation.filtering(tokens).pending(149, 150).kept()).containsExactly(0);
      var both = new ConcurrencyDetector(ConcurrencyDetector.Mode.HYBRID, 2, 100, 0);
      assertThat(Situation.filtering(both).pending(99, 100).kept()).containsExactly(0);
      assertThat(Situation.filtering(requests).active(2, 3).decide())
          .isEqualTo(new Decision.NoEndpoint(Decision.Reason.SATURATED));
    }
  }

  @Nested
  class PrefixAffinity {

    private static PrefixCacheAffinityFilter filter(double exploration, double penaltyMillis) {
      return new PrefixCacheAffinityFilter(ALL, 0.8, exploration, penaltyMillis, 1_000);
    }

    @Test
    void the_pods_that_hold_most_of_the_prompt_stay() {
      assertThat(Situation.filtering(filter(0, 18_000)).holding(8, 7, 10).kept())
          .containsExactly(0, 2);
    }

    @Test
    void all_stay_where_none_holds_enough() {
      assertThat(Situation.filtering(filter(0, 18_000)).holding(7, 0).kept()).containsExactly(0, 1);
    }

    @Test
    void all_stay_where_others_answer_sooner_by_more_than_the_penalty() {
      // 2,001 tokens at 1,000 a second are 2,001 ms.
      var over = Situation.filtering(filter(0, 2_000)).pending(2_001, 0);
      over.learn(0, 10);
      assertThat(over.kept()).containsExactly(0, 1);
      var within = Situation.filtering(filter(0, 2_000)).pending(2_000, 0);
      within.learn(0, 10);
      assertThat(within.kept()).containsExactly(0);
      var always = Situation.filtering(filter(0, 0)).pending(1_000_000, 0);
      always.learn(0, 10);
      assertThat(always.kept()).containsExactly(0);
    }

    @Test
    void exploring_keeps_all() {
      assertThat(Situation.filtering(filter(1, 18_000)).holding(10, 0).kept())
          .containsExactly(0, 1);
    }
  }

  @Test
  void context_length_drops_what_is_out_of_range_only_where_it_filters() {
    for (boolean filtering : new boolean[] {true, false}) {
      var situation = Situation.filtering(new ContextLengthAware("range", filtering)).prompt(2_000);
      situation.endpoint(Map.of("range", "0-2000"));
      situation.endpoint(Map.of("range", "2001-9000"));
      situation.endpoint(Map.of("range", "wide"));
      situation.endpoint();
      assertThat(situation.kept()).isEqualTo(filtering ? List.of(0, 3) : List.of(0, 1, 2, 3));
    }
  }

  @Test
  void a_test_names_its_endpoints_and_gets_none_without_a_name() {
    var situation = Situation.filtering(new HeaderTestingFilter()).holding(0, 0, 0);
    assertThat(situation.kept()).isEmpty();
    assertThat(situation.header(HeaderTestingFilter.HEADER, "10.0.0.3, 10.0.0.1:8000").kept())
        .containsExactly(0, 2);
    assertThat(situation.header(HeaderTestingFilter.HEADER, "10.0.0.1:9").kept()).isEmpty();
  }
}
