package io.penstock.picker.quality;

import io.penstock.picker.explain.Attempt;
import io.penstock.picker.explain.RunnerUp;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Attempts of one event loop that ended well and that the control thread has not looked at yet: a
 * ring with one writer and one reader. A full ring drops what comes and counts it; nothing is
 * allocated.
 */
public final class EndedAttempts {

  /** Takes attempts one by one. */
  interface Sink {
    void ended(Attempt attempt, String model, boolean timed, @Nullable RunnerUp runnerUp);
  }

  private static final int CAPACITY = 1024;

  private final @Nullable Attempt[] attempts = new Attempt[CAPACITY];
  private final String[] models = new String[CAPACITY];
  private final boolean[] timed = new boolean[CAPACITY];
  private final @Nullable RunnerUp[] runnersUp = new RunnerUp[CAPACITY];
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong taken = new AtomicLong();
  private final AtomicLong dropped = new AtomicLong();

  EndedAttempts() {}

  /**
   * Notes an attempt that has completed. On the event loop.
   *
   * @param firstTokenSeen whether its first byte came with its first token
   * @param runnerUp of the decision for it; null where hindsight has none to compare with
   */
  public void add(
      Attempt attempt, String model, boolean firstTokenSeen, @Nullable RunnerUp runnerUp) {
    long at = written.getPlain();
    if (at - taken.getAcquire() == CAPACITY) {
      dropped.setOpaque(dropped.getPlain() + 1);
      return;
    }
    int i = (int) (at % CAPACITY);
    attempts[i] = attempt;
    models[i] = model;
    timed[i] = firstTokenSeen;
    runnersUp[i] = runnerUp;
    written.setRelease(at + 1);
  }

  /** Hands over everything there is. On the control thread. */
  void drain(Sink sink) {
    long end = written.getAcquire();
    for (long at = taken.getPlain(); at < end; at++) {
      int i = (int) (at % CAPACITY);
      var attempt = attempts[i];
      if (attempt != null) {
        sink.ended(attempt, models[i], timed[i], runnersUp[i]);
      }
      attempts[i] = null;
      runnersUp[i] = null;
    }
    taken.setRelease(end);
  }

  long dropped() {
    return dropped.getOpaque();
  }
}
