package io.penstock.picker.schedule.plugins;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Picker;
import io.penstock.picker.schedule.Profile;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Whom pickers choose, and how often. */
class PickersTest {

  /** The free share of the KV cache is the score. */
  private static Situation by(Picker picker, double... scores) {
    var situation =
        new Situation(
            List.of(), List.of(new Profile.Weighted(new KvCacheUtilizationScorer(), 1)), picker);
    return situation.kvUsage(Arrays.stream(scores).map(score -> 1 - score).toArray());
  }

  @Test
  void the_greatest_sum_wins_and_the_next_ones_follow_in_order() {
    var route = (Decision.Route) by(new MaxScorePicker(), 0.5, 0.9, 0.7).decide();
    assertThat(route.endpoint().slot()).isEqualTo(1);
    assertThat(route.alternatives()).extracting(each -> each.slot()).containsExactly(2, 0);
  }

  @Test
  void among_equals_the_fewest_in_flight_from_here_win() {
    var situation = by(new MaxScorePicker(), 0.5, 0.5, 0.5, 0.4);
    situation.inFlight.add(0, 0, 0, 0);
    situation.inFlight.add(0, 2, 0, 0);
    assertThat(situation.picks(50)).containsExactly(0, 50, 0, 0);
  }

  @Test
  void equals_in_that_too_are_picked_evenly() {
    assertThat(by(new MaxScorePicker(), 0.5, 0.5, 0.5, 0.4).picks(3_000))
        .satisfies(counts -> assertThat(counts[3]).isZero())
        .satisfies(
            counts ->
                assertThat(IntStream.of(counts).limit(3))
                    .allSatisfy(count -> assertThat(count).isBetween(900, 1_100)));
  }

  @Test
  void random_picks_evenly_whatever_the_scores() {
    assertThat(IntStream.of(by(new RandomPicker(), 0, 0.5, 1).picks(3_000)))
        .allSatisfy(count -> assertThat(count).isBetween(900, 1_100));
  }

  @Test
  void weighted_random_picks_in_proportion_and_never_a_0() {
    var counts = by(new WeightedRandomPicker(), 0.1, 0.3, 0, 0.6).picks(10_000);
    assertThat(counts[0]).isBetween(900, 1_100);
    assertThat(counts[1]).isBetween(2_800, 3_200);
    assertThat(counts[2]).isZero();
    assertThat(counts[3]).isBetween(5_800, 6_200);
  }

  @Test
  void weighted_random_picks_evenly_where_all_are_0() {
    assertThat(IntStream.of(by(new WeightedRandomPicker(), 0, 0, 0).picks(3_000)))
        .allSatisfy(count -> assertThat(count).isBetween(900, 1_100));
  }

  @Test
  void weights_count_as_they_are_and_scores_outside_of_0_to_1_are_clamped() {
    var situation =
        new Situation(
            List.of(),
            List.of(
                new Profile.Weighted(new QueueScorer(), 2),
                new Profile.Weighted(new KvCacheUtilizationScorer(), 3)),
            new MaxScorePicker());
    situation.tells(situation.endpoint(), 0, 0, 0.5);
    situation.tells(situation.endpoint(), 0, 4, 0);
    assertThat(situation.scores()).containsExactly(2 + 1.5, 3);
  }
}
