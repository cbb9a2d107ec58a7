package io.penstock.tools.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** Intended times, with a clock that the test sets. */
class BacklogTest {

  private static final long START = 1_000_000_000_000L;
  private static final long MILLI = 1_000_000;

  @Test
  void what_a_stall_delays_keeps_the_time_at_which_it_was_to_be_sent() {
    var backlog = new Backlog(ArrivalTimes.constant(100), START, 1_000);
    assertThat(backlog.takeDue(START)).isZero();
    assertThat(backlog.poll()).isEqualTo(START);

    long afterStall = START + 55 * MILLI;
    assertThat(backlog.takeDue(afterStall)).isZero();

    assertThat(backlog.size()).isEqualTo(5);
    for (int i = 1; i <= 5; i++) {
      assertThat(backlog.peek()).isEqualTo(START + i * 10L * MILLI);
      assertThat(afterStall - backlog.poll()).isEqualTo((55 - i * 10L) * MILLI);
    }
    assertThat(backlog.isEmpty()).isTrue();
    assertThat(backlog.nextNanos()).isEqualTo(START + 60 * MILLI);
  }

  @Test
  void nothing_is_due_before_its_time() {
    var backlog = new Backlog(ArrivalTimes.constant(10), START, 10);
    backlog.takeDue(START);
    backlog.poll();

    backlog.takeDue(START + 100 * MILLI - 1);
    assertThat(backlog.isEmpty()).isTrue();
    backlog.takeDue(START + 100 * MILLI);
    assertThat(backlog.isEmpty()).isFalse();
  }

  @Test
  void what_finds_no_room_is_counted_and_the_oldest_stay() {
    var backlog = new Backlog(ArrivalTimes.constant(1_000), START, 3);

    assertThat(backlog.takeDue(START + 9 * MILLI)).isEqualTo(7);

    assertThat(backlog.poll()).isEqualTo(START);
    assertThat(backlog.poll()).isEqualTo(START + MILLI);
    assertThat(backlog.number()).isEqualTo(2);
    assertThat(backlog.poll()).isEqualTo(START + 2 * MILLI);
    assertThatThrownBy(backlog::poll).isInstanceOf(IllegalStateException.class);
    assertThat(backlog.nextNanos()).isEqualTo(START + 10 * MILLI);

    backlog.takeDue(START + 10 * MILLI);
    assertThat(backlog.number()).isEqualTo(10);
  }
}
