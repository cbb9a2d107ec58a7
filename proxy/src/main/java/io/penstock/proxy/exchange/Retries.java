package io.penstock.proxy.exchange;

import io.penstock.proxy.upstream.RetryBudget;

/**
 * The retries of one request, within its own bound and its pool's budget. Confined to the
 * exchange's event loop; {@link #end} gives everything back.
 *
 * <p>A server error is tried elsewhere once only: what fails two pods is the prompt. A stale pooled
 * connection costs no budget, since no pod has worked.
 */
final class Retries {

  private final int perRequest;
  private final RetryBudget budget;
  private int made;
  private int budgeted;
  private int serverErrors;

  Retries(int perRequest, RetryBudget budget) {
    this.perRequest = perRequest;
    this.budget = budget;
    budget.begin();
  }

  /**
   * Whether one more try is allowed, after a failure on the way to the pod; takes it.
   *
   * @param notProcessed the request never reached a pod: another try makes no work twice, and is
   *     free of the budget
   */
  boolean afterFailure(boolean notProcessed) {
    if (made >= perRequest || (!notProcessed && !budget.tryRetry())) {
      return false;
    }
    made++;
    budgeted += notProcessed ? 0 : 1;
    return true;
  }

  /** Whether one more try may follow an answer of this status; takes it. */
  boolean afterStatus(int status) {
    boolean serverError = !Failures.busy(status);
    if ((serverError && serverErrors > 0) || !afterFailure(false)) {
      return false;
    }
    serverErrors += serverError ? 1 : 0;
    return true;
  }

  /** Nobody was left to try after an answer of this status: what was taken for it is not used. */
  void notMade(int status) {
    made--;
    budgeted--;
    budget.giveBack();
    serverErrors -= Failures.busy(status) ? 0 : 1;
  }

  /** No more tries. */
  void end() {
    budget.end(budgeted);
  }
}
