package io.penstock.proxy.upstream;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RetryBudgetTest {

  private static int taken(RetryBudget budget, int tries) {
    int taken = 0;
    for (int i = 0; i < tries; i++) {
      taken += budget.tryRetry() ? 1 : 0;
    }
    return taken;
  }

  private static RetryBudget with(double share, int active) {
    var budget = new RetryBudget(share);
    for (int i = 0; i < active; i++) {
      budget.begin();
    }
    return budget;
  }

  @Test
  void three_retries_are_there_however_few_requests_are() {
    assertThat(taken(with(0.2, 1), 10)).isEqualTo(3);
    assertThat(taken(with(0, 1_000), 10)).isEqualTo(3);
  }

  @Test
  void of_many_requests_a_share_may_be_retries() {
    assertThat(taken(with(0.2, 100), 100)).isEqualTo(20);
    assertThat(taken(with(1, 50), 100)).isEqualTo(50);
  }

  @Test
  void what_a_request_took_comes_back_when_it_ends() {
    var budget = with(0.2, 100);
    assertThat(taken(budget, 100)).isEqualTo(20);
    assertThat(budget.retryingCount()).isEqualTo(20);

    budget.end(2);

    assertThat(budget.activeCount()).isEqualTo(99);
    assertThat(budget.retryingCount()).isEqualTo(18);
    // A fifth of 99 is 19.
    assertThat(taken(budget, 100)).isEqualTo(1);
  }

  @Test
  void a_refused_retry_takes_nothing() {
    var budget = with(0, 1);
    taken(budget, 1_000);
    assertThat(budget.retryingCount()).isEqualTo(3);
    budget.end(3);
    assertThat(budget.activeCount()).isZero();
    assertThat(budget.retryingCount()).isZero();
  }
}
