package io.penstock.picker.schedule.plugins;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Every scorer's formula on numbers that can be checked by hand. */
class ScorersTest {

  private static final Offset<Double> EXACT = within(1e-9);
  private static final PrefixMatch ALL = new PrefixMatch(Integer.MAX_VALUE);

  @Nested
  class Queue {

    private final Situation situation = Situation.scoring(new QueueScorer());

    @Test
    void the_longest_queue_scores_0_the_shortest_1_and_between_it_is_linear() {
      assertThat(situation.waiting(10, 0, 4).scores())
          .containsExactly(new double[] {0, 1, 0.6}, EXACT);
    }

    @Test
    void equal_queues_score_1() {
      assertThat(situation.waiting(7, 7).scores()).containsExactly(1, 1);
    }

    @Test
    void a_stale_endpoint_waits_as_much_as_is_in_flight_from_here_without_a_first_token() {
      situation.waiting(10, 0);
      situation.pass(Duration.ofSeconds(2));
      situation.tells(1, 0, 8, 0);
      situation.inFlight.add(0, 0, 100, 100);
      situation.inFlight.add(0, 0, 100, 100);
      situation.inFlight.firstToken(0, 0, 100);

      assertThat(situation.scores()).containsExactly(1, 0);
      assertThat(situation.pick()).isZero();
    }
  }

  @Test
  void running_requests_are_scored_as_queues_are() {
    assertThat(Situation.scoring(new RunningRequestsScorer()).running(2, 12, 7).scores())
        .containsExactly(new double[] {1, 0, 0.5}, EXACT);
  }

  @Test
  void the_free_share_of_the_kv_cache_is_the_score() {
    assertThat(Situation.scoring(new KvCacheUtilizationScorer()).kvUsage(0.25, 1, 0).scores())
        .containsExactly(new double[] {0.75, 0, 1}, EXACT);
  }

  @Test
  void the_kv_cache_of_a_stale_endpoint_is_what_is_in_flight_from_here() {
    var situation = Situation.scoring(new KvCacheUtilizationScorer()).kvUsage(0.9);
    situation.inFlight.add(0, 0, 0, 4_000);
    situation.pass(Duration.ofSeconds(2));

    assertThat(situation.scores()).containsExactly(new double[] {1 - 4_000 / 16_000.0}, EXACT);
  }

  @Test
  void load_aware_gives_half_a_point_to_an_empty_queue_and_none_from_the_threshold_on() {
    assertThat(Situation.scoring(new LoadAwareScorer(128)).waiting(0, 32, 128, 500).scores())
        .containsExactly(new double[] {0.5, 0.375, 0, 0}, EXACT);
  }

  @Test
  void lora_affinity_goes_by_loaded_room_awaited_and_neither() {
    var situation = Situation.scoring(new LoraAffinityScorer()).model("adapter");
    var series =
        "vllm:lora_requests_info{max_lora=\"%d\",running_lora_adapters=\"%s\","
            + "waiting_lora_adapters=\"%s\"} 1.0";
    situation.tells(situation.endpoint(), 0, 0, 0, series.formatted(2, "other,adapter", ""));
    situation.tells(situation.endpoint(), 0, 0, 0, series.formatted(2, "other", ""));
    situation.tells(situation.endpoint(), 0, 0, 0, series.formatted(2, "other", "adapter"));
    situation.tells(situation.endpoint(), 0, 0, 0, series.formatted(2, "other,third", ""));

    assertThat(situation.scores()).containsExactly(1, 0.8, 0.6, 0);
  }

  @Nested
  class PrefixCache {

    @Test
    void the_matched_share_of_the_prompt_is_the_score() {
      var situation = Situation.scoring(new PrefixCacheScorer(ALL, 0, 8192)).prompt(10 * 64);
      assertThat(situation.holding(0, 5, 10).scores()).containsExactly(0, 0.5, 1);
    }

    @Test
    void the_length_counts_by_its_square_up_to_its_scale() {
      var situation = Situation.scoring(new PrefixCacheScorer(ALL, 0.5, 1280)).prompt(32 * 64);
      // 10 blocks are 640 tokens, half of the scale; 32 are more than it.
      assertThat(situation.holding(10, 32).scores())
          .containsExactly(new double[] {0.5 * 0.25 + 0.5 * 10 / 32, 1}, EXACT);
    }

    @Test
    void only_the_leading_blocks_up_to_the_bound_are_compared() {
      var situation =
          Situation.scoring(new PrefixCacheScorer(new PrefixMatch(8), 0, 8192)).prompt(32 * 64);
      assertThat(situation.holding(4, 32).scores()).containsExactly(0.5, 1);
    }

    @Test
    void a_prompt_shorter_than_a_block_matches_nothing() {
      var situation = Situation.scoring(new PrefixCacheScorer(ALL, 0, 8192)).prompt(10);
      assertThat(situation.holding(3, 0).scores()).containsExactly(0, 0);
    }
  }

  @Nested
  class NoHitLru {

    private final Situation situation = Situation.scoring(new NoHitLruScorer(ALL, 1024));

    @Test
    void endpoints_that_were_never_used_come_first_in_their_order() {
      assertThat(situation.holding(0, 0, 0).scores()).containsExactly(1, 0.5, 0);
    }

    @Test
    void cold_requests_go_round_the_longest_unused_first() {
      situation.holding(0, 0, 0);
      assertThat(List.of(situation.pick(), situation.pick(), situation.pick(), situation.pick()))
          .containsExactly(0, 1, 2, 0);
    }

    @Test
    void where_anything_is_held_all_score_a_half_and_no_turn_is_taken() {
      situation.holding(0, 3, 0);
      assertThat(situation.scores()).containsExactly(0.5, 0.5, 0.5);
      situation.prompt(10);
      assertThat(situation.pick()).isZero();
    }

    @Test
    void a_single_endpoint_scores_1() {
      assertThat(situation.holding(0).scores()).containsExactly(1);
    }

    @Test
    void turns_beyond_those_that_are_remembered_count_as_none() {
      var short1 = Situation.scoring(new NoHitLruScorer(ALL, 1)).holding(0, 0, 0);
      assertThat(List.of(short1.pick(), short1.pick(), short1.pick())).containsExactly(0, 1, 0);
    }
  }

  @Test
  void active_requests_are_scored_from_the_most_down() {
    assertThat(Situation.scoring(new ActiveRequestScorer(0, 1)).active(0, 1, 4).scores())
        .containsExactly(1, 0.75, 0);
  }

  @Test
  void an_idle_threshold_and_a_most_for_busy_ones_shape_active_requests() {
    assertThat(Situation.scoring(new ActiveRequestScorer(1, 0.5)).active(1, 2, 4).scores())
        .containsExactly(1, 0.25, 0);
  }

  @Test
  void token_load_counts_what_waits_there_and_what_this_request_brings() {
    var situation = Situation.scoring(new TokenLoadScorer(10_000)).prompt(640).pending(0, 3_000);
    situation.learn(1, 5);
    assertThat(situation.pending(20_000).scores())
        .containsExactly(new double[] {1 - 0.064, 1 - 0.3 - 0.032, 0}, EXACT);
  }

  @Test
  void context_length_prefers_a_narrow_range_with_room_above() {
    var scorer = new ContextLengthAware("range", false);
    var situation = Situation.scoring(scorer).prompt(2_000);
    for (var range : List.of("0-4000", "1000-2000", "3000-9000", "2000-2000", "wide", "5-1")) {
      situation.endpoint(Map.of("range", range));
    }
    situation.endpoint();

    assertThat(situation.scores())
        .containsExactly(
            new double[] {
              0.3 + 0.7 * (0.7 / 1.4 + 0.3 * 0.5), 0.3 + 0.7 * (0.7 / 1.1), 0.3 / 2, 1, 0, 0, 0.5
            },
            EXACT);
  }

  @Test
  void a_header_draws_to_the_endpoints_whose_label_has_its_value() {
    var situation = Situation.scoring(new HeaderLabelAffinityScorer("x-zone", "zone"));
    situation.endpoint(Map.of("zone", "a"));
    situation.endpoint(Map.of("zone", "b"));
    situation.endpoint();

    assertThat(situation.scores()).containsExactly(0, 0, 0);
    assertThat(situation.header("x-zone", "b").scores()).containsExactly(0, 1, 0);
  }
}
