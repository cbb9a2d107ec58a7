package io.penstock.picker.schedule.plugins;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.Profile;
import io.penstock.picker.schedule.SchedulingContext;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class SessionAffinityTest {

  private static final String HEADER = "x-session";

  private static SessionAffinity affinity(String type) {
    return new SessionAffinity(
        type, List.of(new SessionId(HEADER, null), new SessionId("cookie", "sid")), 300);
  }

  private static Situation scoring() {
    return Situation.scoring(affinity(SessionAffinity.SCORER)).holding(0, 0, 0, 0);
  }

  @Test
  void a_session_stays_where_it_was_sent_first() {
    var situation = scoring().header(HEADER, "alice");
    int first = situation.pick();
    assertThat(situation.picks(20)[first]).isEqualTo(20);
    assertThat(situation.scores()[first]).isEqualTo(1);
  }

  @Test
  void requests_without_a_session_go_anywhere() {
    assertThat(scoring().picks(100)).doesNotContain(0);
  }

  @Test
  void a_cookie_names_a_session_too() {
    var situation = scoring().header("cookie", "theme=dark; sid=42; x=1");
    int first = situation.pick();
    situation.header("cookie", "sid=42");
    assertThat(situation.picks(20)[first]).isEqualTo(20);
    situation.header("cookie", "notsid=42");
    assertThat(situation.scores()).containsExactly(0, 0, 0, 0);
  }

  @Test
  void a_cookie_has_a_name() {
    assertThatThrownBy(() -> new SessionId("cookie", ""))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a cookie without a name");
  }

  @Test
  void a_session_that_is_not_seen_for_long_is_free() {
    var situation = scoring().header(HEADER, "alice");
    int first = situation.pick();
    situation.pass(Duration.ofMinutes(5));
    assertThat(situation.scores()[first]).isEqualTo(1);
    situation.pass(Duration.ofSeconds(301));
    assertThat(situation.scores()).containsExactly(0, 0, 0, 0);
  }

  @Test
  void as_a_filter_it_leaves_the_bound_endpoint_or_all() {
    var situation = Situation.filtering(affinity(SessionAffinity.FILTER)).holding(0, 0, 0);
    assertThat(situation.kept()).containsExactly(0, 1, 2);
    situation.header(HEADER, "bob");
    int first = situation.pick();
    assertThat(situation.kept()).containsExactly(first);
  }

  @Test
  void a_session_is_bound_anew_only_when_its_endpoint_is_no_candidate() {
    var out = new TreeSet<Integer>();
    var situation =
        new Situation(
            List.of(new Without(out)),
            List.of(new Profile.Weighted(affinity(SessionAffinity.SCORER), 1)),
            new MaxScorePicker());
    situation.holding(0, 0).header(HEADER, "carol");
    int first = situation.pick();
    out.add(first);
    assertThat(situation.pick()).isEqualTo(1 - first);
    out.clear();
    assertThat(situation.picks(10)[1 - first]).isEqualTo(10);
  }

  @Test
  void each_leg_of_a_request_stays_where_it_was_sent_first() {
    var affinity = affinity(SessionAffinity.SCORER);
    var situation =
        new Situation(
            new DisaggProfileHandler(
                DisaggProfileHandler.TYPE,
                false,
                0,
                1,
                DisaggregationDecider.ALWAYS,
                new DisaggProfileHandler.Encoding(2, 1, EncodeDecider.ALWAYS),
                tokens -> 0),
            List.of(leg("decode", affinity), leg("prefill", affinity), leg("encode", affinity)));
    for (int i = 0; i < 4; i++) {
      situation.endpoint(Map.of("leg", "decode"));
      situation.endpoint(Map.of("leg", "prefill"));
      situation.endpoint(Role.ENCODE, Map.of("leg", "encode"));
    }
    situation.header(HEADER, "alice");
    var encoders = situation.encoders();
    var first = (Decision.Disaggregated) situation.decide();

    for (int i = 0; i < 20; i++) {
      assertThat(situation.encoders()).hasSize(1).isEqualTo(encoders);
      var again = (Decision.Disaggregated) situation.decide();
      assertThat(again.decode().endpoint()).isEqualTo(first.decode().endpoint());
      assertThat(again.prefill()).isEqualTo(first.prefill());
    }
  }

  private static Profile leg(String name, SessionAffinity affinity) {
    return new Profile(
        name,
        List.of(new LabelFilter(LabelFilter.TYPE, "leg", Set.of(name), false)),
        List.of(new Profile.Weighted(affinity, 1)),
        new MaxScorePicker());
  }

  /** Bindings agree with a map as long as no set overflows. */
  @Test
  void many_sessions_keep_their_own_slots() {
    var bindings = new SessionBindings(1_000);
    var random = new SplittableRandom(3);
    Map<Long, Integer> model = new HashMap<>();
    for (int i = 0; i < 4_000; i++) {
      long session = random.nextLong();
      int slot = random.nextInt(1 << 14);
      bindings.bind(session, slot, i / 10);
      model.put(session, slot);
    }
    long agree =
        model.entrySet().stream()
            .filter(each -> bindings.slot(each.getKey(), 400) == each.getValue())
            .count();
    assertThat(agree).isGreaterThan(3_990);
    assertThat(bindings.slot(12345, 400)).isEqualTo(SessionBindings.NONE);
  }

  /** Its loop has read the clock a second later. */
  @Test
  void a_session_that_another_loop_has_just_seen_is_bound_and_none_of_the_oldest() {
    var bindings = new SessionBindings(300);
    long session = 1L << 40;
    for (int other = 2; other <= 4; other++) {
      bindings.bind((long) other << 40, other, 100);
    }
    bindings.bind(session, 7, 101);

    assertThat(bindings.slot(session, 100)).isEqualTo(7);
    bindings.bind(5L << 40, 5, 100);
    assertThat(bindings.slot(session, 101)).isEqualTo(7);
  }

  private record Without(TreeSet<Integer> slots) implements Filter {

    @Override
    public String type() {
      return "without";
    }

    @Override
    public void filter(SchedulingContext context, Candidates candidates) {
      for (int i = 0; i < candidates.count(); i++) {
        if (slots.contains(candidates.slot(i))) {
          candidates.drop(i);
        }
      }
    }
  }
}
