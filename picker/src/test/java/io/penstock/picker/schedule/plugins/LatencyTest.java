package io.penstock.picker.schedule.plugins;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penstock.picker.pool.Role;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What plugins make of predicted latencies, on numbers that can be checked by hand. */
class LatencyTest {

  private static final Offset<Double> EXACT = within(1e-9);
  private static final LatencyHeadroom BOTH = new LatencyHeadroom(1, true, null);
  private static final LatencyHeadroom FIRST_TOKEN = new LatencyHeadroom(1, false, null);

  private static Situation scored(LatencyHeadroom headroom, boolean most) {
    return Situation.scoring(new LatencyScorer(headroom, 0.8, 0.2, most));
  }

  private static Situation asked(Situation situation, int ttft, int tpot) {
    return situation
        .header("x-llm-d-slo-ttft-ms", String.valueOf(ttft))
        .header("x-llm-d-slo-tpot-ms", String.valueOf(tpot));
  }

  @Nested
  class Scorer {

    @Test
    void the_least_headroom_scores_best_with_both_times_weighed() {
      // Headrooms 40, 20, 0 ms and 1, 5, 9 ms.
      var situation = scored(BOTH, false).forecast(60, 9).forecast(80, 5).forecast(100, 1);
      // 0.8·1 + 0.2·0 = 0.8; 0.8·0.5 + 0.2·0.5 = 0.5; 0.8·0 + 0.2·1 = 0.2
      assertThat(asked(situation, 100, 10).scores())
          .containsExactly(new double[] {0.20, 0.51, 0.81}, EXACT);
    }

    @Test
    void the_most_headroom_scores_best_where_that_is_asked_for() {
      var situation = scored(BOTH, true).forecast(60, 9).forecast(80, 5).forecast(100, 1);
      assertThat(asked(situation, 100, 10).scores())
          .containsExactly(new double[] {0.81, 0.51, 0.21}, EXACT);
    }

    @Test
    void a_time_that_is_equal_for_all_leaves_its_weight_to_the_other() {
      assertThat(asked(scored(BOTH, false).forecast(60, 5).forecast(90, 5), 100, 10).scores())
          .containsExactly(new double[] {0.01, 1}, EXACT);
      assertThat(asked(scored(BOTH, false).forecast(60, 5).forecast(60, 9), 100, 10).scores())
          .containsExactly(new double[] {0.01, 1}, EXACT);
    }

    @Test
    void the_time_per_token_counts_only_where_it_is_set_to_and_not_where_no_token_is_made() {
      assertThat(
              asked(scored(FIRST_TOKEN, false).forecast(60, 50).forecast(90, 90), 100, 10).scores())
          .containsExactly(new double[] {0.01, 1}, EXACT);
      var role = scored(new LatencyHeadroom(1, true, "role"), false);
      role.endpoint(Map.of("role", "prefill"));
      assertThat(asked(role.forecast(0, 50), 100, 10).scores())
          .containsExactly(new double[] {0.51, 0}, EXACT);
    }

    @Test
    void a_buffer_shortens_the_time_per_token_that_may_be_used() {
      var situation = scored(new LatencyHeadroom(0.5, true, null), false);
      assertThat(asked(situation.forecast(1, 6).forecast(1, 4), 100, 10).scores())
          .containsExactly(new double[] {0, 0.51}, EXACT);
    }

    @Test
    void of_those_that_are_late_and_busy_those_late_by_tokens_come_first_then_by_the_first_one() {
      var tokens = busy(150, 20, 150, 5, 50, 20);
      assertThat(asked(tokens, 100, 10).scores()).containsExactly(0, 0, 0.51);
      var first = busy(150, 20, 150, 5, 150, 30);
      assertThat(asked(first, 100, 10).scores()).containsExactly(0, 0.51, 0);
      // Late by 50, 80, 50 and by 10, 15, 20: 0.8·0 + 0.2·0; 0.8·1 + 0.2·0.5; 0.8·0 + 0.2·1.
      var both = busy(150, 20, 180, 25, 150, 30);
      assertThat(asked(both, 100, 10).scores())
          .containsExactly(new double[] {1, 0.10, 0.81}, EXACT);
    }

    /** Three endpoints with a request in flight each and these forecasts. */
    private static Situation busy(int... forecasts) {
      var situation = scored(BOTH, false);
      for (int slot = 0; slot < 3; slot++) {
        situation.forecast(forecasts[2 * slot], forecasts[2 * slot + 1]);
        situation.inFlight.add(0, slot, 0, 0);
      }
      return situation;
    }

    @Test
    void what_is_no_number_asks_for_nothing() {
      var situation = scored(FIRST_TOKEN, false).forecast(60, 1).forecast(90, 1);
      situation.header("x-slo-ttft-ms", "soon");
      assertThat(situation.scores()).containsExactly(new double[] {1, 0.01}, EXACT);
    }
  }

  @Nested
  class Tier {

    private static Situation filtered(double exploration) {
      return asked(
          Situation.filtering(new SloHeadroomTierFilter(BOTH, exploration))
              .forecast(100, 10)
              .forecast(101, 5)
              .forecast(50, 11),
          100,
          10);
    }

    @Test
    void those_that_keep_both_promises_stay() {
      assertThat(filtered(0).kept()).containsExactly(0);
    }

    @Test
    void exploring_keeps_the_others_instead() {
      assertThat(filtered(1).kept()).containsExactly(1, 2);
    }

    @Test
    void all_stay_where_all_keep_them_or_none_does() {
      var none = Situation.filtering(new SloHeadroomTierFilter(BOTH, 0));
      assertThat(asked(none.forecast(101, 1).forecast(102, 1), 100, 10).kept())
          .containsExactly(0, 1);
      var all = Situation.filtering(new SloHeadroomTierFilter(BOTH, 1));
      assertThat(asked(all.forecast(1, 1).forecast(2, 1), 100, 10).kept()).containsExactly(0, 1);
    }
  }

  @Nested
  class Admission {

    private final LatencySloAdmitter admitter = new LatencySloAdmitter(BOTH);

    /** Two endpoints at work, of which each breaks one of the two promises. */
    private Situation atWork() {
      var situation = filtered().forecast(150, 5).forecast(80, 20);
      work(situation, 0);
      work(situation, 1);
      return asked(situation, 100, 10);
    }

    private static Situation filtered() {
      return Situation.filtering();
    }

    private static void work(Situation situation, int slot) {
      situation.tells(slot, 3, 0, 0.5);
    }

    @Test
    void what_no_endpoint_keeps_is_refused_while_all_are_at_work() {
      assertThat(atWork().refusedBy(admitter)).isTrue();
    }

    @Test
    void one_endpoint_that_keeps_both_promises_is_enough() {
      var situation = atWork().forecast(100, 10);
      work(situation, 2);
      assertThat(situation.refusedBy(admitter)).isFalse();
    }

    @Test
    void an_endpoint_where_nothing_runs_is_tried_whatever_is_predicted() {
      var situation = atWork();
      situation.tells(1, 0, 0, 0.5);
      assertThat(situation.refusedBy(admitter)).isFalse();
      situation.inFlight.add(0, 1, 100, 100);
      assertThat(situation.refusedBy(admitter)).isTrue();
    }

    @Test
    void an_endpoint_whose_cache_is_as_good_as_empty_is_tried_too() {
      var situation = atWork();
      situation.tells(0, 3, 0, 0.02);
      assertThat(situation.refusedBy(admitter)).isTrue();
      situation.tells(0, 3, 0, 0.019);
      assertThat(situation.refusedBy(admitter)).isFalse();
    }

    @Test
    void what_is_not_asked_for_is_kept() {
      var nothing = atWork();
      nothing.headers.clear();
      assertThat(nothing.refusedBy(admitter)).isFalse();
      var firstTokenAlone = atWork();
      firstTokenAlone.headers.remove("x-llm-d-slo-tpot-ms");
      assertThat(firstTokenAlone.refusedBy(admitter)).isFalse();
      var tokensAlone = atWork();
      tokensAlone.headers.remove("x-llm-d-slo-ttft-ms");
      assertThat(tokensAlone.refusedBy(admitter)).isFalse();
    }

    @Test
    void an_idle_endpoint_that_cannot_answer_is_no_reason_to_let_a_request_in() {
      var situation = atWork();
      situation.endpoint(Role.ENCODE, Map.of());
      situation.endpoint(Role.PREFILL, Map.of());
      assertThat(situation.refusedBy(admitter)).isTrue();
      var none = asked(filtered(), 100, 10);
      none.endpoint(Role.PREFILL, Map.of());
      assertThat(none.refusedBy(admitter)).as("that is for the pick to say").isFalse();
    }

    @Test
    void where_no_endpoint_serves_the_model_the_pick_says_so() {
      assertThat(atWork().model("other").refusedBy(admitter)).isFalse();
    }
  }

  @Test
  void the_penalty_of_a_prefix_may_be_by_forecasts() {
    var match = new PrefixMatch(Integer.MAX_VALUE);
    for (int penalty : new int[] {20, 30}) {
      var filter =
          new PrefixCacheAffinityFilter(
              match, 0.8, 0, penalty, PrefixCacheAffinityFilter.PREDICTED);
      var situation = Situation.filtering(filter).forecast(125, 0).forecast(100, 0);
      situation.learn(0, 10);
      assertThat(situation.kept()).hasSize(penalty == 20 ? 2 : 1).contains(0);
    }
  }
}
