package io.penstock.picker.discovery;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A control thread whose time passes only when told to. */
final class ControlThread implements AutoCloseable {

  private final EmbeddedChannel channel = new EmbeddedChannel();
  long nowNanos;

  ControlThread() {
    channel.freezeTime();
  }

  ScheduledExecutorService executor() {
    return channel.eventLoop();
  }

  void pass(long milliseconds) {
    channel.runPendingTasks();
    for (long i = 0; i < milliseconds; i += 10) {
      nowNanos += 10_000_000;
      channel.advanceTimeBy(10, TimeUnit.MILLISECONDS);
      channel.runPendingTasks();
    }
  }

  @Override
  public void close() {
    channel.finishAndReleaseAll();
  }
}
