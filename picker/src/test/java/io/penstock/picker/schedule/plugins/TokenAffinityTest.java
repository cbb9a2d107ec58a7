package io.penstock.picker.schedule.plugins;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Profile;
import io.penstock.picker.schedule.SessionHeader;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Sessions that clients remember: the header of an answer comes back with the next request. */
class TokenAffinityTest {

  private static final String HEADER = "x-session-token";

  private static String tokenOf(Situation situation, int slot) {
    for (int i = 0; i < 1_000; i++) {
      var endpoint = ((Decision.Route) situation.decide()).endpoint();
      if (endpoint.slot() == slot) {
        return SessionHeader.value(endpoint);
      }
    }
    throw new AssertionError("never picked: " + slot);
  }

  @Test
  void the_endpoint_that_the_header_names_scores_1() {
    var situation =
        Situation.scoring(new TokenAffinity(SessionAffinity.SCORER, HEADER)).holding(0, 0, 0);
    assertThat(situation.header(HEADER, tokenOf(situation, 2)).scores()).containsExactly(0, 0, 1);
  }

  @Test
  void the_filter_keeps_that_endpoint_alone() {
    var situation =
        Situation.filtering(new TokenAffinity(SessionAffinity.FILTER, HEADER)).holding(0, 0, 0);
    assertThat(situation.header(HEADER, tokenOf(situation, 1)).kept()).containsExactly(1);
  }

  @Test
  void a_header_that_names_no_candidate_counts_for_nothing() {
    for (var value : new String[] {"", "0000000000000000", "0123456789abcdef", "10.0.0.1:8000"}) {
      var situation =
          Situation.filtering(new TokenAffinity(SessionAffinity.FILTER, HEADER)).holding(0, 0);
      assertThat(situation.header(HEADER, value).kept()).containsExactly(0, 1);
    }
  }

  @Test
  void a_token_has_16_digits_and_says_nothing_of_the_address() {
    var situation =
        Situation.scoring(new TokenAffinity(SessionAffinity.SCORER, HEADER)).holding(0, 0, 0);
    assertThat(tokenOf(situation, 0))
        .matches("[0-9a-f]{16}")
        .isNotEqualTo(tokenOf(situation, 1))
        .isEqualTo(tokenOf(situation, 0));
  }

  @Test
  void one_header_names_one_endpoint_the_one_that_answers() {
    assertThat(divided(HEADER, HEADER).sessionHeaders())
        .containsExactly(new SessionHeader(HEADER, false));
    assertThat(divided(HEADER, "x-prefill-token").sessionHeaders())
        .containsExactly(
            new SessionHeader(HEADER, false), new SessionHeader("x-prefill-token", true));
  }

  private static Situation divided(String answers, String prefills) {
    var situation =
        new Situation(
            new DisaggProfileHandler(
                DisaggProfileHandler.TYPE,
                false,
                0,
                1,
                DisaggregationDecider.ALWAYS,
                null,
                tokens -> 0),
            List.of(leg("decode", answers), leg("prefill", prefills)));
    situation.endpoint(Map.of("leg", "decode"));
    situation.endpoint(Map.of("leg", "prefill"));
    return situation;
  }

  private static Profile leg(String name, String header) {
    return new Profile(
        name,
        List.of(new LabelFilter(LabelFilter.TYPE, "leg", Set.of(name), false)),
        List.of(new Profile.Weighted(new TokenAffinity(SessionAffinity.SCORER, header), 1)),
        new MaxScorePicker());
  }
}
