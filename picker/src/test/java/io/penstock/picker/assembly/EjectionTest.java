package io.penstock.picker.assembly;

import static io.penstock.picker.assembly.TestPool.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.flow.FlowOutcome;
import io.penstock.picker.flow.Verdict;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.schedule.plugins.EjectionFilter;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class EjectionTest {

  private final Map<Integer, Double> weights = new HashMap<>();
  private final EndpointHealth health =
      new EndpointHealth() {
        @Override
        public boolean routable(int slot, long nowNanos) {
          return weights.getOrDefault(slot, 1.0) >= 0;
        }

        @Override
        public double weight(int slot, long nowNanos) {
          return weights.getOrDefault(slot, 1.0);
        }

        @Override
        public void forget(int slot) {}
      };
  private final TestPool pool = new TestPool(4, 1, health);

  @Test
  void an_ejected_endpoint_gets_nothing_even_if_it_holds_the_prefix() {
    var warm = pool.route(prompt(1, 40));
    pool.place(prompt(1, 40), warm).completed(-1, -1, -1, pool.now);
    weights.put(warm.endpoint().slot(), -1.0);

    for (int i = 0; i < 50; i++) {
      assertThat(pool.route(prompt(1, 40)).endpoint()).isNotEqualTo(warm.endpoint());
    }
    var decision = pool.picker.decisions().newest(1).getFirst();
    assertThat(decision.ranking().dropped()).isEqualTo(1);
    assertThat(decision.ranking().droppedEndpoint(0)).isEqualTo(warm.endpoint());
    assertThat(decision.ranking().droppedBy(0)).isEqualTo(EjectionFilter.TYPE);
  }

  @Test
  void if_all_are_ejected_all_are_used() {
    for (int slot = 0; slot < 4; slot++) {
      weights.put(slot, -1.0);
    }

    assertThat(shares(400)).hasSize(4);
  }

  @Test
  void a_returning_endpoint_gets_a_share_that_follows_its_weight() {
    weights.put(0, 0.2);

    var shares = shares(4_000);

    assertThat(shares.get(0) / 4_000.0).isCloseTo(0.2 / 4, within(0.02));
  }

  @Test
  void returning_endpoints_are_used_if_there_is_no_other() {
    weights.putAll(Map.of(0, 0.01, 1, -1.0, 2, -1.0, 3, -1.0));

    assertThat(shares(100)).containsOnlyKeys(0);
  }

  @Test
  void an_ejected_endpoint_is_no_room_for_who_waits_unless_all_are() {
    pool.picker.policy(
        TestPolicy.of(
            """
            featureGates: [flowControl]
            plugins:
              - type: queue-scorer
              - {type: concurrency-detector, parameters: {maxConcurrency: 1}}
            schedulingProfiles: [{name: default, plugins: [{pluginRef: queue-scorer}]}]
            flowControl: {saturationDetector: {pluginRef: concurrency-detector}}
            """));
    weights.putAll(Map.of(0, -1.0, 1, -1.0, 2, -1.0));
    pool.pass(100);
    assertThat(goingOn(10)).isEqualTo(1);

    weights.put(3, -1.0);
    pool.pass(100);
    assertThat(goingOn(10)).isZero();
    assertThat(pool.picker.admission().counts().of(FlowOutcome.DISPATCHED)).isEqualTo(4);
  }

  private long goingOn(int requests) {
    return Stream.generate(() -> pool.admit(0, Map.of()))
        .limit(requests)
        .filter(Verdict.Admitted.class::isInstance)
        .count();
  }

  private Map<Integer, Integer> shares(int picks) {
    Map<Integer, Integer> shares = new HashMap<>();
    for (int i = 0; i < picks; i++) {
      shares.merge(pool.route(prompt(7, 1)).endpoint().slot(), 1, Integer::sum);
    }
    return shares;
  }
}
