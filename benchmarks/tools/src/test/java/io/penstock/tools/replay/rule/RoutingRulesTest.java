package io.penstock.tools.replay.rule;

import static io.penstock.tools.replay.rule.FakePool.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.tools.replay.trace.TraceRequest;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Each rule on numbers. */
class RoutingRulesTest {

  private final FakePool pool = new FakePool(3);

  private static RoutingRule rule(String name) {
    return RoutingRules.named(name);
  }

  @Test
  void round_robin_goes_by_turns() {
    var rule = rule("round-robin");
    for (int turn = 0; turn < 7; turn++) {
      assertThat(rule.choose(prompt(0), pool)).isEqualTo(turn % 3);
    }
  }

  @Test
  void least_request_takes_the_fewest_and_any_of_equals() {
    pool.inFlight[0] = 2;
    pool.inFlight[1] = 1;
    pool.inFlight[2] = 1;
    Set<Integer> chosen = new HashSet<>();
    for (int i = 0; i < 50; i++) {
      chosen.add(rule("least-request").choose(prompt(0), pool));
    }
    assertThat(chosen).containsExactlyInAnyOrder(1, 2);
  }

  @Test
  void smg_follows_a_match_of_more_than_three_tenths_while_the_pool_is_balanced() {
    var rule = rule("smg");
    int first = rule.choose(prompt(1, 2, 3, 4), pool);
    assertThat(rule.choose(prompt(1, 2, 30, 40), pool)).isEqualTo(first);
    // One block of four is too little: the smallest tree.
    assertThat(rule.choose(prompt(1, 21, 31, 41), pool)).isNotEqualTo(first);

    pool.inFlight[first] = 64; // not more than 64 above
    assertThat(rule.choose(prompt(1, 2, 3, 4), pool)).isEqualTo(first);
    pool.inFlight[first] = 65;
    assertThat(rule.choose(prompt(1, 2, 3, 4), pool)).isNotEqualTo(first);
    for (int pod = 0; pod < 3; pod++) {
      pool.inFlight[pod] = pod == first ? 265 : 200; // not more than half above
    }
    assertThat(rule.choose(prompt(1, 2, 3, 4), pool)).isEqualTo(first);
  }

  @Test
  void aibrix_follows_the_best_match_among_pods_that_are_not_busier_than_usual() {
    var rule = rule("aibrix");
    int first = rule.choose(prompt(1, 2, 3), pool);
    assertThat(rule.choose(prompt(1, 2, 9), pool)).isEqualTo(first);
    pool.inFlight[first] = 3; // mean 1, deviation 1.4
    assertThat(rule.choose(prompt(1, 2, 8), pool)).isNotEqualTo(first);
    pool.inFlight[first] = 9; // more than 8 above the least
    assertThat(rule.choose(prompt(1, 2, 3), pool)).isNotEqualTo(first);
  }

  @Test
  void llmd_adds_two_for_the_queue_two_for_free_cache_and_three_for_the_match() {
    pool.waiting[0] = 4;
    pool.kvUsage[0] = 0.5;
    pool.cachedTokens[0] = 4 * TraceRequest.BLOCK_TOKENS; // 0 + 1 + 3
    pool.waiting[1] = 1;
    pool.kvUsage[1] = 0.5;
    pool.cachedTokens[1] = TraceRequest.BLOCK_TOKENS; // 1.5 + 1 + 0.75
    pool.kvUsage[2] = 0.1; // 2 + 1.8 + 0
    var request = prompt(1, 2, 3, 4);
    assertThat(rule("llm-d-precise").choose(request, pool)).isZero();
    pool.kvUsage[0] = 0.7;
    assertThat(rule("llm-d-precise").choose(request, pool)).isEqualTo(2);
    // The approximate variant does not know the caches.
    pool.kvUsage[0] = 0;
    assertThat(rule("llm-d-default").choose(request, pool)).isEqualTo(2);
  }

  @Test
  void llmd_approximately_follows_what_it_sent() {
    var rule = rule("llm-d-default");
    int first = rule.choose(prompt(1, 2, 3, 4), pool);
    pool.kvUsage[first] = 0.9;
    assertThat(rule.choose(prompt(1, 2, 3, 5), pool)).isEqualTo(first); // 0.2 + 2.25 above 2
    assertThat(rule.choose(prompt(1, 2, 30, 50), pool)).isNotEqualTo(first); // 0.2 + 1.5 below
  }

  @Test
  void llmd_forgets_what_it_sent_least_lately() {
    var sent = new SentBlocks(3, 10);
    sent.send(prompt(1, 2), 0);
    sent.send(prompt(3, 4), 0);
    assertThat(sent.match(prompt(1, 2), 0)).isZero();
    assertThat(sent.match(prompt(3, 4, 5), 0)).isEqualTo(2);
    assertThat(sent.match(prompt(3, 4, 5), 1)).isZero();
    assertThat(new SentBlocks(10, 1).match(prompt(3), 0)).isZero();
  }

  @Test
  void dynamo_adds_waiting_prefill_own_prefill_and_active_context() {
    var request = prompt(1, 2);
    pool.pendingTokens[0] = 100;
    pool.activeTokens[0] = 1_000; // 100 + 1,024 + 1,000
    pool.activeTokens[1] = 1_500;
    pool.cachedTokens[1] = 512; // 512 + 1,500
    pool.pendingTokens[2] = 1_200; // 1,200 + 1,024
    assertThat(rule("dynamo").choose(request, pool)).isEqualTo(1);
    pool.activeTokens[1] = 1_700;
    assertThat(rule("dynamo").choose(request, pool)).isZero();
  }

  @Test
  void preble_exploits_a_match_of_more_than_half_and_explores_otherwise() {
    var request = prompt(1, 2, 3, 4);
    pool.cachedTokens[0] = 3 * 512;
    pool.pendingTokens[0] = 100_000;
    assertThat(rule("preble").choose(request, pool)).isZero();
    pool.cachedTokens[0] = 2 * 512;
    assertThat(rule("preble").choose(request, pool)).isNotZero();
  }

  @Test
  void min_pttft_weighs_the_queue_against_the_match() {
    var request = prompt(1, 2, 3, 4);
    pool.cachedTokens[0] = 3 * 512;
    pool.pendingTokens[0] = 1_500; // 2.0 s against 2.0 + 0.1
    pool.pendingTokens[1] = 100;
    pool.pendingTokens[2] = 100;
    assertThat(rule("min-pttft").choose(request, pool)).isZero();
    pool.pendingTokens[0] = 1_700;
    assertThat(rule("min-pttft").choose(request, pool)).isNotZero();
  }

  @Test
  void every_name_has_a_rule_and_no_other() {
    for (var name : RoutingRules.NAMES) {
      assertThat(rule(name).choose(prompt(0), pool)).isBetween(0, 2);
    }
    assertThatThrownBy(() -> rule("fastest")).hasMessageContaining("fastest");
  }
}
