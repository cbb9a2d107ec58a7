package io.penstock.picker.schedule;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutlierDetectorTest {

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final int SLOT = 7;

  private final OutlierDetector detector =
      new OutlierDetector(new OutlierDetector.Settings(3, 5 * SECOND, 60 * SECOND, 10 * SECOND));
  private long now = Long.MAX_VALUE - 20 * SECOND;

  private boolean fail(int times) {
    boolean ejects = false;
    for (int i = 0; i < times; i++) {
      ejects = detector.failure(SLOT, now);
    }
    return ejects;
  }

  private boolean routable() {
    return detector.routable(SLOT, now);
  }

  @Test
  void failures_in_a_row_eject_and_a_success_between_them_does_not() {
    assertThat(fail(2)).isFalse();
    detector.success(SLOT, now);
    assertThat(fail(2)).isFalse();
    assertThat(routable()).isTrue();

    assertThat(fail(1)).isTrue();
    assertThat(routable()).isFalse();
    assertThat(detector.routable(SLOT + 1, now)).isTrue();
    assertThat(detector.ejectionCount()).isEqualTo(1);
  }

  @Test
  void an_ejection_lasts_its_time_even_over_the_end_of_the_clock() {
    fail(3);
    now += 5 * SECOND - 1;
    assertThat(routable()).isFalse();
    now += 1;
    assertThat(routable()).isTrue();
    now += 100 * SECOND;
    assertThat(routable()).isTrue();
  }

  @Test
  void each_ejection_of_a_row_lasts_twice_as_long_up_to_the_bound() {
    for (long seconds : new long[] {5, 10, 20, 40, 60, 60, 60}) {
      assertThat(fail(3)).isTrue();
      now += seconds * SECOND - 1;
      assertThat(routable()).as("%d s", seconds).isFalse();
      now += 1;
      assertThat(routable()).as("%d s", seconds).isTrue();
    }
    for (int i = 0; i < 100; i++) {
      fail(3);
      now += 60 * SECOND;
      assertThat(routable()).isTrue();
    }
  }

  @Test
  void a_success_after_the_return_ends_the_row() {
    fail(3);
    now += 5 * SECOND;
    detector.success(SLOT, now);
    fail(3);
    now += 5 * SECOND;
    assertThat(routable()).isTrue();
  }

  @Test
  void what_was_sent_before_an_ejection_does_not_count_during_it() {
    fail(3);
    assertThat(fail(30)).isFalse();
    detector.success(SLOT, now);
    assertThat(detector.ejectionCount()).isEqualTo(1);
    now += 5 * SECOND;
    assertThat(routable()).isTrue();

    // The row goes on: the next ejection is the second.
    fail(3);
    now += 10 * SECOND - 1;
    assertThat(routable()).isFalse();
  }

  @Test
  void a_returned_endpoint_gets_its_share_back_slowly() {
    assertThat(detector.weight(SLOT, now)).isEqualTo(1);
    fail(3);
    now += 5 * SECOND;
    assertThat(detector.weight(SLOT, now)).isCloseTo(0.1, within(1e-9));
    now += 5 * SECOND;
    assertThat(detector.weight(SLOT, now)).isCloseTo(0.55, within(1e-9));
    now += 4 * SECOND;
    assertThat(detector.weight(SLOT, now)).isCloseTo(0.91, within(1e-9));
    now += SECOND;
    assertThat(detector.weight(SLOT, now)).isEqualTo(1);
    assertThat(detector.weight(SLOT, now + 1_000 * SECOND)).isEqualTo(1);
  }

  @Test
  void without_a_ramp_it_is_back_at_once() {
    var abrupt = new OutlierDetector(new OutlierDetector.Settings(1, 5 * SECOND, 60 * SECOND, 0));
    abrupt.failure(SLOT, now);
    assertThat(abrupt.routable(SLOT, now + 5 * SECOND)).isTrue();
    assertThat(abrupt.weight(SLOT, now + 5 * SECOND)).isEqualTo(1);
  }

  @Test
  void none_is_ejected_where_no_number_of_failures_ejects() {
    var never = new OutlierDetector(new OutlierDetector.Settings(0, SECOND, SECOND, SECOND));
    for (int i = 0; i < 100; i++) {
      assertThat(never.failure(SLOT, now)).isFalse();
    }
    assertThat(never.routable(SLOT, now)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 0, 2, 10, 3_600})
  void a_busy_endpoint_is_left_alone_as_long_as_it_asks_within_bounds(long seconds) {
    detector.busy(SLOT, now, seconds < 0 ? -1 : seconds * SECOND);
    long left = seconds < 0 ? SECOND / 2 : Math.min(seconds, 10) * SECOND;
    if (left > 0) {
      now += left - 1;
      assertThat(routable()).isFalse();
      now += 1;
    }
    assertThat(routable()).isTrue();
    assertThat(detector.weight(SLOT, now)).isEqualTo(1);
    assertThat(detector.ejectionCount()).isZero();
  }

  @Test
  void being_busy_shortens_no_ejection() {
    fail(3);
    detector.busy(SLOT, now, SECOND);
    now += 2 * SECOND;
    assertThat(routable()).isFalse();
  }

  @Test
  void a_slots_next_owner_inherits_nothing() {
    fail(3);
    fail(2);
    detector.forget(SLOT);
    assertThat(routable()).isTrue();
    assertThat(detector.weight(SLOT, now)).isEqualTo(1);
    assertThat(fail(2)).isFalse();
    assertThat(fail(1)).isTrue();
    now += 5 * SECOND;
    assertThat(routable()).isTrue();
  }
}
