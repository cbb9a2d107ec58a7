package io.penstock.picker.flow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SerialTasksTest {

  private final SerialTasks tasks = new SerialTasks();
  private final List<String> done = new ArrayList<>();

  @Test
  void what_a_task_brings_runs_after_it() {
    tasks.run(
        () -> {
          tasks.run(() -> done.add("second"));
          done.add("first");
        });

    assertThat(done).containsExactly("first", "second");
  }

  @Test
  void a_task_that_fails_stops_neither_its_bringer_nor_those_after_it() {
    tasks.run(
        () -> {
          tasks.run(
              () -> {
                throw new AssertionError("on purpose");
              });
          tasks.run(() -> done.add("after it"));
        });
    tasks.run(() -> done.add("later"));

    assertThat(done).containsExactly("after it", "later");
  }
}
