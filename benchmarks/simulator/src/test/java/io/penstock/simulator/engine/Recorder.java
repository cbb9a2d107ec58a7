package io.penstock.simulator.engine;

import java.util.ArrayList;
import java.util.List;

/** Keeps what a listener hears, with the times of a virtual clock. */
final class Recorder implements SequenceListener {

  private final VirtualClock clock;
  final List<Integer> tokens = new ArrayList<>();
  final List<Long> tokenNanos = new ArrayList<>();
  long scheduledNanos = -1;
  int stopAfter = Integer.MAX_VALUE;
  FinishReason reason;

  Recorder(VirtualClock clock) {
    this.clock = clock;
  }

  @Override
  public void scheduled(Sequence sequence) {
    scheduledNanos = clock.nanos();
  }

  @Override
  public boolean token(Sequence sequence, int tokenId) {
    if (reason != null) {
      throw new IllegalStateException("a token after the end");
    }
    tokens.add(tokenId);
    tokenNanos.add(clock.nanos());
    return tokens.size() < stopAfter;
  }

  @Override
  public void finished(Sequence sequence, FinishReason finishReason) {
    if (reason != null) {
      throw new IllegalStateException("ended twice");
    }
    reason = finishReason;
  }
}
