package io.penstock.picker.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.Decision;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A pool that is routed by configurations, one after the other. */
class PolicySwapTest {

  private static EndpointPickerConfig config(String plugins) {
    return TestPolicy.experimental("plugins: [" + plugins + "]\n");
  }

  @Test
  void the_next_pick_is_by_the_new_policy_and_what_is_in_flight_stays_counted() {
    var pool = new TestPool(3, 1);
    var request = TestPool.prompt(1, 40);
    var placement = pool.place(request, pool.route(request));
    var holder = placement.endpoint();

    pool.picker.policy(config("{type: prefix-cache-scorer}"));
    assertThat(pool.route(request).endpoint()).isEqualTo(holder);
    assertThat(pool.picker.decisions().newest(1).getFirst().ranking().termNames())
        .containsExactly("prefix-cache-scorer");

    pool.picker.policy(config("{type: active-request-scorer}"));
    assertThat(pool.route(request).endpoint()).isNotEqualTo(holder);
    assertThat(pool.picker.inFlight().requests(holder.slot())).isEqualTo(1);

    pool.picker.policy(null);
    pool.route(request);
    assertThat(pool.picker.decisions().newest(1).getFirst().ranking().termNames())
        .contains("prefill");
    placement.completed(-1, -1, -1, pool.now);
    assertThat(pool.picker.inFlight().total()).isZero();
  }

  @Test
  void pods_that_cannot_answer_alone_get_nothing_unless_the_profile_asks_for_their_leg() {
    var pool = new TestPool(0, 1);
    pool.picker.apply(
        new PoolDelta(List.of(EndpointSpec.of("10.0.0.9", 8000, Role.PREFILL)), List.of()));
    pool.picker.policy(config("{type: queue-scorer}"));
    assertThat(pool.pick(TestPool.prompt(1, 4)))
        .isEqualTo(new Decision.NoEndpoint(Decision.Reason.FILTERED));
  }

  @Test
  void the_destinations_are_the_most_of_any_picker() {
    assertThat(
            config("{type: max-score-picker, parameters: {maxNumOfEndpoints: 3}}").destinations())
        .isEqualTo(3);
    assertThat(config("{type: queue-scorer}").destinations()).isEqualTo(1);
    assertThat(EndpointPickerConfig.llmdDefault().destinations()).isEqualTo(1);
  }

  @Test
  void of_a_request_that_may_be_divided_the_picker_of_who_answers_says_how_many() {
    var divided =
        """
        plugins:
          - {type: disagg-profile-handler, parameters: {deciders: {prefill: always-disagg-pd-decider}}}
          - type: always-disagg-pd-decider
          - {name: two, type: max-score-picker, parameters: {maxNumOfEndpoints: 2}}
          - {name: three, type: max-score-picker, parameters: {maxNumOfEndpoints: 3}}
        schedulingProfiles:
          - {name: decode, plugins: [{pluginRef: two}]}
          - {name: prefill, plugins: [{pluginRef: three}]}
        """;
    assertThat(TestPolicy.of(divided).destinations()).isEqualTo(2);
  }
}
