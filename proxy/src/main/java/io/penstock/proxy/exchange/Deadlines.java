package io.penstock.proxy.exchange;

import io.netty.channel.EventLoop;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The time limits of everything on one event loop. Confined to that loop.
 *
 * <p>A list that one tick walks every 100 ms while it is not empty: setting and clearing a limit
 * costs a few field writes and no allocation, unlike a scheduled task per request. A limit fires up
 * to one tick late, never early.
 */
public final class Deadlines {

  private static final Logger LOG = LoggerFactory.getLogger(Deadlines.class);

  static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final EventLoop loop;
  private final LongSupplier nanoClock;
  private @Nullable Deadline first;

  /** Where the walk of a tick goes on. */
  private @Nullable Deadline following;

  private boolean ticking;

  /** Deadlines of a loop, against a monotonic clock in nanoseconds. */
  public Deadlines(EventLoop loop, LongSupplier nanoClock) {
    this.loop = loop;
    this.nanoClock = nanoClock;
  }

  /** Now, in nanoseconds of the injected clock. */
  public long now() {
    return nanoClock.getAsLong();
  }

  /** Sets the deadline, or moves it when it is set already. */
  public void set(Deadline deadline, long atNanos) {
    assert loop.inEventLoop();
    deadline.atNanos = atNanos;
    if (deadline.linked) {
      return;
    }
    deadline.linked = true;
    deadline.next = first;
    deadline.previous = null;
    if (first != null) {
      first.previous = deadline;
    }
    first = deadline;
    if (!ticking) {
      ticking = true;
      loop.schedule(this::tick, TICK_NANOS, TimeUnit.NANOSECONDS);
    }
  }

  /** Clears the deadline; nothing happens when it is not set. */
  public void clear(Deadline deadline) {
    assert loop.inEventLoop();
    if (!deadline.linked) {
      return;
    }
    deadline.linked = false;
    if (deadline.previous != null) {
      deadline.previous.next = deadline.next;
    } else {
      first = deadline.next;
    }
    if (deadline.next != null) {
      deadline.next.previous = deadline.previous;
    }
    if (deadline.equals(following)) {
      following = deadline.next;
    }
    deadline.previous = null;
    deadline.next = null;
  }

  private void tick() {
    try {
      fire(now());
    } finally {
      ticking = first != null;
      if (ticking) {
        loop.schedule(this::tick, TICK_NANOS, TimeUnit.NANOSECONDS);
      }
    }
  }

  private void fire(long now) {
    for (var at = first; at != null; at = following) {
      following = at.next;
      if (now - at.atNanos >= 0) {
        clear(at);
        expire(at, now);
      }
    }
  }

  /** What one limit does wrong, or has no memory for, is not to cost the loop all the others. */
  private static void expire(Deadline due, long now) {
    try {
      due.expired(now);
    } catch (Throwable e) {
      LOG.warn("a time limit failed as it passed", e);
    }
  }

  /** Something with one time limit at a time. */
  public abstract static class Deadline {
    private @Nullable Deadline previous;
    private @Nullable Deadline next;
    private boolean linked;
    private long atNanos;

    /** The limit has passed; it is cleared already and may be set anew. */
    protected abstract void expired(long nowNanos);
  }
}
