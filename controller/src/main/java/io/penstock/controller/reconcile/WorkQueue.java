package io.penstock.controller.reconcile;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One queue of keys and the virtual threads that work on them, no two on the same key at a time.
 * Thread-safe. {@link #close} waits for the passes that run.
 */
public final class WorkQueue<K> implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(WorkQueue.class);
  private static final long CLOSE_SECONDS = 20;

  private final KeySchedule<K> schedule;
  private final LongSupplier nanoClock;
  private final int workers;
  private final CountDownLatch ended;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private boolean started;
  private boolean closed;

  /**
   * A queue that nobody works on yet.
   *
   * @param workers keys worked on at a time
   */
  public WorkQueue(int workers, LongSupplier nanoClock, RandomGenerator random) {
    this.schedule = new KeySchedule<>(random);
    this.nanoClock = nanoClock;
    this.workers = workers;
    this.ended = new CountDownLatch(workers);
  }

  /** Begins to work; once. */
  public void start(Function<K, Pass> work) {
    lock.lock();
    try {
      started = true;
    } finally {
      lock.unlock();
    }
    for (int i = 0; i < workers; i++) {
      Thread.ofVirtual().name("penstock-reconcile-" + i).start(() -> work(work));
    }
  }

  /** Asks for a pass over the key as soon as one is free. */
  public void add(K key) {
    add(key, 0);
  }

  private void add(K key, long delayNanos) {
    lock.lock();
    try {
      schedule.add(key, nanoClock.getAsLong() + delayNanos);
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Keys that wait now. */
  public int depth() {
    lock.lock();
    try {
      return schedule.depth();
    } finally {
      lock.unlock();
    }
  }

  private void work(Function<K, Pass> work) {
    try {
      for (var key = take(); key != null; key = take()) {
        done(key, passOver(key, work));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      ended.countDown();
    }
  }

  private static <K> Pass passOver(K key, Function<K, Pass> work) {
    try {
      return work.apply(key);
    } catch (RuntimeException | Error e) {
      // A worker that ended over a stack that was too deep would keep its key for good.
      log.error("{}: a pass failed", key, e);
      return new Pass.Failed(e.toString());
    }
  }

  /** Waits for a key that is due; null when the queue is closed. */
  private @Nullable K take() throws InterruptedException {
    lock.lock();
    try {
      while (!closed) {
        long now = nanoClock.getAsLong();
        var key = schedule.poll(now);
        if (key != null) {
          changed.signal();
          return key;
        }
        var next = schedule.nextDue();
        if (next.isPresent()) {
          var _ = changed.awaitNanos(next.getAsLong() - now);
        } else {
          changed.await();
        }
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  private void done(K key, Pass pass) {
    lock.lock();
    try {
      long now = nanoClock.getAsLong();
      switch (pass) {
        case Pass.Settled _ -> schedule.succeeded(key);
        case Pass.Again again -> {
          schedule.succeeded(key);
          schedule.add(key, now + again.after().toNanos());
        }
        case Pass.Failed _ -> schedule.failed(key, now);
      }
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Takes no more keys and waits until the passes that run have ended, 20 s at most. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
      if (!started) {
        return;
      }
    } finally {
      lock.unlock();
    }
    try {
      if (!ended.await(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        log.warn("a pass still runs after {} s", CLOSE_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
