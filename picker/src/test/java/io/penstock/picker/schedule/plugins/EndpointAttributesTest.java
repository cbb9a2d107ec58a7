package io.penstock.picker.schedule.plugins;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.plugins.EndpointAttributeFilter.Operator;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The scorer and the filter by what a custom metric says, on numbers. */
class EndpointAttributesTest {

  private static final String KEY = "depth";

  /** Endpoints whose attribute has these values; one without it for NaN. */
  private static Situation telling(Situation situation, double... values) {
    situation.custom(KEY, "own:depth{kind=x}");
    for (double value : values) {
      int slot = situation.endpoint();
      var line = Double.isNaN(value) ? "" : "own:depth{kind=\"x\"} " + value + "\n";
      situation.tells(slot, 0, 0, 0, line + "own:depth{kind=\"y\"} 1000000");
    }
    return situation;
  }

  private static double[] scores(EndpointAttributeScorer scorer, double... values) {
    return telling(Situation.scoring(scorer), values).scores();
  }

  private static List<Integer> kept(EndpointAttributeFilter filter, double... values) {
    return telling(Situation.filtering(filter), values).kept();
  }

  private static EndpointAttributeFilter is(Operator operator, double value) {
    return new EndpointAttributeFilter(KEY, operator, value, true, false);
  }

  @Test
  void between_the_least_and_the_most_of_the_candidates() {
    // (v − 2) / (10 − 2), and 1 minus that.
    var higher = EndpointAttributeScorer.adaptive(KEY, false);
    assertThat(scores(higher, 2, 10, 4)).containsExactly(new double[] {0, 1, 0.25}, within(1e-12));
    var lower = EndpointAttributeScorer.adaptive(KEY, true);
    assertThat(scores(lower, 2, 10, 4)).containsExactly(new double[] {1, 0, 0.75}, within(1e-12));
    assertThat(scores(lower, -2, -10, -4))
        .containsExactly(new double[] {0, 1, 0.25}, within(1e-12));
  }

  @Test
  void an_endpoint_without_the_attribute_scores_nothing_and_moves_no_bound() {
    assertThat(scores(EndpointAttributeScorer.adaptive(KEY, true), 3, Double.NaN, 5))
        .containsExactly(1, 0, 0);
    assertThat(scores(EndpointAttributeScorer.fixed(KEY, true, 0, 10), Double.NaN, 4))
        .containsExactly(new double[] {0, 0.6}, within(1e-12));
  }

  @Test
  void where_all_are_equal_all_that_have_it_score_one() {
    assertThat(scores(EndpointAttributeScorer.adaptive(KEY, true), 7, 7, Double.NaN))
        .containsExactly(1, 1, 0);
    assertThat(scores(EndpointAttributeScorer.adaptive(KEY, false), 7)).containsExactly(1);
  }

  @Test
  void between_given_bounds_and_cut_off_at_them() {
    // (v − 10) / (30 − 10)
    assertThat(scores(EndpointAttributeScorer.fixed(KEY, false, 10, 30), 5, 10, 15, 30, 99))
        .containsExactly(new double[] {0, 0, 0.25, 1, 1}, within(1e-12));
    assertThat(scores(EndpointAttributeScorer.fixed(KEY, true, 10, 30), 5, 10, 15, 30, 99))
        .containsExactly(new double[] {1, 1, 0.75, 0, 0}, within(1e-12));
  }

  @Test
  void each_operator_keeps_those_that_compare_so() {
    double[] values = {4, 5, 6};
    assertThat(kept(is(Operator.LESS, 5), values)).containsExactly(0);
    assertThat(kept(is(Operator.LESS_OR_EQUAL, 5), values)).containsExactly(0, 1);
    assertThat(kept(is(Operator.GREATER, 5), values)).containsExactly(2);
    assertThat(kept(is(Operator.GREATER_OR_EQUAL, 5), values)).containsExactly(1, 2);
    assertThat(kept(is(Operator.EQUAL, 5), values)).containsExactly(1);
    assertThat(kept(is(Operator.NOT_EQUAL, 5), values)).containsExactly(0, 2);
  }

  @Test
  void those_without_the_attribute_pass_or_fail() {
    for (boolean pass : new boolean[] {true, false}) {
      var filter = new EndpointAttributeFilter(KEY, Operator.LESS, 5, pass, false);
      assertThat(kept(filter, 4, Double.NaN, 6)).isEqualTo(pass ? List.of(0, 1) : List.of(0));
    }
  }

  @Test
  void all_stay_where_none_would_if_that_is_asked_for_and_else_it_is_too_much_load() {
    var falling = new EndpointAttributeFilter(KEY, Operator.LESS, 1, true, true);
    assertThat(kept(falling, 4, 6)).containsExactly(0, 1);
    assertThat(telling(Situation.filtering(is(Operator.LESS, 1)), 4, 6).decide())
        .isEqualTo(new Decision.NoEndpoint(Decision.Reason.SATURATED));
  }

  @Test
  void an_attribute_of_a_page_that_is_too_old_is_missing() {
    var scoring = telling(Situation.scoring(EndpointAttributeScorer.adaptive(KEY, true)), 3, 5);
    assertThat(scoring.scores()).containsExactly(1, 0);
    scoring.pass(Duration.ofSeconds(2));
    assertThat(scoring.scores()).containsExactly(0, 0);

    var filtering = telling(Situation.filtering(is(Operator.LESS, 1)), 3, 5);
    filtering.pass(Duration.ofSeconds(2));
    assertThat(filtering.kept()).containsExactly(0, 1);
  }

  @Test
  void an_attribute_that_no_engine_has_is_missing() {
    var situation = Situation.scoring(EndpointAttributeScorer.adaptive("other", true));
    assertThat(telling(situation, 3, 5).scores()).containsExactly(0, 0);
  }
}
