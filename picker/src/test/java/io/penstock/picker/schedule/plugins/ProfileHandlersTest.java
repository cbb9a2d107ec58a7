package io.penstock.picker.schedule.plugins;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.Profile;
import io.penstock.picker.schedule.ProfileHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Which profiles run, in which order, and what comes of them. */
class ProfileHandlersTest {

  private static final Decision NONE = new Decision.NoEndpoint(Decision.Reason.FILTERED);

  private static Profile zone(String name, String zone, Filter... more) {
    var filters = new ArrayList<Filter>(List.of(more));
    filters.addFirst(new LabelFilter(LabelFilter.TYPE, "zone", Set.of(zone), false));
    return new Profile(name, filters, List.of(), new MaxScorePicker());
  }

  private static Situation situation(ProfileHandler handler, Profile... profiles) {
    var situation = new Situation(handler, List.of(profiles));
    situation.endpoint(Map.of("zone", "a"));
    situation.endpoint(Map.of("zone", "b"));
    return situation;
  }

  @Nested
  class ByHeader {

    private final Situation two =
        situation(
            new HeaderProfileHandler("x-profile", "second", List.of("first", "second")),
            zone("first", "a"),
            zone("second", "b"));

    @Test
    void the_header_names_the_profile_and_without_it_the_default_runs() {
      assertThat(two.pick()).isEqualTo(1);
      assertThat(two.header("x-profile", "first").pick()).isZero();
      assertThat(two.header("x-profile", "second").pick()).isEqualTo(1);
    }

    @Test
    void a_name_that_no_profile_has_gets_no_endpoint() {
      assertThat(two.header("x-profile", "First").decide()).isEqualTo(NONE);
    }

    @Test
    void a_default_that_no_profile_has_gets_none_without_the_header() {
      var wrong =
          situation(
              new HeaderProfileHandler("x-profile", "third", List.of("first", "second")),
              zone("first", "a"),
              zone("second", "b"));
      assertThat(wrong.decide()).isEqualTo(NONE);
      assertThat(wrong.header("x-profile", "first").pick()).isZero();
    }

    @Test
    void the_only_profile_runs_whatever_the_header_says() {
      var one =
          situation(
              new HeaderProfileHandler("x-profile", "decode", List.of("only")), zone("only", "a"));
      assertThat(one.pick()).isZero();
      assertThat(one.header("x-profile", "other").pick()).isZero();
    }

    @Test
    void the_chosen_profile_alone_decides_even_where_it_finds_none() {
      var empty =
          situation(
              new HeaderProfileHandler("x-profile", "first", List.of("first", "second")),
              zone("first", "c"),
              zone("second", "b"));
      assertThat(empty.decide()).isEqualTo(NONE);
    }
  }

  @Nested
  class Divided {

    private static DisaggProfileHandler handler(
        boolean prefillFirst, DisaggregationDecider decider) {
      return new DisaggProfileHandler(
          DisaggProfileHandler.TYPE, prefillFirst, 0, 1, decider, null, tokens -> 7L * tokens);
    }

    @Test
    void the_hand_over_of_what_is_missing_is_part_of_the_time_to_first_token() {
      var situation =
          situation(handler(false, DisaggregationDecider.ALWAYS), zone("d", "a"), zone("p", "b"));
      situation.learn(0, 4);
      var divided = (Decision.Disaggregated) situation.decide();
      assertThat(divided.decode().endpoint().slot()).isZero();
      assertThat(divided.prefill().slot()).isEqualTo(1);
      assertThat(divided.predictedTtftNanos() - divided.predictedPrefillNanos())
          .isEqualTo(7L * (640 - 4 * 64));
    }

    @Test
    void neither_leg_has_the_others_endpoint_as_an_alternative() {
      var both = situation(handler(false, DisaggregationDecider.ALWAYS), any("d"), any("p"));
      both.endpoint();
      both.inFlight.add(0, 0, 0, 0);
      int divided = 0;
      for (int i = 0; i < 50; i++) {
        if (both.decide() instanceof Decision.Disaggregated apart) {
          divided++;
          assertThat(apart.prefillAlternatives())
              .hasSize(1)
              .doesNotContain(apart.decode().endpoint(), apart.prefill());
          assertThat(apart.decode().alternatives())
              .hasSize(1)
              .doesNotContain(apart.decode().endpoint(), apart.prefill());
        }
      }
      assertThat(divided).isBetween(1, 49);
    }

    private static Profile any(String name) {
      return new Profile(name, List.of(), List.of(), new MaxScorePicker());
    }

    @Test
    void the_earlier_leg_is_the_later_ones_peer() {
      for (boolean prefillFirst : new boolean[] {false, true}) {
        var near = new TopologyAffinityFilter(Topology.HOST);
        var decode = zone("d", "a", near);
        var prefill = zone("p", "b", near);
        var situation =
            new Situation(
                handler(prefillFirst, DisaggregationDecider.ALWAYS), List.of(decode, prefill));
        for (var host : List.of("h1", "h2")) {
          for (var zone : List.of("a", "b")) {
            situation.endpoint(Map.of("zone", zone, "kubernetes.io/hostname", host));
          }
        }
        for (int i = 0; i < 20; i++) {
          var divided = (Decision.Disaggregated) situation.decide();
          assertThat(divided.prefill().slot()).isEqualTo(divided.decode().endpoint().slot() + 1);
        }
      }
    }

    @Test
    void a_filter_by_place_keeps_all_where_there_is_no_peer() {
      assertThat(
              situation(
                      new SingleProfileHandler(),
                      zone("d", "a", new TopologyAffinityFilter(Topology.HOST)))
                  .pick())
          .isZero();
    }

    @Test
    void the_nearer_the_higher_the_score() {
      var scorer = List.of(new Profile.Weighted(new TopologyAffinityScorer(), 1));
      var situation =
          new Situation(
              new DisaggProfileHandler(
                  DisaggProfileHandler.TYPE, true, 1, 0, null, null, tokens -> 0),
              List.of(
                  zone("p", "a"),
                  new Profile(
                      "d",
                      List.of(new LabelFilter(LabelFilter.TYPE, "zone", Set.of("b"), false)),
                      scorer,
                      new MaxScorePicker())));
      var rack = "topology.kubernetes.io/rack";
      var zone = "topology.kubernetes.io/zone";
      var region = "topology.kubernetes.io/region";
      situation.endpoint(
          Map.of("zone", "a", "kubernetes.io/hostname", "h", rack, "r", zone, "z", region, "e"));
      situation.endpoint(Map.of("zone", "b", "kubernetes.io/hostname", "h"));
      situation.endpoint(Map.of("zone", "b", "kubernetes.io/hostname", "i", rack, "r", zone, "z"));
      situation.endpoint(Map.of("zone", "b", zone, "z", region, "e"));
      situation.endpoint(Map.of("zone", "b", region, "e"));
      situation.endpoint(Map.of("zone", "b"));
      assertThat(situation.scores()).containsExactly(0, 1, 0.20, 0.05, 0.02, 0);
    }
  }

  @Nested
  class Encoded {

    private static Situation staged(
        boolean prefillFirst, DisaggregationDecider prefills, EncodeDecider encodes, String zone) {
      var situation =
          new Situation(
              new DisaggProfileHandler(
                  DisaggProfileHandler.TYPE,
                  prefillFirst,
                  0,
                  1,
                  prefills,
                  new DisaggProfileHandler.Encoding(2, 2, encodes),
                  tokens -> 0),
              List.of(zone("d", "a"), zone("p", "b"), least("e", zone)));
      for (var each : List.of("a", "b", "c", "c", "c")) {
        situation.endpoint(Map.of("zone", each));
      }
      // In flight at the encoders: 2, 0, 1.
      situation.inFlight.add(0, 2, 0, 0);
      situation.inFlight.add(0, 2, 0, 0);
      situation.inFlight.add(0, 4, 0, 0);
      return situation;
    }

    private static Profile least(String name, String zone) {
      return new Profile(
          name,
          List.of(new LabelFilter(LabelFilter.TYPE, "zone", Set.of(zone), false)),
          List.of(new Profile.Weighted(new ActiveRequestScorer(0, 1), 1)),
          new MaxScorePicker());
    }

    @Test
    void the_best_endpoints_of_the_stage_are_named_in_either_order_of_the_others() {
      for (boolean prefillFirst : new boolean[] {false, true}) {
        var situation =
            staged(prefillFirst, DisaggregationDecider.ALWAYS, EncodeDecider.MULTIMODAL, "c")
                .media(300);
        assertThat(situation.encoders()).containsExactly(3, 4);
        var divided = (Decision.Disaggregated) situation.decide();
        assertThat(divided.decode().endpoint().slot()).isZero();
        assertThat(divided.prefill().slot()).isEqualTo(1);
      }
    }

    @Test
    void the_decider_says_for_which_requests() {
      var multimodal = staged(false, null, EncodeDecider.MULTIMODAL, "c");
      assertThat(multimodal.encoders()).isEmpty();
      assertThat(multimodal.media(1).encoders()).containsExactly(3, 4);
      assertThat(multimodal.pick()).isZero();
      assertThat(staged(false, null, EncodeDecider.ALWAYS, "c").encoders()).hasSize(2);
    }

    @Test
    void a_stage_without_endpoints_or_with_the_one_that_answers_alone_names_none() {
      for (var zone : List.of("a", "nowhere")) {
        var situation = staged(false, null, EncodeDecider.ALWAYS, zone);
        assertThat(situation.encoders()).isEmpty();
        assertThat(situation.pick()).isZero();
      }
    }
  }
}
