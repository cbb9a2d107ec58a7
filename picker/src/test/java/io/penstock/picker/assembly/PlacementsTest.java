package io.penstock.picker.assembly;

import static io.penstock.picker.assembly.TestPool.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.PromptKeys;
import io.penstock.picker.schedule.Decision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlacementsTest {

  private static final InferenceRequest TOO_LONG =
      InferenceRequest.builder(ApiKind.CHAT, TestPool.MODEL).promptBytes(4_000_000).build();

  @Test
  void a_failure_before_the_first_byte_unlearns_what_the_request_added_and_no_more() {
    var pool = new TestPool(1, 1);
    var warm = pool.place(prompt(1, 10), pool.route(prompt(1, 10)));
    warm.completed(-1, -1, -1, pool.now);

    var failing = pool.place(prompt(1, 30), pool.route(prompt(1, 30)));
    assertThat(pool.route(prompt(1, 31)).cachedTokens()).isEqualTo(30 * 64);
    failing.failed(FailureKind.RESET, pool.now);

    assertThat(pool.route(prompt(1, 31)).cachedTokens()).isEqualTo(10 * 64);
  }

  @Test
  void a_failure_after_the_first_byte_unlearns_nothing() {
    var pool = new TestPool(1, 1);
    var failing = pool.place(prompt(1, 30), pool.route(prompt(1, 30)));
    failing.firstByte(pool.now);
    failing.failed(FailureKind.RESET, pool.now);

    assertThat(pool.route(prompt(1, 31)).cachedTokens()).isEqualTo(30 * 64);
  }

  @Test
  void a_client_who_leaves_at_once_leaves_no_prefix_behind() {
    var pool = new TestPool(1, 1);
    var early = pool.place(prompt(1, 30), pool.route(prompt(1, 30)));
    early.aborted(pool.now + 1);
    assertThat(pool.route(prompt(1, 30)).cachedTokens()).isZero();

    var late = pool.place(prompt(1, 30), pool.route(prompt(1, 30)));
    late.aborted(pool.now + late.predictedTtftNanos());
    assertThat(pool.route(prompt(1, 31)).cachedTokens()).isEqualTo(30 * 64);
  }

  @Test
  void an_answer_that_is_not_streamed_stops_counting_as_prefill_when_it_must_be_over() {
    var pool = new TestPool(1, 1);
    var request = InferenceRequest.builder(ApiKind.CHAT, TestPool.MODEL).promptBytes(4000).build();
    var placement = pool.place(request, pool.route(request));
    assertThat(pool.picker.inFlight().pendingPrefillTokens(0)).isEqualTo(1000);

    pool.now += 2 * placement.predictedTtftNanos() + 51 * TestPool.MILLI;
    pool.pick(request);

    assertThat(pool.picker.inFlight().pendingPrefillTokens(0)).isZero();
    assertThat(pool.picker.inFlight().decoding(0)).isEqualTo(1);
    placement.completed(1000, 0, 5, pool.now);
    assertThat(pool.picker.inFlight().total()).isZero();
  }

  @Test
  void an_answer_whose_first_token_is_not_seen_counts_as_one_that_is_not_streamed() {
    var pool = new TestPool(1, 1);
    var placement = pool.place(prompt(1, 60), pool.route(prompt(1, 60)));
    placement.untimed();
    double before = prefillSeconds(pool);
    assertThat(pool.picker.inFlight().pendingPrefillTokens(0)).isPositive();

    pool.now += 2 * placement.predictedTtftNanos() + 51 * TestPool.MILLI;
    pool.picker.placements().expire(0, pool.now);
    assertThat(pool.picker.inFlight().pendingPrefillTokens(0)).isZero();
    assertThat(pool.picker.inFlight().decoding(0)).isEqualTo(1);

    pool.pass(60_000);
    placement.completed(-1, -1, -1, pool.now);
    pool.pass(100);
    assertThat(prefillSeconds(pool)).isEqualTo(before);
    assertThat(pool.picker.quality().errors().getFirst().ttft().count()).isZero();
    assertThat(pool.picker.inFlight().total()).isZero();
  }

  @Test
  void an_alternative_that_holds_more_than_the_prompt_was_taken_for_has_none_of_it_missing() {
    var pool = new TestPool(2, 1);
    var first = pool.route(prompt(1, 40));
    pool.place(prompt(1, 40), first).completed(-1, -1, -1, pool.now);
    var other = pool.other(first.endpoint());
    pool.placeOn(other, prompt(1, 40), first).completed(-1, -1, -1, pool.now);

    var route = pool.route(prompt(1, 40));
    for (int i = 0; i < 30; i++) {
      var denser = pool.place(prompt(9, 40), pool.route(prompt(9, 40)));
      denser.completed(40 * PromptKeys.BLOCK_BYTES / 2, -1, 10, pool.now);
    }
    pool.pass(100);
    var second = pool.placeOn(pool.other(route.endpoint()), prompt(1, 40), route);

    assertThat(second.predictedCachedTokens()).isEqualTo(route.promptTokens() - 1);
    second.failed(FailureKind.RESET, pool.now);
    assertThat(pool.picker.inFlight().total()).isZero();
  }

  @Test
  void a_continued_response_teaches_nothing_of_prompts() {
    var pool = new TestPool(1, 1);
    var request =
        InferenceRequest.builder(ApiKind.RESPONSES, TestPool.MODEL).stream(true)
            .promptBytes(60)
            .previousResponseId("resp_1")
            .build();
    var picked = pool.route(request);
    var known = new Decision.Route(-1, picked.endpoint(), 0, 0, 0);
    var before = pool.picker.costs().rates(TestPool.MODEL);

    for (int i = 0; i < 100; i++) {
      var placement = pool.place(request, i % 2 == 0 ? picked : known);
      pool.now += 2_000 * TestPool.MILLI;
      placement.firstByte(pool.now);
      placement.completed(8_000, 7_900, 20, pool.now);
      pool.pass(100);
    }

    var after = pool.picker.costs().rates(TestPool.MODEL);
    assertThat(after.bytesPerToken()).isEqualTo(before.bytesPerToken());
    assertThat(after.promptTokens()).isEqualTo(before.promptTokens());
    assertThat(after.uncachedTokens()).isEqualTo(before.uncachedTokens());
    assertThat(after.firstTokenSeconds()).isEqualTo(before.firstTokenSeconds());
    assertThat(after.outputTokens()).isLessThan(before.outputTokens());
    assertThat(pool.picker.quality().errors().getFirst().ttft().count()).isZero();
  }

  @Test
  void a_batch_teaches_the_length_of_one_answer_and_no_density_of_what_is_cached() {
    var pool = new TestPool(1, 1);
    var request =
        InferenceRequest.builder(ApiKind.COMPLETIONS, TestPool.MODEL)
            .promptBytes(40 * PromptKeys.BLOCK_BYTES)
            .keys(TestPool.keys(1, 40))
            .prompts(8)
            .n(2)
            .build();
    double density = pool.picker.costs().rates(TestPool.MODEL).cachedDensity();

    for (int i = 0; i < 300; i++) {
      var route = pool.route(request);
      pool.place(request, route).completed(2_560, route.cachedTokens() * 6 / 5, 1_600, pool.now);
      pool.pass(100);
    }

    var rates = pool.picker.costs().rates(TestPool.MODEL);
    assertThat(rates.outputTokens()).isCloseTo(100, within(2.0));
    assertThat(rates.cachedDensity()).isEqualTo(density);
  }

  @ParameterizedTest
  @CsvSource({"8, 1", "1, 8"})
  void a_stream_of_several_answers_teaches_nothing_of_decode_steps(int n, int prompts) {
    var pool = new TestPool(1, 1);
    var request =
        InferenceRequest.builder(ApiKind.COMPLETIONS, TestPool.MODEL).stream(true)
            .n(n)
            .prompts(prompts)
            .build();
    double before = pool.picker.costs().rates(TestPool.MODEL).stepSeconds();

    var placement = pool.place(request, pool.route(request));
    placement.firstByte(pool.now);
    for (int i = 0; i < 400; i++) {
      pool.now += 10 * TestPool.MILLI;
      placement.tokens(8, pool.now);
    }
    pool.pass(100);

    assertThat(pool.picker.costs().rates(TestPool.MODEL).stepSeconds()).isEqualTo(before);
    assertThat(pool.picker.costs().decodeFactor(0)).isEqualTo(1);
  }

  @Test
  void a_prompt_that_was_refused_leaves_the_load_and_the_means_as_they_were() {
    var pool = new TestPool(8, 1);
    pool.pass(100);
    var before = pool.picker.costs().rates(TestPool.MODEL);

    for (int retry = 0; retry < 3; retry++) {
      pool.place(TOO_LONG, pool.route(TOO_LONG)).failed(FailureKind.REJECTED, pool.now);
    }
    pool.pass(100);

    var after = pool.picker.costs().rates(TestPool.MODEL);
    assertThat(pool.picker.costs().load()).isCloseTo(0, within(1e-9));
    assertThat(after.uncachedTokens()).isCloseTo(before.uncachedTokens(), within(1e-6));
    assertThat(after.promptTokens()).isCloseTo(before.promptTokens(), within(1e-6));
  }

  @ParameterizedTest
  @CsvSource({"1", "10", "100", "600"})
  void what_failed_late_is_taken_back_as_far_as_it_still_counts(int ticks) {
    var alone = new TestPool(8, 1);
    var pool = new TestPool(8, 1);
    alone.pass(100);
    pool.pass(100);
    serve(alone, 20);
    serve(pool, 20);

    var failing = pool.place(TOO_LONG, pool.route(TOO_LONG));
    serve(alone, ticks);
    serve(pool, ticks);
    failing.failed(FailureKind.RESET, pool.now);
    serve(alone, 1);
    serve(pool, 1);

    var costs = pool.picker.costs();
    var others = alone.picker.costs();
    assertThat(costs.load()).isCloseTo(others.load(), withinPercentage(1));
    var means = costs.rates(TestPool.MODEL);
    var known = others.rates(TestPool.MODEL);
    assertThat(means.uncachedTokens()).isCloseTo(known.uncachedTokens(), withinPercentage(2));
    assertThat(means.promptTokens()).isCloseTo(known.promptTokens(), withinPercentage(2));
  }

  /** A prompt that nobody holds in each tick. */
  private static void serve(TestPool pool, int ticks) {
    for (int i = 0; i < ticks; i++) {
      var request =
          InferenceRequest.builder(ApiKind.CHAT, TestPool.MODEL).stream(true)
              .promptBytes(8_000)
              .build();
      var placement = pool.place(request, pool.route(request));
      placement.unmeasured(pool.now);
      pool.pass(100);
    }
  }

  private static double prefillSeconds(TestPool pool) {
    var rates = pool.picker.costs().rates(TestPool.MODEL);
    return rates.firstTokenSeconds() + rates.prefillSeconds(2_000, 0);
  }
}
