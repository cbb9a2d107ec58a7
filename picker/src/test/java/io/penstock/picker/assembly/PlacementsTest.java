package io.penstock.picker.assembly;

import static io.penstock.picker.assembly.TestPool.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.PromptKeys;
import org.junit.jupiter.api.Test;

class PlacementsTest {

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

  private static double prefillSeconds(TestPool pool) {
    var rates = pool.picker.costs().rates(TestPool.MODEL);
    return rates.firstTokenSeconds() + rates.prefillSeconds(2_000, 0);
  }
}
