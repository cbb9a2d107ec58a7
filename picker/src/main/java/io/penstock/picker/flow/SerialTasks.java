package io.penstock.picker.flow;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks one after the other, in the order in which they came, without a thread of its own:
 * whoever brings one while none runs, runs it, and then those that others have brought meanwhile.
 * Thread-safe, lock-free; nobody waits.
 *
 * <p>What waits is bounded by who brings tasks: a request has at most a handful of them in its
 * life, an endpoint one for each of its scrapes.
 */
final class SerialTasks {

  private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicInteger count = new AtomicInteger();

  /**
   * Runs the task now, or leaves it to whoever runs one now. What a task throws is thrown when all
   * have run.
   */
  void run(Runnable task) {
    tasks.add(task);
    if (count.getAndIncrement() != 0) {
      return;
    }
    RuntimeException fault = null;
    do {
      fault = runOne(fault);
    } while (count.decrementAndGet() != 0);
    if (fault != null) {
      throw fault;
    }
  }

  private @Nullable RuntimeException runOne(@Nullable RuntimeException before) {
    var next = tasks.poll();
    try {
      if (next != null) {
        next.run();
      }
      return before;
    } catch (RuntimeException fault) {
      return before == null ? fault : before;
    }
  }
}
