package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkQueueTest {

  private final WorkQueue<String> queue =
      new WorkQueue<>(4, System::nanoTime, new SplittableRandom(1));

  @AfterEach
  void close() {
    queue.close();
  }

  @Test
  void no_key_is_worked_on_twice_at_a_time_and_every_key_is_worked_on_after_its_last_change() {
    Map<String, AtomicInteger> atWork = new ConcurrentHashMap<>();
    Map<String, Integer> seen = new ConcurrentHashMap<>();
    Map<String, AtomicInteger> changes = new ConcurrentHashMap<>();
    var overlaps = new AtomicInteger();
    queue.start(
        key -> {
          var count = atWork.computeIfAbsent(key, each -> new AtomicInteger());
          if (count.incrementAndGet() > 1) {
            overlaps.incrementAndGet();
          }
          seen.put(key, changes.get(key).get());
          count.decrementAndGet();
          return new Pass.Settled();
        });

    for (int i = 0; i < 2000; i++) {
      var key = "key " + i % 7;
      changes.computeIfAbsent(key, each -> new AtomicInteger()).incrementAndGet();
      queue.add(key);
    }

    await()
        .until(
            () ->
                changes.entrySet().stream()
                    .allMatch(
                        each -> each.getValue().get() == seen.getOrDefault(each.getKey(), 0)));
    assertThat(overlaps).hasValue(0);
  }

  @Test
  void a_pass_that_fails_or_throws_is_tried_again() {
    var tries = new AtomicInteger();
    queue.start(
        key ->
            switch (tries.incrementAndGet()) {
              case 1 -> new Pass.Failed("not yet");
              case 2 -> throw new IllegalStateException("a fault of our own");
              default -> new Pass.Settled();
            });

    queue.add("a");

    await().untilAsserted(() -> assertThat(tries).hasValue(3));
  }

  @Test
  void a_stack_that_is_too_deep_costs_neither_the_worker_nor_the_key() {
    var tries = new AtomicInteger();
    try (var alone = new WorkQueue<String>(1, System::nanoTime, new SplittableRandom(1))) {
      alone.start(
          key -> {
            if (tries.incrementAndGet() == 1) {
              throw new StackOverflowError("too deep");
            }
            return new Pass.Settled();
          });

      alone.add("a");

      await().untilAsserted(() -> assertThat(tries).hasValue(2));
    }
  }

  @Test
  void a_key_comes_again_after_the_time_that_its_pass_asks_for() {
    var passes = new Semaphore(0);
    queue.start(
        key -> {
          passes.release();
          return new Pass.Again(Duration.ofMillis(1));
        });

    queue.add("a");

    await().until(() -> passes.tryAcquire(3));
  }

  @Test
  void closing_waits_for_the_pass_that_runs_and_begins_no_other() throws Exception {
    var begun = new CountDownLatch(1);
    var mayEnd = new CountDownLatch(1);
    var ended = new AtomicInteger();
    var alone = new WorkQueue<String>(1, System::nanoTime, new SplittableRandom(1));
    alone.start(
        key -> {
          begun.countDown();
          awaitQuietly(mayEnd);
          ended.incrementAndGet();
          return new Pass.Settled();
        });
    alone.add("a");
    begun.await();
    alone.add("b");

    var closing = Thread.ofVirtual().start(alone::close);
    await().until(() -> closing.getState() == Thread.State.TIMED_WAITING);
    mayEnd.countDown();

    assertThat(closing.join(Duration.ofSeconds(10))).isTrue();
    assertThat(ended).hasValue(1);
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
