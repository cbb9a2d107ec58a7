package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class KeyScheduleTest {

  private final KeySchedule<String> schedule = new KeySchedule<>(new SplittableRandom(1));

  @Test
  void a_key_that_is_added_twice_is_given_once() {
    schedule.add("a", 0);
    schedule.add("a", 0);

    assertThat(schedule.depth()).isEqualTo(1);
    assertThat(schedule.poll(0)).isEqualTo("a");
    assertThat(schedule.poll(0)).isNull();
  }

  @Test
  void a_key_that_is_worked_on_is_given_again_only_when_that_work_is_done() {
    schedule.add("a", 0);
    assertThat(schedule.poll(0)).isEqualTo("a");

    schedule.add("a", 0);
    assertThat(schedule.poll(0)).isNull();

    schedule.succeeded("a");
    assertThat(schedule.poll(0)).isEqualTo("a");
  }

  @Test
  void keys_come_in_the_order_in_which_they_are_due() {
    schedule.add("late", 20);
    schedule.add("first", 10);
    schedule.add("second", 10);

    assertThat(schedule.poll(9)).isNull();
    assertThat(schedule.nextDue()).hasValue(10);
    assertThat(schedule.poll(30)).isEqualTo("first");
    assertThat(schedule.poll(30)).isEqualTo("second");
    assertThat(schedule.poll(30)).isEqualTo("late");
    assertThat(schedule.nextDue()).isEmpty();
  }

  @Test
  void the_earlier_of_two_times_stands() {
    schedule.add("a", 50);
    schedule.add("a", 10);
    schedule.add("a", 90);

    assertThat(schedule.poll(10)).isEqualTo("a");
    assertThat(schedule.nextDue()).isEmpty();
  }

  @Test
  void a_key_that_fails_again_and_again_waits_twice_as_long_each_time_up_to_a_minute() {
    long now = 0;
    schedule.add("a", 0);
    for (int failure = 1; failure <= 30; failure++) {
      assertThat(schedule.poll(now)).isEqualTo("a");
      schedule.failed("a", now);
      long wait = schedule.nextDue().orElseThrow() - now;
      double whole = Math.min(KeySchedule.CAP, KeySchedule.BASE * Math.pow(2, failure - 1));
      assertThat((double) wait).isBetween(whole / 2, whole + 1);
      now += wait;
    }
  }

  @Test
  void work_that_ends_well_makes_the_next_failure_the_first_one() {
    schedule.add("a", 0);
    for (int i = 0; i < 5; i++) {
      schedule.poll(Long.MAX_VALUE);
      schedule.failed("a", 0);
    }
    schedule.poll(Long.MAX_VALUE);
    schedule.succeeded("a");

    schedule.add("a", 0);
    schedule.poll(0);
    schedule.failed("a", 0);
    assertThat(schedule.nextDue().orElseThrow()).isLessThanOrEqualTo(KeySchedule.BASE);
  }

  @Test
  void a_change_during_work_that_fails_is_not_made_to_wait() {
    schedule.add("a", 0);
    schedule.poll(0);
    schedule.add("a", 5);
    schedule.failed("a", 5);

    assertThat(schedule.poll(5)).isEqualTo("a");
  }

  /** Against a model that keeps a map and looks through all of it. */
  @Test
  void whatever_happens_in_whatever_order_no_key_is_lost_doubled_or_early() {
    for (long seed = 0; seed < 200; seed++) {
      var random = new SplittableRandom(seed);
      var tested = new KeySchedule<Integer>(new SplittableRandom(seed));
      Map<Integer, Long> waiting = new HashMap<>();
      Map<Integer, Long> afterwards = new HashMap<>();
      Set<Integer> running = new HashSet<>();
      long now = 0;
      for (int step = 0; step < 300; step++) {
        int key = random.nextInt(6);
        switch (random.nextInt(4)) {
          case 0 -> {
            long due = now + random.nextInt(50);
            tested.add(key, due);
            (running.contains(key) ? afterwards : waiting).merge(key, due, Math::min);
          }
          case 1 -> {
            var given = tested.poll(now);
            if (given == null) {
              long at = now;
              assertThat(waiting.values()).as("seed " + seed).allMatch(due -> due > at);
            } else {
              assertThat(running.add(given)).as("seed " + seed).isTrue();
              long due = waiting.remove(given);
              assertThat(due).as("seed " + seed).isLessThanOrEqualTo(now);
              assertThat(waiting.values()).as("seed " + seed).allMatch(other -> other >= due);
            }
          }
          case 2 -> {
            if (running.remove(key)) {
              tested.succeeded(key);
              var again = afterwards.remove(key);
              if (again != null) {
                waiting.put(key, again);
              }
            }
          }
          default -> now += random.nextInt(30);
        }
        assertThat(tested.depth()).as("seed " + seed).isEqualTo(waiting.size());
      }
    }
  }
}
