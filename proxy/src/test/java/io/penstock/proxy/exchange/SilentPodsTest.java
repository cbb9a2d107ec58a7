package io.penstock.proxy.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolSnapshot;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.Exclusions;
import java.util.List;
import org.junit.jupiter.api.Test;

class SilentPodsTest {

  private static final Endpoint FIRST = endpoint(0);
  private static final Endpoint SECOND = endpoint(1);
  private static final PoolSnapshot POOL = new PoolSnapshot("pool", 1, List.of(FIRST, SECOND));

  private final SilentPods silent = new SilentPods();

  private static Endpoint endpoint(int slot) {
    return endpoint(slot, Role.PREFILL);
  }

  private static Endpoint endpoint(int slot, Role role) {
    return new Endpoint(slot, EndpointSpec.of("10.0.0.1", 8_000 + slot, role), List.of());
  }

  private void nothingFrom(Endpoint endpoint, int times, long nowNanos) {
    for (int i = 0; i < times; i++) {
      silent.nothingFrom(endpoint.id(), nowNanos);
    }
  }

  private List<Endpoint> excluded(long nowNanos) {
    var exclusions = new Exclusions();
    silent.exclude(exclusions, POOL, nowNanos);
    return POOL.endpoints().stream().filter(exclusions::contains).toList();
  }

  @Test
  void a_pod_that_hands_nothing_over_three_times_in_a_row_is_left_out_for_a_minute() {
    nothingFrom(FIRST, 2, -5);
    assertThat(excluded(-5)).isEmpty();

    nothingFrom(FIRST, 1, -5);
    assertThat(excluded(-5)).containsExactly(FIRST);
    assertThat(excluded(SilentPods.PAUSE_NANOS - 6)).containsExactly(FIRST);
    assertThat(excluded(SilentPods.PAUSE_NANOS - 5)).isEmpty();
  }

  @Test
  void after_its_pause_one_more_silence_is_enough_and_one_prompt_makes_up_for_all() {
    nothingFrom(FIRST, 3, 0);
    silent.nothingFrom(FIRST.id(), SilentPods.PAUSE_NANOS);
    assertThat(excluded(SilentPods.PAUSE_NANOS)).containsExactly(FIRST);

    silent.handedOver(FIRST.id());
    nothingFrom(FIRST, 2, SilentPods.PAUSE_NANOS);
    assertThat(excluded(SilentPods.PAUSE_NANOS)).isEmpty();
  }

  @Test
  void a_pod_that_answers_too_is_still_needed_for_that() {
    var both = endpoint(0, Role.BOTH);
    nothingFrom(both, 3, 0);
    var exclusions = new Exclusions();

    silent.exclude(exclusions, new PoolSnapshot("pool", 1, List.of(both)), 1);

    assertThat(exclusions.contains(both)).isFalse();
  }

  @Test
  void each_pod_is_judged_by_itself() {
    nothingFrom(FIRST, 2, 0);
    nothingFrom(SECOND, 3, 0);

    assertThat(excluded(1)).containsExactly(SECOND);
  }

  @Test
  void of_more_pods_than_it_can_remember_it_forgets_those_whose_pause_is_over() {
    for (int i = 0; i < 2_000; i++) {
      silent.nothingFrom(new EndpointId("pod " + i), 0);
    }
    nothingFrom(FIRST, 3, 1);
    assertThat(excluded(1)).as("no room").isEmpty();

    nothingFrom(FIRST, 3, SilentPods.PAUSE_NANOS);
    assertThat(excluded(SilentPods.PAUSE_NANOS)).containsExactly(FIRST);
  }
}
