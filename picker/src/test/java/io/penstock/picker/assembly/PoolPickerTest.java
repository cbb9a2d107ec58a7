package io.penstock.picker.assembly;

import static io.penstock.picker.assembly.TestPool.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.picker.explain.Attempt;
import io.penstock.picker.explain.FailureKind;
import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Exclusions;
import org.junit.jupiter.api.Test;

class PoolPickerTest {

  @Test
  void a_repeated_prompt_goes_where_its_prefix_is() {
    var pool = new TestPool(8, 1);
    var first = pool.route(prompt(1, 40));
    var placement = pool.place(prompt(1, 40), first);
    placement.firstByte(pool.now + 50 * TestPool.MILLI);
    placement.completed(2560, 0, 10, pool.now + 60 * TestPool.MILLI);

    for (int i = 0; i < 20; i++) {
      var again = pool.route(prompt(1, 50));

      assertThat(again.endpoint()).isEqualTo(first.endpoint());
      assertThat(again.cachedTokens()).isEqualTo(40 * 64);
      assertThat(again.promptTokens()).isEqualTo(50 * 64);
      assertThat(again.alternatives()).hasSize(3).doesNotContain(first.endpoint());
    }
  }

  @Test
  void tried_endpoints_are_not_picked_again() {
    var pool = new TestPool(3, 1);
    var tried = new Exclusions();
    for (int i = 0; i < 3; i++) {
      var route = (Decision.Route) pool.pick(prompt(1, 10), 0, tried);
      assertThat(tried.contains(route.endpoint())).isFalse();
      tried.add(route.endpoint());
    }

    assertThat(pool.pick(prompt(1, 10), 0, tried))
        .isEqualTo(new Decision.NoEndpoint(Decision.Reason.ALL_EXCLUDED));
  }

  @Test
  void says_why_there_is_no_endpoint() {
    var empty = new TestPool(0, 1);
    assertThat(empty.pick(prompt(1, 10)))
        .isEqualTo(new Decision.NoEndpoint(Decision.Reason.POOL_EMPTY));

    var pool = new TestPool(2, 1);
    var other = InferenceRequest.builder(ApiKind.CHAT, "other").build();
    assertThat(pool.pick(other)).isEqualTo(new Decision.NoEndpoint(Decision.Reason.NONE_READY));
    for (var endpoint : pool.picker.snapshot().endpoints()) {
      pool.listModels(endpoint, TestPool.MODEL);
    }
    assertThat(pool.pick(other))
        .isEqualTo(new Decision.NoEndpoint(Decision.Reason.MODEL_NOT_SERVED));
  }

  @Test
  void a_model_that_some_endpoints_list_goes_to_those() {
    var pool = new TestPool(6, 1);
    var endpoints = pool.picker.snapshot().endpoints();
    for (int i = 0; i < 6; i++) {
      pool.listModels(endpoints.get(i), i < 2 ? "other" : TestPool.MODEL);
    }
    var other = InferenceRequest.builder(ApiKind.CHAT, "other").build();

    for (int i = 0; i < 20; i++) {
      assertThat(pool.route(other).endpoint().slot()).isLessThan(2);
      assertThat(pool.route(prompt(1, 4)).endpoint().slot()).isGreaterThanOrEqualTo(2);
    }
  }

  @Test
  void a_route_may_be_filled_again_and_nothing_remembers_what_it_says_then() {
    var pool = new TestPool(4, 1);
    var mine = new Decision.Route();
    assertThatThrownBy(mine::endpoint).isInstanceOf(IllegalStateException.class);
    var warm = pool.place(prompt(1, 40), pool.route(prompt(1, 40)));
    warm.completed(2560, 0, 10, pool.now);

    assertThat(pool.route(prompt(1, 50), mine)).isSameAs(mine);
    long first = mine.decisionId();
    assertThat(mine.endpoint()).isEqualTo(warm.endpoint());
    assertThat(mine.cachedTokens()).isEqualTo(40 * 64);
    assertThat(mine.alternatives()).hasSize(3).doesNotContain(mine.endpoint());
    var before = pool.picker.decisions().find(first);
    var json = before.toJson();
    var placement = pool.place(prompt(1, 50), mine);

    assertThat(pool.route(prompt(2, 30), mine)).isSameAs(mine);
    assertThat(mine.decisionId()).isEqualTo(first + 1);
    assertThat(mine.cachedTokens()).isZero();
    assertThat(placement.endpoint()).isEqualTo(warm.endpoint());
    assertThat(placement.predictedCachedTokens()).isEqualTo(40 * 64);
    var kept = (Decision.Route) pool.picker.decisions().find(first).decision();
    assertThat(kept.endpoint()).isEqualTo(warm.endpoint());
    assertThat(kept.promptTokens()).isEqualTo(50 * 64);
    assertThat(((Decision.Route) before.decision()).decisionId()).isEqualTo(first);
    assertThat(before.toJson()).startsWith(json.substring(0, json.indexOf("\"outcome\"")));
  }

  @Test
  void the_record_of_a_decision_tells_its_whole_story() {
    var pool = new TestPool(3, 1);
    var request = prompt(1, 20);
    var route = pool.route(request);
    pool.place(request, route).failed(FailureKind.CONNECT, pool.now);
    var second =
        pool.picker
            .placements()
            .place(request, route, route.alternatives().getFirst(), 0, pool.now);
    second.firstByte(pool.now + 30 * TestPool.MILLI);
    second.completed(1280, 64, 7, pool.now + 90 * TestPool.MILLI);

    var decision = pool.picker.decisions().findByRequest("request");

    assertThat(decision).isNotNull();
    assertThat(pool.picker.decisions().find(route.decisionId()).id()).isEqualTo(decision.id());
    assertThat(decision.ranking().ranked()).isEqualTo(3);
    assertThat(decision.ranking().endpoint(0)).isEqualTo(route.endpoint());
    assertThat(decision.attempts()).hasSize(2);
    assertThat(decision.attempts().get(0).failure()).isEqualTo(FailureKind.CONNECT);
    var last = decision.attempts().get(1);
    assertThat(last.progress()).isEqualTo(Attempt.Progress.COMPLETED);
    assertThat(last.endpoint()).isEqualTo(route.alternatives().getFirst());
    assertThat(last.ttftNanos()).isEqualTo(30 * TestPool.MILLI);
    assertThat(last.cachedTokens()).isEqualTo(64);
    assertThat(decision.toJson())
        .startsWith("{\"id\":1,\"requestId\":\"request\",\"time\":\"1970-01-01T00:00:00Z\"")
        .contains("\"terms\":{\"pendingPrefill\":0,\"prefill\":0.0")
        .contains("\"failure\":\"connect\"")
        .contains("\"ttft\":0.03,\"duration\":0.09,\"promptTokens\":1280,\"cachedTokens\":64");
  }
}
