package io.penstock.picker.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.flow.FlowOutcome;
import io.penstock.picker.flow.Verdict;
import io.penstock.picker.signals.EnginePage;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** {@code latency-slo-admitter} by the latencies that a pool predicts itself. */
class LatencyAdmissionTest {

  private final TestPool pool = new TestPool(2, 1);

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
    var page =
        ("vllm:num_requests_running "
            + running
            + "\nvllm:num_requests_waiting 0\nvllm:kv_cache_usage_perc 0.5\n");
    var sample = EnginePage.read(page);
    pool.picker.signals().update(slot, sample, pool.now, 100 * TestPool.MILLI);
  }

  private Verdict come(int priority, Map<String, String> headers) {
    return pool.admit(priority, headers);
  }

  @Test
  void a_request_that_may_be_shed_and_asks_for_too_much_is_refused_until_an_endpoint_is_idle() {
    var tooMuch = Map.of("x-llm-d-slo-ttft-ms", "0.001");

    assertThat(come(-1, tooMuch)).isEqualTo(new Verdict.Shed(FlowOutcome.DENIED));
    assertThat(come(-1, Map.of("x-llm-d-slo-ttft-ms", "3600000")))
        .isInstanceOf(Verdict.Admitted.class);
    assertThat(come(-1, Map.of())).isInstanceOf(Verdict.Admitted.class);
    assertThat(pool.picker.admission().admitsAtOnce(0)).as("nobody else is asked about").isTrue();

    works(1, 0);
    assertThat(come(-1, tooMuch)).isInstanceOf(Verdict.Admitted.class);
  }

  @Test
  void who_is_refused_leaves_no_trace_in_the_next_pick() {
    come(-1, Map.of("x-llm-d-slo-ttft-ms", "0.001"));

    var route = pool.route(TestPool.prompt(1, 40));
    var decision = pool.picker.decisions().newest(1).getFirst();
    assertThat(decision.ranking().endpoint(0)).isEqualTo(route.endpoint());
    assertThat(pool.picker.decisions().newest(10)).hasSize(1);
  }
}
