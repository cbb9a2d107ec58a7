package io.penstock.picker.replica;

import io.penstock.picker.assembly.PlacementFeed;
import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.request.PromptKeys;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What one pool's event loops have to tell other replicas and nobody has sent yet, at most {@value
 * #MOST} records. While it is closed, and when it is full, what comes is dropped. Others would
 * count wrongly from then on, so what is there then is dropped too, and {@link #lost} says so once:
 * no placement is told whose end is not.
 *
 * <p>Thread-safe: event loops add, one thread takes.
 */
final class Outbox implements PlacementFeed {

  private static final int MOST = 1 << 14;

  private final Queue<Sent> records = new ConcurrentLinkedQueue<>();
  private final AtomicInteger size = new AtomicInteger();
  private final AtomicLong ids = new AtomicLong();
  private final AtomicBoolean called = new AtomicBoolean();
  private final AtomicBoolean lost = new AtomicBoolean();
  private final LongAdder dropped = new LongAdder();
  private final Runnable call;
  private volatile boolean open;

  /**
   * Closed and empty.
   *
   * @param call from an event loop: there is something to take; not again before {@link #lost}
   */
  Outbox(Runnable call) {
    this.call = call;
  }

  /** Whether somebody takes what comes from now on. */
  void open(boolean value) {
    open = value;
  }

  /**
   * Begins to take: what comes from now on calls again.
   *
   * @return whether anything was dropped since the last call; then nothing older is there any more
   */
  boolean lost() {
    called.set(false);
    if (!lost.getAndSet(false)) {
      return false;
    }
    while (poll() != null) {
      dropped.increment();
    }
    return true;
  }

  /** Whether there is no record. */
  boolean isEmpty() {
    return records.isEmpty();
  }

  /** The oldest record; null when there is none. */
  @Nullable Sent poll() {
    var record = records.poll();
    if (record != null) {
      size.decrementAndGet();
    }
    return record;
  }

  /** A batch of so many records is not told. */
  void drop(int records) {
    dropped.add(records);
    lost.set(true);
  }

  /** Records that were dropped, so far. */
  long dropped() {
    return dropped.sum();
  }

  @Override
  public Told placed(Endpoint endpoint, int uncached, int context, int handOver, PromptKeys keys) {
    long id = ids.incrementAndGet();
    add(new Sent.Placed(id, endpoint.id(), uncached, context, handOver, keys));
    return new Telling(id);
  }

  private void add(Sent record) {
    if (!open || size.get() >= MOST) {
      drop(1);
      return;
    }
    size.incrementAndGet();
    records.add(record);
    if (!called.get() && called.compareAndSet(false, true)) {
      call.run();
    }
  }

  /** Tells what becomes of a placement; confined to its event loop. */
  private final class Telling implements Told {
    private final long id;
    private boolean unlearned;

    Telling(long id) {
      this.id = id;
    }

    @Override
    public void firstToken() {
      add(new Sent.FirstToken(id));
    }

    @Override
    public void ended() {
      add(new Sent.Ended(id, unlearned));
    }

    @Override
    public void unlearned() {
      unlearned = true;
    }
  }
}
