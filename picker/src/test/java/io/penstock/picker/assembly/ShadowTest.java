package io.penstock.picker.assembly;

import static io.penstock.picker.assembly.TestPool.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.RequestHeaders;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A second policy that decides beside the live one. */
class ShadowTest {

  private static final ShadowPolicy LLM_D =
      new ShadowPolicy("llm-d-default", EndpointPickerConfig.llmdDefault(), 1);
  private static final ShadowPolicy EXPECTED_COST = new ShadowPolicy("expected-cost", null, 1);

  private static TestPool pool(int endpoints, ShadowPolicy shadow) {
    return new TestPool(endpoints, 1, EndpointHealth.ALL_HEALTHY, shadow);
  }

  /** Requests that take a while, some of them over shared prefixes; the endpoints they went to. */
  private static List<Integer> run(TestPool pool, int requests) {
    var random = new SplittableRandom(5);
    List<Integer> slots = new ArrayList<>();
    List<Placement> open = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      var request = prompt(random.nextInt(20), 20 + random.nextInt(60));
      slots.add(send(pool, request, open));
      if (open.size() > 12) {
        open.removeFirst().completed(100, -1, 10, pool.now);
      }
      pool.pass(50);
    }
    open.forEach(placement -> placement.completed(100, -1, 10, pool.now));
    pool.pass(100);
    return slots;
  }

  private static int send(TestPool pool, InferenceRequest request, List<Placement> open) {
    var route = pool.route(request);
    open.add(pool.place(request, route));
    return route.endpoint().slot();
  }

  @Test
  void the_live_policy_decides_as_it_would_without_it() {
    var alone = pool(6, null);
    var watched = pool(6, LLM_D);

    assertThat(run(watched, 400)).isEqualTo(run(alone, 400));
    assertThat(watched.picker.shadow().sampled()).isEqualTo(400);
    assertThat(watched.picker.index().stats().entries())
        .isEqualTo(alone.picker.index().stats().entries());
    assertThat(watched.picker.inFlight().total()).isZero();
    assertThat(alone.picker.shadow()).isNull();
  }

  @Test
  void it_compares_with_the_decision_that_was_made_though_its_route_was_filled_again() {
    var pool = pool(2, EXPECTED_COST);
    var one = pool.place(prompt(1, 40), pool.route(prompt(1, 40)));
    var two = pool.place(prompt(2, 40), pool.route(prompt(2, 40)));
    assertThat(two.endpoint()).isNotEqualTo(one.endpoint());
    one.completed(100, -1, 10, pool.now);
    two.completed(100, -1, 10, pool.now);
    pool.pass(100);
    assertThat(pool.picker.shadow().sampled()).isEqualTo(2);
    long before = pool.picker.shadow().disagreed();

    var mine = new Decision.Route();
    assertThat(pool.route(prompt(1, 50), mine).endpoint()).isEqualTo(one.endpoint());
    assertThat(pool.route(prompt(2, 50), mine).endpoint()).isEqualTo(two.endpoint());
    pool.pass(100);

    assertThat(pool.picker.shadow().sampled()).isEqualTo(4);
    assertThat(pool.picker.shadow().disagreed()).isEqualTo(before);
  }

  @Test
  void another_policy_disagrees_and_by_the_costs_it_loses_against_the_one_that_minimises_them() {
    var pool = pool(6, LLM_D);
    run(pool, 400);

    var shadow = pool.picker.shadow();
    assertThat(shadow.policy()).isEqualTo("llm-d-default");
    assertThat(shadow.disagreed()).isBetween(40L, 400L);
    assertThat(shadow.compared()).isEqualTo(400);
    assertThat(shadow.gainSeconds()).isNegative();
  }

  @Test
  void expected_cost_beside_another_policy_gains() {
    var pool = pool(6, EXPECTED_COST);
    pool.picker.policy(EndpointPickerConfig.llmdDefault());
    run(pool, 400);

    assertThat(pool.picker.shadow().gainSeconds()).isPositive();
  }

  @Test
  void it_sees_the_pool_as_the_decision_saw_it_and_not_as_the_decision_left_it() {
    var pool = pool(4, EXPECTED_COST);
    List<Placement> open = new ArrayList<>();
    for (int family = 0; family < 8; family++) {
      send(pool, prompt(family, 200), open);
      var placement = open.removeFirst();
      pool.now += placement.predictedTtftNanos();
      placement.completed(3200, -1, 10, pool.now);
      pool.pass(100);
    }
    long disagreed = pool.picker.shadow().disagreed();

    for (int family = 0; family < 8; family++) {
      // What holds the prefix wins by far; what the request itself adds is not to be seen yet.
      send(pool, prompt(family, 240), open);
    }
    pool.pass(100);

    assertThat(pool.picker.shadow().sampled()).isEqualTo(16);
    assertThat(pool.picker.shadow().disagreed()).isEqualTo(disagreed);
    assertThat(pool.picker.shadow().gainSeconds()).isCloseTo(0, within(1e-3));
  }

  @Test
  void what_comes_too_fast_is_skipped_and_counted() {
    var pool = pool(2, LLM_D);
    for (int i = 0; i < 40; i++) {
      pool.route(prompt(i, 4));
    }
    pool.pass(100);

    assertThat(pool.picker.shadow().sampled()).isEqualTo(32);
    assertThat(pool.picker.shadow().skipped()).isEqualTo(8);
  }

  @Test
  void what_it_fails_on_is_counted_and_not_tried_again_and_costs_the_others_nothing() {
    var readsHeaders =
        TestPolicy.experimental(
            """
            plugins:
              - type: header-based-testing-filter
            schedulingProfiles:
              - {name: default, plugins: [{pluginRef: header-based-testing-filter}]}
            """);
    var pool = pool(2, new ShadowPolicy("reads-headers", readsHeaders, 1));
    RequestHeaders broken =
        name -> {
          throw new IllegalStateException(name);
        };
    for (int i = 0; i < 3; i++) {
      pick(pool, prompt(i, 4), broken);
    }
    pool.route(prompt(3, 4));

    pool.pass(100);

    assertThat(pool.picker.shadow().sampled()).isEqualTo(1);
    assertThat(pool.picker.shadow().failed()).isEqualTo(3);

    pool.pass(100);

    assertThat(pool.picker.shadow().failed()).isEqualTo(3);
  }

  private static void pick(TestPool pool, InferenceRequest request, RequestHeaders headers) {
    pool.picker.pick(
        request, headers, "request", null, new Decision.Route(), 0, new Exclusions(), pool.now);
  }

  @Test
  void it_looks_at_its_share_of_the_requests() {
    var pool = pool(2, new ShadowPolicy("llm-d-default", LLM_D.config(), 0.1));
    for (int i = 0; i < 2000; i++) {
      pool.route(prompt(i, 4));
      pool.pass(1);
    }

    assertThat(pool.picker.shadow().sampled()).isBetween(150L, 250L);
  }
}
