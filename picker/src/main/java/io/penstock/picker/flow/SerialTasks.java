package io.penstock.picker.flow;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs tasks one after the other, in the order in which they came, without a thread of its own:
 * whoever brings one while none runs, runs it, and then those that others have brought meanwhile.
 * Thread-safe, lock-free; nobody waits.
 *
 * <p>What waits is bounded by who brings tasks: a request has at most a handful of them in its
 * life, an endpoint one for each of its scrapes.
 */
final class SerialTasks {

  private static final Logger LOG = LoggerFactory.getLogger(SerialTasks.class);

  private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicInteger count = new AtomicInteger();

  /**
   * Runs the task now, or leaves it to whoever runs one now. What a task throws is logged, and goes
   * no further.
   */
  void run(Runnable task) {
    tasks.add(task);
    if (count.getAndIncrement() != 0) {
      return;
    }
    do {
      runOne();
    } while (count.decrementAndGet() != 0);
  }

  private void runOne() {
    var next = tasks.poll();
    try {
      if (next != null) {
        next.run();
      }
    } catch (Throwable fault) {
      // Not for whoever happens to run it: the task may be another request's.
      LOG.error("a task of the gate failed", fault);
    }
  }
}
