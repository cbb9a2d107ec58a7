package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class StartedPartsTest {

  private final List<String> closed = new ArrayList<>();
  private final StartedParts parts = new StartedParts();

  @Test
  void what_started_last_is_closed_first_and_all_of_it_once() {
    parts.add(() -> closed.add("first"));
    parts.add(() -> closed.add("second"));

    parts.close();
    parts.close();

    assertThat(closed).containsExactly("second", "first");
  }

  @Test
  void a_part_that_cannot_be_closed_keeps_none_of_the_others_open() {
    parts.add(() -> closed.add("first"));
    parts.add(
        () -> {
          throw new IllegalStateException("stuck");
        });

    parts.close();

    assertThat(closed).containsExactly("first");
  }

  @Test
  void who_closes_second_returns_when_the_first_is_through() throws Exception {
    var go = new CountDownLatch(1);
    parts.add(() -> closed.add("first"));
    parts.add(go::await);
    var one = Thread.ofPlatform().start(parts::close);
    await().until(() -> one.getState() == Thread.State.WAITING);
    var other = Thread.ofPlatform().start(parts::close);
    await().until(() -> other.getState() == Thread.State.WAITING);

    assertThat(closed).isEmpty();
    go.countDown();
    other.join();
    assertThat(closed).containsExactly("first");
    one.join();
  }
}
