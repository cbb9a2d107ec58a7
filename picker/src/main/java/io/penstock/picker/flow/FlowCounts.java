package io.penstock.picker.flow;

import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * What has come to a pool's gate and what became of it: {@code accepted} is the sum of all outcomes
 * and of those that wait, and those dispatched are those that have ended and that run.
 *
 * <p>Written by the gate's owner, and by event loops for requests without a gate; read by anyone,
 * number by number. Exact while nothing happens.
 */
public final class FlowCounts {

  private final AtomicLongArray outcomes = new AtomicLongArray(FlowOutcome.values().length);
  private final AtomicLong accepted = new AtomicLong();
  private final AtomicLong waiting = new AtomicLong();
  private final AtomicLong running = new AtomicLong();
  private final AtomicLong ended = new AtomicLong();
  private final AtomicLong evicted = new AtomicLong();

  FlowCounts() {}

  void came() {
    accepted.incrementAndGet();
  }

  void waits(long more) {
    waiting.addAndGet(more);
  }

  void runs() {
    running.incrementAndGet();
  }

  void ends() {
    running.decrementAndGet();
    ended.incrementAndGet();
  }

  void evicts() {
    evicted.incrementAndGet();
  }

  @SuppressWarnings("EnumOrdinal") // the array is the map, and nobody outside knows the order
  void came(FlowOutcome outcome) {
    outcomes.incrementAndGet(outcome.ordinal());
  }

  /** Requests that came so far. */
  public long accepted() {
    return accepted.get();
  }

  /** Requests of that outcome so far. */
  @SuppressWarnings("EnumOrdinal")
  public long of(FlowOutcome outcome) {
    return outcomes.get(outcome.ordinal());
  }

  /** Requests that wait now. */
  public long waiting() {
    return waiting.get();
  }

  /** Requests that went on and have not ended. */
  public long running() {
    return running.get();
  }

  /** Requests that went on and have ended, those among them that were evicted too. */
  public long ended() {
    return ended.get();
  }

  /** Requests that went on, were told to make room, and have ended. */
  public long evicted() {
    return evicted.get();
  }

  /** Whether nobody is lost. */
  public boolean holds() {
    long sum = Arrays.stream(FlowOutcome.values()).mapToLong(this::of).sum();
    return accepted() == sum + waiting()
        && of(FlowOutcome.DISPATCHED) == ended() + running()
        && evicted() <= ended();
  }

  /** Whether nobody waits or runs. */
  public boolean isQuiet() {
    return waiting() == 0 && running() == 0;
  }

  @Override
  public String toString() {
    var text = new StringBuilder("accepted ").append(accepted());
    for (var outcome : FlowOutcome.values()) {
      text.append(", ").append(outcome.label()).append(' ').append(of(outcome));
    }
    return text.append(", waiting ")
        .append(waiting())
        .append(", running ")
        .append(running())
        .append(", ended ")
        .append(ended())
        .append(", evicted ")
        .append(evicted())
        .toString();
  }
}
