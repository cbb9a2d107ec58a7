package io.penstock.simulator.http;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.penstock.simulator.engine.EngineClock;
import java.util.concurrent.TimeUnit;

/**
 * Wall-clock time of an engine on an event loop. Confined to the loop.
 *
 * <p>Every task goes through the timer queue, also one without delay: the loop looks at its sockets
 * in between, so that a client that left is noticed before the next step.
 */
final class EventLoopClock implements EngineClock {

  private final EventLoop loop;

  EventLoopClock(EventLoop loop) {
    this.loop = loop;
  }

  @Override
  public long nanos() {
    return System.nanoTime();
  }

  @Override
  public Cancellable schedule(long delayNanos, Runnable task) {
    ScheduledFuture<?> timer = loop.schedule(task, delayNanos, TimeUnit.NANOSECONDS);
    return () -> timer.cancel(false);
  }
}
