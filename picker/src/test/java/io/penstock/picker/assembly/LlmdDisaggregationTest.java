package io.penstock.picker.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.Weighing.Reason;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What is around the profile handler that divides requests, in a pool of two and two. */
class LlmdDisaggregationTest {

  private final Set<Integer> ejected = new HashSet<>();
  private final TestPool pool =
      new TestPool(
          0,
          1,
          new EndpointHealth() {
            @Override
            public boolean routable(int slot, long nowNanos) {
              return !ejected.contains(slot);
            }

            @Override
            public double weight(int slot, long nowNanos) {
              return 1;
            }

            @Override
            public void forget(int slot) {}
          });

  LlmdDisaggregationTest() {
    for (int i = 0; i < 4; i++) {
      var spec = EndpointSpec.of("10.0.0." + (1 + i), 8000, i < 2 ? Role.PREFILL : Role.DECODE);
      pool.picker.apply(new PoolDelta(List.of(spec), List.of()));
    }
    pool.picker.policy(policy());
  }

  private static EndpointPickerConfig policy() {
    return TestPolicy.of(
        """
            plugins:
              - {type: disagg-profile-handler, parameters: {deciders: {prefill: always-disagg-pd-decider}}}
              - type: always-disagg-pd-decider
              - type: prefill-filter
              - type: decode-filter
              - type: active-request-scorer
            schedulingProfiles:
              - {name: prefill, plugins: [{pluginRef: prefill-filter}, {pluginRef: active-request-scorer}]}
              - {name: decode, plugins: [{pluginRef: decode-filter}]}
            """);
  }

  @Test
  void the_record_shows_who_could_answer_and_who_could_prefill_whatever_the_profiles_order() {
    var divided = (Decision.Disaggregated) pool.pick(TestPool.prompt(1, 40));

    var decision = pool.picker.decisions().newest(1).getFirst();
    assertThat(decision.ranking().endpoint(0)).isEqualTo(divided.decode().endpoint());
    assertThat(decision.ranking().termNames()).isEmpty();
    assertThat(decision.prefills().endpoint(0)).isEqualTo(divided.prefill());
    assertThat(decision.prefills().termNames()).containsExactly("active-request-scorer");
    assertThat(decision.weighing().reason()).isEqualTo(Reason.DECIDER);
    assertThat(divided.prefillAlternatives()).hasSize(1);
    assertThat(pool.picker.disaggregation().count(true, Reason.DECIDER)).isOne();
  }

  @Test
  void the_way_to_who_answers_is_part_of_the_time_to_first_token() {
    var divided = (Decision.Disaggregated) pool.pick(TestPool.prompt(1, 40));

    // 2,560 tokens of 131,072 bytes at 12.5 GB a second, and the overhead of 10 ms.
    assertThat(divided.predictedTtftNanos() - divided.predictedPrefillNanos())
        .isEqualTo(Math.round(2_560 * 131_072 / 12.5) + Duration.ofMillis(10).toNanos());
  }

  @Test
  void where_every_prefill_endpoint_is_ejected_the_request_stays_whole() {
    ejected.addAll(Set.of(0, 1));
    assertThat(pool.route(TestPool.prompt(1, 40)).endpoint().spec().role()).isEqualTo(Role.DECODE);
    assertThat(pool.picker.disaggregation().count(false, Reason.NO_PREFILL_ENDPOINT)).isOne();
  }

  @Test
  void a_prefill_endpoint_that_was_tried_is_not_picked_again() {
    var request = TestPool.prompt(1, 40);
    var tried = new Exclusions();
    var first = (Decision.Disaggregated) pool.pick(request);
    tried.add(first.prefill());
    var second = (Decision.Disaggregated) pool.pick(request, 0, tried);
    assertThat(second.prefill()).isNotEqualTo(first.prefill());
    tried.add(second.prefill());
    assertThat(pool.pick(request, 0, tried)).isInstanceOf(Decision.Route.class);
  }

  @Test
  void where_every_decode_endpoint_is_ejected_all_of_them_stay() {
    ejected.addAll(Set.of(2, 3));
    var divided = (Decision.Disaggregated) pool.pick(TestPool.prompt(1, 40));
    assertThat(divided.decode().endpoint().spec().role()).isEqualTo(Role.DECODE);
  }
}
