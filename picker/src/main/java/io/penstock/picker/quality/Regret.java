package io.penstock.picker.quality;

import io.penstock.picker.explain.Attempt;
import io.penstock.picker.explain.RunnerUp;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * How often the runner-up would have been better, as far as hindsight can tell. Written by the
 * control thread, read by anyone.
 *
 * <p>A decision has a cost in seconds of the endpoint that it chose and of the second of its
 * ranking: their expected costs under that policy, their expected times to first token under any
 * other. By hindsight the chosen one cost as much more as its first token came later than
 * predicted, and with it what it really had cached and what really waited there. The runner-up
 * would have been off by as much as predictions for it have been off lately, on average. It would
 * have been better where it would have cost less by more than the greater of 20 ms and a fifth of
 * what the chosen one cost.
 *
 * <p>Evaluated are whole, streamed requests that were answered where they were first sent, if
 * {@value #KNOWN} or more predictions for the runner-up have been checked.
 */
public final class Regret {

  static final int KNOWN = 8;
  private static final double LEAST_SECONDS = 0.02;
  private static final double LEAST_SHARE = 0.2;
  private static final double NANOS = 1e9;

  private final AtomicLong evaluated = new AtomicLong();
  private final AtomicLong better = new AtomicLong();
  private final AtomicLong lostNanos = new AtomicLong();

  Regret() {}

  /**
   * Looks back at a decision. Control thread.
   *
   * @param attempt at the endpoint that was chosen, with its first token timed
   * @param errors of predictions for the runner-up
   */
  void lookBack(Attempt attempt, RunnerUp runnerUp, @Nullable PredictionErrors errors) {
    if (errors == null || errors.ttft().count() < KNOWN) {
      return;
    }
    double late = (attempt.ttftNanos() - attempt.predictedTtftNanos()) / NANOS;
    double chosen = runnerUp.chosenSeconds() + late;
    double other = runnerUp.seconds() + errors.ttft().bias();
    evaluated.setRelease(evaluated.getPlain() + 1);
    if (chosen - other > Math.max(LEAST_SECONDS, LEAST_SHARE * chosen)) {
      better.setRelease(better.getPlain() + 1);
      lostNanos.setRelease(lostNanos.getPlain() + Math.round((chosen - other) * NANOS));
    }
  }

  /** Decisions that were looked back at. */
  public long evaluated() {
    return evaluated.getAcquire();
  }

  /** Those of them whose runner-up would have been better. */
  public long better() {
    return better.getAcquire();
  }

  /** By how much, over all of these. */
  public double secondsLost() {
    return lostNanos.getAcquire() / NANOS;
  }
}
