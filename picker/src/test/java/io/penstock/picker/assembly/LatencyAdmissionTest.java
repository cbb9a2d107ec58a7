package io.penstock.picker.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.flow.FlowOutcome;
import io.penstock.picker.flow.Verdict;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.signals.EnginePage;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** {@code latency-slo-admitter} by the latencies that a pool predicts itself. */
class LatencyAdmissionTest {

  private static final Map<String, String> TOO_MUCH = Map.of("x-llm-d-slo-ttft-ms", "0.001");

  private final Set<Integer> ejected = new HashSet<>();
  private final TestPool pool = new TestPool(2, 1, new Ejecting(ejected));

  LatencyAdmissionTest() {
    pool.picker.policy(
        TestPolicy.of(
            """
            plugins: [{type: queue-scorer}, {type: latency-slo-admitter}]
            schedulingProfiles: [{name: default, plugins: [{pluginRef: queue-scorer}]}]
            """));
    for (int slot = 0; slot < 2; slot++) {
      works(slot, 1);
    }
  }

  private void works(int slot, int running) {
    says(
        slot,
        "vllm:num_requests_running "
            + running
            + "\nvllm:num_requests_waiting 0\nvllm:kv_cache_usage_perc 0.5\n");
  }

  private void says(int slot, String page) {
    pool.picker.signals().update(slot, EnginePage.read(page), pool.now, 100 * TestPool.MILLI);
  }

  private Verdict come(int priority, Map<String, String> headers) {
    return pool.admit(priority, headers);
  }

  @Test
  void a_request_that_may_be_shed_and_asks_for_too_much_is_refused_until_an_endpoint_is_idle() {
    assertThat(come(-1, TOO_MUCH)).isEqualTo(new Verdict.Shed(FlowOutcome.DENIED));
    assertThat(come(-1, Map.of("x-llm-d-slo-ttft-ms", "3600000")))
        .isInstanceOf(Verdict.Admitted.class);
    assertThat(come(-1, Map.of())).isInstanceOf(Verdict.Admitted.class);
    assertThat(pool.picker.admission().admitsAtOnce(0)).as("nobody else is asked about").isTrue();

    works(1, 0);
    assertThat(come(-1, TOO_MUCH)).isInstanceOf(Verdict.Admitted.class);
  }

  @Test
  void an_endpoint_that_is_ejected_or_asleep_is_no_reason_to_let_a_request_in() {
    works(1, 0);
    ejected.add(1);
    assertThat(come(-1, TOO_MUCH)).isEqualTo(new Verdict.Shed(FlowOutcome.DENIED));

    ejected.clear();
    assertThat(come(-1, TOO_MUCH)).isInstanceOf(Verdict.Admitted.class);
    says(1, "vllm:num_requests_running 0\nvllm:engine_sleep_state{sleep_state=\"awake\"} 0\n");
    assertThat(come(-1, TOO_MUCH)).isEqualTo(new Verdict.Shed(FlowOutcome.DENIED));
  }

  @Test
  void where_all_that_can_answer_are_ejected_all_of_them_are_asked() {
    pool.picker.apply(
        new PoolDelta(List.of(EndpointSpec.of("10.0.0.9", 8000, Role.PREFILL)), List.of()));
    ejected.addAll(Set.of(0, 1));

    assertThat(come(-1, TOO_MUCH)).isEqualTo(new Verdict.Shed(FlowOutcome.DENIED));
    works(0, 0);
    assertThat(come(-1, TOO_MUCH)).isInstanceOf(Verdict.Admitted.class);
  }

  @Test
  void who_is_refused_leaves_no_trace_in_the_next_pick() {
    come(-1, TOO_MUCH);

    var route = pool.route(TestPool.prompt(1, 40));
    var decision = pool.picker.decisions().newest(1).getFirst();
    assertThat(decision.ranking().endpoint(0)).isEqualTo(route.endpoint());
    assertThat(pool.picker.decisions().newest(10)).hasSize(1);
  }

  private record Ejecting(Set<Integer> slots) implements EndpointHealth {

    @Override
    public boolean routable(int slot, long nowNanos) {
      return !slots.contains(slot);
    }

    @Override
    public double weight(int slot, long nowNanos) {
      return 1;
    }

    @Override
    public void forget(int slot) {
      slots.remove(slot);
    }
  }
}
