package io.penstock.picker.assembly;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.picker.cost.DisaggregationPolicy.Decider;
import io.penstock.picker.cost.ModelRates;
import io.penstock.picker.explain.Attempt;
import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointSpec;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.pool.Role;
import io.penstock.picker.prefix.PrefixIndexConfig;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.EndpointHealth;
import io.penstock.picker.schedule.Exclusions;
import io.penstock.picker.schedule.Weighing;
import io.penstock.picker.signals.EnginePage;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Two prefill endpoints, two that decode: when a request goes to one of each. */
class DisaggregationDecisionTest {

  private static final long MILLI = 1_000_000;
  private static final int BLOCKS = 300;

  private final Set<Integer> ejected = new HashSet<>();
  private final EndpointHealth health =
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
      };
  private long now = 1_000 * MILLI;
  private PoolPicker picker = pool(DisaggregationPolicy.DEFAULT, 2, 2);

  private PoolPicker pool(DisaggregationPolicy policy, int prefills, int decodes) {
    var config =
        PoolPickerConfig.of("test", Set.of("m"), 42)
            .withDisaggregation(policy)
            .withIndex(new PrefixIndexConfig(64, 4096, 8 << 20, 1 << 14, 1));
    var made =
        PoolPicker.builder(config, 1)
            .withoutThread()
            .health(health)
            .time(() -> now, InstantSource.fixed(Instant.EPOCH))
            .build();
    List<EndpointSpec> specs = new ArrayList<>();
    for (int i = 0; i < prefills + decodes; i++) {
      specs.add(
          EndpointSpec.of("10.0.0." + (1 + i), 8000, i < prefills ? Role.PREFILL : Role.DECODE));
    }
    made.apply(new PoolDelta(specs, List.of()));
    return made;
  }

  private static DisaggregationPolicy policy(Decider decider, int promptTokens, int nonCached) {
    return new DisaggregationPolicy(
        decider, promptTokens, nonCached, 131_072, 12_500_000_000L, Duration.ofMillis(10), true);
  }

  private static InferenceRequest.Builder prompt(int family, int blocks) {
    return InferenceRequest.builder(ApiKind.CHAT, "m").stream(true)
        .promptBytes(blocks * PromptKeys.BLOCK_BYTES)
        .keys(TestPool.keys(family, blocks));
  }

  private Decision pick(InferenceRequest request) {
    return picker.pick(request, "request", 0, new Exclusions(), now);
  }

  private Weighing weighing() {
    var weighing = picker.decisions().newest(1).getFirst().weighing();
    assertThat(weighing).isNotNull();
    return weighing;
  }

  /** So many requests decode on each endpoint that answers. */
  private void decoding(int requests) {
    for (var endpoint : picker.snapshot().endpoints()) {
      if (endpoint.spec().role() == Role.DECODE) {
        for (int i = picker.inFlight().decoding(endpoint.slot()); i < requests; i++) {
          picker.inFlight().add(0, endpoint.slot(), 0, 10);
          picker.inFlight().firstToken(0, endpoint.slot(), 0);
        }
        for (int i = picker.inFlight().decoding(endpoint.slot()); i > requests; i--) {
          picker.inFlight().removeDecoding(0, endpoint.slot(), 10);
        }
      }
    }
  }

  @Test
  void an_idle_endpoint_computes_the_prompt_itself() {
    var decision = pick(prompt(1, BLOCKS).build());

    assertThat(decision).isInstanceOf(Decision.Route.class);
    assertThat(((Decision.Route) decision).endpoint().spec().role()).isEqualTo(Role.DECODE);
    assertThat(weighing().reason()).isEqualTo(Weighing.Reason.COST);
    assertThat(weighing().remoteSeconds()).isGreaterThan(weighing().localSeconds());
  }

  @Test
  void where_many_decode_the_prompt_is_computed_elsewhere() {
    decoding(100);

    var decision = (Decision.Disaggregated) pick(prompt(1, BLOCKS).build());

    assertThat(decision.prefill().spec().role()).isEqualTo(Role.PREFILL);
    assertThat(decision.decode().endpoint().spec().role()).isEqualTo(Role.DECODE);
    assertThat(decision.prefillAlternatives()).hasSize(1).doesNotContain(decision.prefill());
    assertThat(decision.predictedTtftNanos()).isGreaterThan(decision.predictedPrefillNanos());
    assertThat(decision.weighing().remoteSeconds()).isLessThan(decision.weighing().localSeconds());
    assertThat(picker.disaggregation().count(true, Weighing.Reason.COST)).isEqualTo(1);
  }

  @Test
  void what_the_answering_endpoint_has_cached_it_need_not_be_sent() {
    decoding(100);
    var request = prompt(1, BLOCKS).build();
    var answers = ((Decision.Disaggregated) pick(request)).decode().endpoint();
    picker.index().learn(answers.slot(), request.keys().array(), request.keys().count());

    var again = pick(request);

    assertThat(again).isInstanceOf(Decision.Route.class);
    assertThat(((Decision.Route) again).endpoint()).isEqualTo(answers);
  }

  @Test
  void caches_on_their_way_to_an_endpoint_make_it_dearer_to_send_another_one_there() {
    decoding(100);
    var request = prompt(1, BLOCKS).build();
    var alone = (Decision.Disaggregated) pick(request);

    for (var endpoint : picker.snapshot().endpoints()) {
      if (endpoint.spec().role() == Role.DECODE) {
        var _ = picker.inFlight().reserveHandOver(0, endpoint.slot(), 50_000, 0);
      }
    }
    var behind = (Decision.Disaggregated) pick(request);

    double half = 25_000.0 * 131_072 / 12.5e9;
    assertThat((rest(behind) - rest(alone)) / 1e9).isCloseTo(half, within(1e-6));
    assertThat(weighing().remoteSeconds() - alone.weighing().remoteSeconds()).isGreaterThan(half);
  }

  /** From the end of the prefill to the first token, in nanoseconds. */
  private static long rest(Decision.Disaggregated divided) {
    return divided.predictedTtftNanos() - divided.predictedPrefillNanos();
  }

  @Test
  void a_request_that_is_divided_counts_as_handed_over_until_its_first_token() {
    decoding(100);
    var request = prompt(1, BLOCKS).build();
    var divided = (Decision.Disaggregated) pick(request);
    int slot = divided.decode().endpoint().slot();
    var inFlight = picker.inFlight();

    var expected = picker.placements().expect(request, divided, 0);
    assertThat(inFlight.handOvers(slot)).isEqualTo(1);
    assertThat(inFlight.handOverTokens(slot)).isEqualTo(divided.decode().promptTokens());
    picker.placements().expectedNoMore(expected);
    assertThat(inFlight.handOvers(slot)).isZero();

    var placed =
        picker.placements().placeDecode(request, divided, divided.decode().endpoint(), 0, now);
    assertThat(inFlight.handOverTokens(slot)).isEqualTo(divided.decode().promptTokens());
    placed.firstByte(now);
    assertThat(inFlight.handOvers(slot)).isZero();
    assertThat(inFlight.handOverTokens(slot)).isZero();
    placed.completed(-1, -1, -1, now);
    assertThat(inFlight.handOvers(slot)).isZero();
  }

  @Test
  void a_cache_that_goes_to_another_endpoint_after_a_failure_goes_there_whole() {
    decoding(100);
    var request = prompt(1, BLOCKS).build();
    for (var endpoint : picker.snapshot().endpoints()) {
      if (endpoint.spec().role() == Role.DECODE) {
        picker.index().learn(endpoint.slot(), request.keys().array(), 8);
      }
    }
    var divided = (Decision.Disaggregated) pick(request);
    var first = divided.decode().endpoint();
    var other = divided.decode().alternatives().getFirst();
    var inFlight = picker.inFlight();

    var failing = picker.placements().placeDecode(request, divided, first, 0, now);
    assertThat(inFlight.handOverTokens(first.slot()))
        .isLessThan(divided.decode().promptTokens())
        .isPositive();
    failing.failed(FailureKind.RESET, now);
    assertThat(inFlight.handOverTokens(first.slot())).isZero();

    var second = picker.placements().placeDecode(request, divided, other, 0, now);
    assertThat(inFlight.handOverTokens(other.slot())).isPositive();
    second.aborted(now);
    assertThat(inFlight.handOvers(other.slot())).isZero();
    assertThat(inFlight.handOverTokens(other.slot())).isZero();
  }

  @Test
  void bounds_hold_whatever_the_costs() {
    picker = pool(policy(Decider.ALWAYS, 10_000, 0), 2, 2);
    assertThat(pick(prompt(1, 100).build())).isInstanceOf(Decision.Route.class);
    assertThat(weighing().reason()).isEqualTo(Weighing.Reason.BOUND);
    assertThat(pick(prompt(1, 1_000).build())).isInstanceOf(Decision.Disaggregated.class);

    picker = pool(policy(Decider.ALWAYS, 0, 1_000), 2, 2);
    var request = prompt(2, 100).build();
    var divided = (Decision.Disaggregated) pick(request);
    for (var endpoint : picker.snapshot().endpoints()) {
      picker.index().learn(endpoint.slot(), request.keys().array(), request.keys().count());
    }
    assertThat(divided.prefillCachedTokens()).isZero();
    assertThat(pick(request)).isInstanceOf(Decision.Route.class);
    assertThat(weighing().reason()).isEqualTo(Weighing.Reason.BOUND);
  }

  @ParameterizedTest
  @EnumSource(ApiKind.class)
  void only_generation_of_one_answer_from_one_prompt_is_divided(ApiKind api) {
    picker = pool(policy(Decider.ALWAYS, 0, 0), 2, 2);
    boolean divides =
        switch (api) {
          case CHAT, COMPLETIONS, RESPONSES, MESSAGES, GENERATE -> true;
          case SGLANG, EMBEDDINGS, OPAQUE -> false;
        };

    assertThat(pick(InferenceRequest.builder(api, "m").promptBytes(9_000).build()))
        .isInstanceOf(divides ? Decision.Disaggregated.class : Decision.Route.class);
    assertThat(pick(InferenceRequest.builder(api, "m").promptBytes(9_000).n(2).build()))
        .isInstanceOf(Decision.Route.class);
    assertThat(pick(InferenceRequest.builder(api, "m").promptBytes(9_000).prompts(2).build()))
        .isInstanceOf(Decision.Route.class);
    assertThat(
            pick(
                InferenceRequest.builder(api, "m")
                    .promptBytes(9_000)
                    .previousResponseId("resp_1")
                    .build()))
        .isInstanceOf(Decision.Route.class);
  }

  @Test
  void who_asks_for_log_probabilities_of_the_prompt_gets_them_where_it_is_computed() {
    picker = pool(policy(Decider.ALWAYS, 0, 0), 2, 2);

    assertThat(pick(prompt(1, BLOCKS).promptLogprobs(true).build()))
        .isInstanceOf(Decision.Route.class);
    assertThat(weighing().reason()).isEqualTo(Weighing.Reason.PROMPT_LOGPROBS);
  }

  @Test
  void never_is_never() {
    picker = pool(policy(Decider.NEVER, 0, 0), 2, 2);
    decoding(500);

    assertThat(pick(prompt(1, BLOCKS).build())).isInstanceOf(Decision.Route.class);
    assertThat(weighing().reason()).isEqualTo(Weighing.Reason.NEVER);
  }

  @Test
  void the_prefill_endpoint_that_has_the_prefix_or_the_shorter_queue_is_taken() {
    picker = pool(policy(Decider.ALWAYS, 0, 0), 2, 2);
    var request = prompt(1, BLOCKS).build();
    var warm = prefill(1);
    picker.index().learn(warm.slot(), request.keys().array(), request.keys().count());
    for (int i = 0; i < 20; i++) {
      assertThat(((Decision.Disaggregated) pick(request)).prefill()).isEqualTo(warm);
    }

    picker.inFlight().add(0, warm.slot(), 1_000_000, 1_000_000);
    for (int i = 0; i < 20; i++) {
      assertThat(((Decision.Disaggregated) pick(request)).prefill()).isEqualTo(prefill(0));
    }
  }

  @Test
  void without_a_prefill_endpoint_that_takes_requests_the_prompt_stays() {
    picker = pool(policy(Decider.ALWAYS, 0, 0), 1, 2);
    var tried = new Exclusions();
    tried.add(prefill(0));

    assertThat(picker.pick(prompt(1, 9).build(), "request", 0, tried, now))
        .isInstanceOf(Decision.Route.class);
    assertThat(weighing().reason()).isEqualTo(Weighing.Reason.NO_PREFILL_ENDPOINT);
  }

  @Test
  void prefill_endpoints_that_are_all_ejected_are_not_asked_in_panic() {
    picker = pool(policy(Decider.ALWAYS, 0, 0), 2, 2);
    ejected.addAll(Set.of(prefill(0).slot(), prefill(1).slot()));

    assertThat(pick(prompt(1, 9).build())).isInstanceOf(Decision.Route.class);
    assertThat(weighing().reason()).isEqualTo(Weighing.Reason.NO_PREFILL_ENDPOINT);
  }

  @Test
  void in_a_pool_without_prefill_endpoints_it_is_no_question() {
    picker = pool(policy(Decider.ALWAYS, 0, 0), 0, 2);

    assertThat(pick(prompt(1, 9).build())).isInstanceOf(Decision.Route.class);
    assertThat(picker.decisions().findByRequest("request").weighing()).isNull();
  }

  @Test
  void prefill_endpoints_alone_answer_nobody() {
    picker = pool(policy(Decider.ALWAYS, 0, 0), 2, 0);

    assertThat(pick(prompt(1, 9).build()))
        .isEqualTo(new Decision.NoEndpoint(Decision.Reason.FILTERED));
  }

  @Test
  void where_nobody_is_left_who_answers_those_who_prefill_do() {
    picker = pool(policy(Decider.COST, 0, 0), 2, 2);
    var tried = new Exclusions();
    for (var endpoint : picker.snapshot().endpoints()) {
      if (endpoint.spec().role() == Role.DECODE) {
        tried.add(endpoint);
      }
    }

    var decision = picker.pick(prompt(1, BLOCKS).build(), "request", 0, tried, now);

    assertThat(((Decision.Route) decision).endpoint().spec().role()).isEqualTo(Role.PREFILL);
    assertThat(weighing().reason()).isEqualTo(Weighing.Reason.OVERFLOW);

    tried.add(prefill(0));
    tried.add(prefill(1));
    assertThat(picker.pick(prompt(1, BLOCKS).build(), "request", 0, tried, now))
        .isEqualTo(new Decision.NoEndpoint(Decision.Reason.ALL_EXCLUDED));
  }

  @Test
  void a_pool_whose_answering_endpoints_are_gone_answers_by_those_who_prefill() {
    picker = pool(policy(Decider.COST, 0, 0), 2, 0);

    assertThat(((Decision.Route) pick(prompt(1, 9).build())).endpoint().spec().role())
        .isEqualTo(Role.PREFILL);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void servers_that_only_prefill_answer_nobody_even_then(boolean cost) {
    picker = pool(cost ? policy(Decider.COST, 0, 0) : DisaggregationPolicy.DEFAULT, 0, 0);
    var plain = EndpointSpec.of("10.0.0.9", 8000, Role.PREFILL);
    var sglang =
        new EndpointSpec(
            plain.id(),
            plain.name(),
            plain.host(),
            plain.port(),
            plain.role(),
            Map.of("llm-d.ai/engine-type", "sglang"),
            false);
    picker.apply(new PoolDelta(List.of(cost ? sglang : plain), List.of()));

    assertThat(pick(prompt(1, 9).build()))
        .isEqualTo(new Decision.NoEndpoint(Decision.Reason.FILTERED));
  }

  /** A hundred are to begin at each that answers, and caches are used that much, half a minute. */
  private void fill(String answering, String prefilling) {
    for (var endpoint : picker.snapshot().endpoints()) {
      for (int i = 0; i < 100 && endpoint.spec().role() == Role.DECODE; i++) {
        picker.inFlight().add(0, endpoint.slot(), 1, 10);
      }
    }
    for (int i = 0; i < 300; i++) {
      now += 100 * MILLI;
      for (var endpoint : picker.snapshot().endpoints()) {
        boolean answers = endpoint.spec().role() == Role.DECODE;
        var page =
            """
            vllm:num_requests_running 9
            vllm:kv_cache_usage_perc %s
            vllm:cache_config_info{block_size="16",num_gpu_blocks="1000000"} 1
            """
                .formatted(answers ? answering : prefilling);
        picker.signals().update(endpoint.slot(), EnginePage.read(page), now, 200 * MILLI);
      }
      picker.tick(now);
    }
  }

  @Test
  void where_all_are_full_those_who_prefill_answer_too_until_there_is_room() {
    picker = pool(policy(Decider.COST, 0, 0), 2, 2);
    decoding(100);
    fill("0.9", "0.2");

    Set<Role> answered = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      var decision = (Decision.Route) pick(prompt(1_000 + i, 9).build());
      assertThat(weighing().reason()).isEqualTo(Weighing.Reason.OVERFLOW);
      answered.add(decision.endpoint().spec().role());
      var _ =
          picker
              .placements()
              .place(prompt(1_000 + i, 9).build(), decision, decision.endpoint(), 0, now);
    }
    assertThat(answered).contains(Role.PREFILL);
    assertThat(picker.disaggregation().count(false, Weighing.Reason.OVERFLOW)).isEqualTo(100);

    fill("0.5", "0.2");
    pick(prompt(2_000, 9).build());
    assertThat(weighing().reason()).isEqualTo(Weighing.Reason.COST);
  }

  @Test
  void a_pool_that_may_not_overflow_keeps_to_its_roles() {
    decoding(100);
    fill("0.9", "0.2");

    for (int i = 0; i < 100; i++) {
      var decision = pick(prompt(1_000 + i, 9).build());
      assertThat(weighing().reason()).isEqualTo(Weighing.Reason.COST);
      var answers =
          decision instanceof Decision.Disaggregated divided
              ? divided.decode()
              : (Decision.Route) decision;
      assertThat(answers.endpoint().spec().role()).isEqualTo(Role.DECODE);
    }
  }

  @Test
  void once_divided_prompts_of_that_size_stay_so_until_it_is_dearer() {
    int up = 0;
    while (pick(prompt(up, BLOCKS).build()) instanceof Decision.Route) {
      assertThat(up).isLessThan(1_000);
      decoding(++up);
    }
    int down = up;
    while (pick(prompt(2_000 + down, BLOCKS).build()) instanceof Decision.Disaggregated) {
      assertThat(down).isPositive();
      decoding(--down);
    }

    assertThat(up).isGreaterThan(down + 1);
  }

  @Test
  void every_reservation_of_both_legs_is_returned() {
    picker = pool(policy(Decider.ALWAYS, 0, 0), 2, 2);
    var request = prompt(1, BLOCKS).build();
    var divided = (Decision.Disaggregated) pick(request);
    var expected = picker.placements().expect(request, divided, 0);
    var failed = picker.placements().placePrefill(request, divided, divided.prefill(), 0, now);
    failed.failed(FailureKind.RESET, now);
    var prefill =
        picker
            .placements()
            .placePrefill(request, divided, divided.prefillAlternatives().getFirst(), 0, now);
    assertThat(picker.inFlight().pendingPrefillTokens(prefill.endpoint().slot())).isPositive();
    prefill.completed(4_800, 0, 1, now + 300 * MILLI);
    assertThat(expected).isNotNull();
    expected.end();
    var decode =
        picker.placements().placeDecode(request, divided, divided.decode().endpoint(), 0, now);
    assertThat(picker.inFlight().pendingPrefillTokens(decode.endpoint().slot())).isZero();
    decode.firstByte(now + 400 * MILLI);
    decode.completed(4_800, 4_799, 9, now + 500 * MILLI);

    assertThat(picker.inFlight().total()).isZero();
    var legs = picker.decisions().find(divided.decode().decisionId()).attempts();
    assertThat(legs)
        .extracting(Attempt::leg)
        .containsExactly(Attempt.Leg.PREFILL, Attempt.Leg.PREFILL, Attempt.Leg.DECODE);
  }

  @Test
  void a_transfer_takes_the_time_to_the_first_token_less_a_decode_step() {
    picker = pool(policy(Decider.ALWAYS, 0, 0), 2, 2);
    var request = prompt(1, BLOCKS).build();
    var divided = (Decision.Disaggregated) pick(request);
    var prefill = picker.placements().placePrefill(request, divided, divided.prefill(), 0, now);
    assertThat(prefill.transferred(now + 300 * MILLI)).as("of the other leg").isEqualTo(-1);

    var decode =
        picker.placements().placeDecode(request, divided, divided.decode().endpoint(), 0, now);
    double context = picker.inFlight().contextTokens(decode.endpoint().slot());
    long step =
        Math.round(
            1e9
                * (ModelRates.PRIOR.stepSeconds()
                    + context * ModelRates.PRIOR.decodeSecondsPerToken()));
    assertThat(decode.transferred(now + 400 * MILLI)).isEqualTo(400 * MILLI - step);
    decode.firstByte(now + 400 * MILLI);
    assertThat(decode.transferred(now + 900 * MILLI)).as("a second time").isEqualTo(-1);

    var fast =
        picker.placements().placeDecode(request, divided, divided.decode().endpoint(), 0, now);
    assertThat(fast.transferred(now + MILLI)).as("faster than a step").isZero();
    assertThat(
            picker.decisions().find(divided.decode().decisionId()).attempts().stream()
                .map(Attempt::transferNanos))
        .as("seen with the first byte")
        .containsExactly(-1L, 400 * MILLI - step, -1L);
  }

  private Endpoint prefill(int index) {
    return picker.snapshot().endpoints().get(index);
  }
}
