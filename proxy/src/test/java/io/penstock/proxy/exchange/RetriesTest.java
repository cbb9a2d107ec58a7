package io.penstock.proxy.exchange;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.proxy.upstream.RetryBudget;
import org.junit.jupiter.api.Test;

class RetriesTest {

  private static final int SERVER_ERROR = 500;
  private static final int BUSY = 503;

  private final RetryBudget budget = new RetryBudget(0);

  @Test
  void a_request_that_no_pod_has_begun_needs_no_budget() {
    useUp();
    var retries = new Retries(2, budget);

    assertThat(retries.afterFailure(false)).isFalse();
    assertThat(retries.afterFailure(true)).isTrue();
    assertThat(retries.afterFailure(true)).isTrue();
    assertThat(retries.afterFailure(true)).as("two further pods are the limit").isFalse();

    retries.end();
    assertThat(budget.retryingCount()).as("only what was taken is given back").isEqualTo(3);
  }

  @Test
  void a_server_error_is_asked_elsewhere_once_and_a_busy_pod_as_often_as_allowed() {
    var retries = new Retries(3, budget);

    assertThat(retries.afterStatus(SERVER_ERROR)).isTrue();
    assertThat(retries.afterStatus(SERVER_ERROR)).isFalse();
    assertThat(retries.afterStatus(BUSY)).isTrue();

    retries.end();
    assertThat(budget.retryingCount()).isZero();
    assertThat(budget.activeCount()).isZero();
  }

  @Test
  void a_retry_that_nobody_was_left_for_is_given_back() {
    var retries = new Retries(1, budget);

    assertThat(retries.afterStatus(SERVER_ERROR)).isTrue();
    retries.notMade(SERVER_ERROR);
    assertThat(budget.retryingCount()).isZero();
    assertThat(retries.afterStatus(SERVER_ERROR)).isTrue();

    retries.end();
    assertThat(budget.retryingCount()).isZero();
  }

  private void useUp() {
    for (int i = 0; i < 3; i++) {
      assertThat(new Retries(1, budget).afterFailure(false)).isTrue();
    }
  }
}
