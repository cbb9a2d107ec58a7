package io.penstock.tools.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.penstock.simulator.engine.EngineProfile;
import io.penstock.tools.replay.trace.PrefixWorkload;
import io.penstock.tools.replay.trace.Trace;
import io.penstock.tools.replay.trace.TraceReader;
import io.penstock.tools.replay.trace.TraceRequest;
import java.io.IOException;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReplayTest {

  /** 1 ms a token, 100 tokens a step and nothing else; 20 blocks of cache. */
  private static final EngineProfile MILLIS =
      new EngineProfile("millis", 1e-3, 0, 0, 0, 0, 20 * 512, 100, 8);

  private static final long SECOND = 1_000_000_000L;

  private static TraceRequest request(
      int number, double seconds, int tokens, int output, int... ids) {
    return new TraceRequest(number, Math.round(seconds * SECOND), tokens, output, ids);
  }

  private static ReplayResult run(Trace trace, String policy, ReplayConfig config) {
    return Replay.run(trace, Policy.parse(policy), config, _ -> {});
  }

  @Nested
  class ByHand {

    @Test
    void one_request_takes_its_prefill_and_then_a_step_for_each_token() {
      var trace = new Trace("one", List.of(request(0, 0, 600, 11, 1, 2)));
      var result = run(trace, "round-robin", ReplayConfig.of(1, MILLIS, 1));
      assertThat(result.ttft().p50()).isCloseTo(0.6, within(1e-6));
      assertThat(result.tpot().p50()).isCloseTo(1e-3, within(1e-9));
      assertThat(result.endToEnd()).isCloseTo(0.61, within(1e-6));
      assertThat(result.goodput()).isEqualTo(1);
      assertThat(result.hitShare()).isZero();
    }

    @Test
    void the_second_of_a_pair_finds_the_full_blocks_of_the_first() {
      var trace =
          new Trace(
              "pair", List.of(request(0, 0, 1100, 1, 1, 2, 3), request(1, 5, 1200, 1, 1, 2, 4)));
      var together = run(trace, "round-robin", ReplayConfig.of(1, MILLIS, 1));
      assertThat(together.hitShare()).isCloseTo(1024.0 / 2300, within(1e-9));
      assertThat(together.ttft().p99()).isCloseTo(1.1, within(1e-6));
      assertThat(together.ttft().p50()).isCloseTo(0.176, within(1e-6));
      var apart = run(trace, "round-robin", ReplayConfig.of(2, MILLIS, 1));
      assertThat(apart.hitShare()).isZero();
      assertThat(apart.imbalance()).isCloseTo(1200 / 1150.0, within(1e-9));
    }

    @Test
    void a_slower_pod_takes_that_much_longer() {
      var trace = new Trace("one", List.of(request(0, 0, 600, 11, 1, 2)));
      var config = ReplayConfig.of(1, MILLIS, 1).withSlowPods(1, 3);
      var result = run(trace, "round-robin", config);
      assertThat(result.ttft().p50()).isCloseTo(1.8, within(1e-6));
      assertThat(result.tpot().p50()).isCloseTo(3e-3, within(1e-9));
    }

    @Test
    void a_dead_pod_s_waiting_requests_go_elsewhere_and_its_streams_are_lost() {
      // Pods 0 and 1 by turns; the second half begins at 1 s, when pod 1 dies.
      var trace =
          new Trace(
              "four",
              List.of(
                  request(0, 0, 500, 10, 1),
                  request(1, 0, 500, 1_000, 2),
                  request(2, 0.9, 500, 10, 3),
                  request(3, 0.95, 500, 10, 4),
                  request(4, 2, 500, 10, 5)));
      var result = run(trace, "round-robin", ReplayConfig.of(2, MILLIS, 1).withLostPod(true));
      assertThat(result.requests()).isEqualTo(5);
      assertThat(result.lost()).isEqualTo(1);
      assertThat(result.goodput()).isEqualTo(0.8);
      // Request 3 starts again at 1 s behind what is left of request 2.
      assertThat(result.ttft().p99()).isBetween(0.9, 1.1);
    }

    @Test
    void the_objective_is_2_s_and_a_fifth_of_a_millisecond_a_token_and_100_ms() {
      var usual = new Outcomes(1, 1, ReplayConfig.TPOT_OBJECTIVE);
      assertThat(usual.meetsObjective(10_000, 4.0, 0.1)).isTrue();
      assertThat(usual.meetsObjective(10_000, 4.01, 0.1)).isFalse();
      assertThat(usual.meetsObjective(10_000, 1, 0.101)).isFalse();
      assertThat(new Outcomes(1, 1, Duration.ofMillis(50)).meetsObjective(10_000, 1, 0.06))
          .isFalse();
    }

    @Test
    void the_first_tenth_is_not_judged() {
      List<TraceRequest> requests = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        requests.add(request(i, i, 100, 1, i));
      }
      var result = run(new Trace("20", requests), "round-robin", ReplayConfig.of(1, MILLIS, 1));
      assertThat(result.requests()).isEqualTo(18);
    }

    @Test
    void a_prompt_that_fits_no_cache_is_refused() {
      var trace = new Trace("one", List.of(request(0, 0, 1100, 10, 1, 2, 3)));
      var config = ReplayConfig.of(1, MILLIS, 1).withCacheBlocks(2);
      assertThatThrownBy(() -> run(trace, "round-robin", config))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("KV cache");
    }
  }

  /** Pod 0 computes prompts for pod 1; 10 ms, and as many more as the prompt has kilotokens. */
  @Nested
  class InTwo {

    private final Roles roles = new Roles(1, 1_000, 1_000_000_000, Duration.ofMillis(10));
    private final ReplayConfig config = ReplayConfig.of(2, MILLIS, 1).withRoles(roles);

    @Test
    void the_prompt_takes_its_prefill_the_transfer_and_a_step_and_then_a_step_for_each_token() {
      var trace = new Trace("one", List.of(request(0, 0, 600, 11, 1, 2)));
      var result = run(trace, "always-divided", config);
      assertThat(result.ttft().p50()).isCloseTo(0.6 + 0.010 + 600e-6 + 0.001, within(1e-6));
      assertThat(result.tpot().p50()).isCloseTo(1e-3, within(1e-9));
      assertThat(result.dividedShare()).isEqualTo(1);
    }

    @Test
    void what_the_answering_pod_has_is_not_sent_again_and_what_was_cached_is_the_prefill_pods() {
      var trace =
          new Trace(
              "twice", List.of(request(0, 0, 1100, 1, 1, 2, 3), request(1, 5, 1100, 1, 1, 2, 3)));
      var result = run(trace, "always-divided", config);
      assertThat(result.hitShare()).isCloseTo(1024.0 / 2200, within(1e-9));
      assertThat(result.ttft().p50()).isCloseTo(0.076 + 0.010 + 76e-6 + 0.001, within(1e-6));
    }

    @Test
    void a_pod_sends_and_takes_in_one_cache_after_the_other() {
      var links = new Links(new Roles(1, 1_000, 1_000_000, Duration.ZERO), 4);
      assertThat(links.arrivalNanos(0, 2, 1_000, 0)).isEqualTo(SECOND);
      assertThat(links.arrivalNanos(1, 3, 1_000, 0)).isEqualTo(SECOND);
      assertThat(links.arrivalNanos(0, 3, 500, SECOND / 2)).isEqualTo(3 * SECOND / 2);
      assertThat(links.arrivalNanos(1, 3, 1_000, 0)).isEqualTo(5 * SECOND / 2);
    }

    @Test
    void by_cost_an_idle_pod_computes_the_prompt_itself() {
      var trace = new Trace("one", List.of(request(0, 0, 600, 11, 1, 2)));
      var result = run(trace, "cost-divided", config);
      assertThat(result.dividedShare()).isZero();
      assertThat(result.ttft().p50()).isCloseTo(0.6, within(1e-6));
    }

    @Test
    void to_policies_that_divide_nothing_all_pods_are_alike() {
      var trace =
          new Trace("pair", List.of(request(0, 0, 600, 5, 1, 2), request(1, 0, 600, 5, 3, 4)));
      var result = run(trace, "round-robin", config);
      assertThat(result.dividedShare()).isZero();
      assertThat(result.ttft().p99()).isCloseTo(0.6, within(1e-6));
    }

    @Test
    void policies_that_divide_need_roles() {
      var trace = new Trace("one", List.of(request(0, 0, 600, 11, 1, 2)));
      assertThatThrownBy(() -> run(trace, "cost-divided", ReplayConfig.of(2, MILLIS, 1)))
          .hasMessageContaining("needs prefill pods");
      assertThatThrownBy(() -> config.withLostPod(true)).hasMessageContaining("--lose-pod");
      assertThatThrownBy(() -> ReplayConfig.of(1, MILLIS, 1).withRoles(roles))
          .hasMessageContaining("--prefill");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cost-divided", "always-divided"})
    void everything_is_answered_and_repeats_from_its_seed(String policy) {
      var trace = PrefixWorkload.named("long-prompts", 12).generate(300, 5);
      var pods =
          ReplayConfig.of(5, EngineProfile.LLAMA_8B, 7)
              .withRoles(Roles.of(2, EngineProfile.LLAMA_8B, 12_500_000_000L))
              .withGateways(2);
      var first = run(trace, policy, pods);
      assertThat(first.requests()).isEqualTo(270);
      assertThat(first.dividedShare()).isPositive();
      assertThat(run(trace, policy, pods).ttft()).isEqualTo(first.ttft());
    }
  }

  @Nested
  class Bound {

    @Test
    void is_what_affinity_finds_in_caches_of_that_size() {
      // Two conversations of two turns; block 0 is everybody's and draws nobody.
      var trace =
          new Trace(
              "turns",
              List.of(
                  request(0, 0, 1537, 1, 0, 1, 2, 3),
                  request(1, 1, 1537, 1, 0, 11, 12, 13),
                  request(2, 2, 2049, 1, 0, 1, 2, 4, 5),
                  request(3, 3, 2049, 1, 0, 11, 12, 14, 15)));
      double tokens = 2 * 1537 + 2 * 2049;
      assertThat(CapacityBound.hitShare(trace, 2, 100))
          .isCloseTo(2 * 3 * 512 / tokens, within(1e-9));
      // One cache of three blocks: each turn evicts the other conversation but for block 0.
      assertThat(CapacityBound.hitShare(trace, 1, 3)).isCloseTo(3 * 512 / tokens, within(1e-9));
    }

    @Test
    void of_the_conversation_trace_is_the_published_one() throws IOException {
      var trace = TraceReader.builtIn("conversation");
      assertThat(CapacityBound.hitShare(trace, 8, 800)).isCloseTo(0.144, within(0.02));
      assertThat(CapacityBound.hitShare(trace, 1, 1_000_000)).isCloseTo(0.374, within(0.02));
    }
  }

  @Test
  void gateways_that_tell_each_other_what_they_send_do_as_well_as_one() throws IOException {
    var trace = TraceReader.builtIn("synthetic").half(Trace.Half.SECOND);
    var one = ReplayConfig.of(8, EngineProfile.LLAMA_70B, 1);
    var alone = one.withGateways(3);
    var telling = alone.withShareDelay(Duration.ofMillis(5));

    var result = run(trace, "expected-cost", telling);
    assertThat(result.goodput())
        .isGreaterThan(run(trace, "expected-cost", one).goodput() - 0.01)
        .isGreaterThan(run(trace, "expected-cost", alone).goodput() + 0.1);
    assertThat(run(trace, "expected-cost", telling).ttft()).isEqualTo(result.ttft());
  }

  private static List<String> policies() {
    return Policy.names();
  }

  @ParameterizedTest
  @MethodSource("policies")
  void every_policy_answers_everything_and_repeats_from_its_seed(String policy) {
    var trace = PrefixWorkload.named("zipf", 20).generate(300, 5);
    var config =
        ReplayConfig.of(3, EngineProfile.LLAMA_8B, 7)
            .withSlowPods(1, 1.5)
            .withGateways(2)
            .withLostPod(true)
            .withScrapeInterval(Duration.ofSeconds(1));
    var first = run(trace, policy, config);
    var again = run(trace, policy, config);
    assertThat(first.requests()).isEqualTo(270);
    assertThat(first.ttft()).isEqualTo(again.ttft());
    assertThat(first.hitShare()).isEqualTo(again.hitShare()).isPositive();
    assertThat(run(trace, policy, ReplayConfig.of(3, EngineProfile.LLAMA_8B, 8)).ttft())
        .isNotEqualTo(first.ttft());
  }

  @Test
  void the_gateways_picker_beats_turns_on_a_piece_of_a_real_trace() throws IOException {
    var trace = TraceReader.builtIn("conversation").limit(1_500).spread(1).faster(1.3);
    var config = ReplayConfig.of(8, EngineProfile.LLAMA_70B, 1);
    var ours = run(trace, "expected-cost", config);
    var turns = run(trace, "round-robin", config);
    assertThat(ours.goodput()).isGreaterThan(turns.goodput() + 0.05);
    assertThat(ours.hitShare()).isGreaterThan(turns.hitShare());
  }

  @Test
  void keys_follow_the_prefix_in_steps_of_64_tokens() {
    var one = PickerGateway.keys(request(0, 0, 1000, 1, 5, 6));
    var other = PickerGateway.keys(request(1, 0, 1100, 1, 5, 7, 8));
    assertThat(one.count()).isEqualTo(15);
    assertThat(other.count()).isEqualTo(17);
    for (int i = 0; i < 8; i++) {
      assertThat(other.key(i)).isEqualTo(one.key(i));
    }
    assertThat(other.key(8)).isNotEqualTo(one.key(8));
  }

  @Test
  void policies_take_weights_and_say_what_is_allowed() {
    assertThat(Policy.parse("expected-cost:decode=0.5,stall=0").name())
        .isEqualTo("expected-cost:decode=0.5,stall=0");
    assertThatThrownBy(() -> Policy.parse("fastest")).hasMessageContaining("round-robin");
    assertThatThrownBy(() -> Policy.parse("expected-cost:speed=1")).hasMessageContaining("stall");
    assertThatThrownBy(() -> Policy.parse("expected-cost:decode")).hasMessageContaining("decode");
    assertThatThrownBy(() -> Policy.parse("preble:decode=1")).hasMessageContaining("no weights");
  }

  @Test
  void the_report_has_every_policy_as_text_json_and_chart() throws IOException {
    var trace = PrefixWorkload.named("shared-prefix", 20).generate(100, 1);
    var config = ReplayConfig.of(2, EngineProfile.LLAMA_8B, 1);
    List<ReplayReport> reports = new ArrayList<>();
    for (double speed : new double[] {1, 2}) {
      var faster = trace.faster(speed);
      var results =
          List.of(run(faster, "expected-cost", config), run(faster, "least-request", config));
      reports.add(ReplayReport.of(faster, speed, config, results));
    }
    assertThat(reports.getFirst().table()).contains("expected-cost", "least-request", "goodput");
    var json = new StringWriter();
    ReplayReport.writeJson(reports, json);
    assertThat(json.toString()).contains("\"policy\" : \"least-request\"", "\"hitShareBound\"");
    assertThat(ReplayReport.goodputChart(reports).svg()).contains("expected-cost", "</svg>");
  }
}
