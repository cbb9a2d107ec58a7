package io.penstock.tools.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.penstock.tools.replay.trace.Trace;
import io.penstock.tools.replay.trace.TraceRequest;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArrivalTimesTest {

  @Test
  void constant_arrivals_are_even_and_do_not_drift() {
    var times = ArrivalTimes.constant(3);

    assertThat(times.nextNanos()).isZero();
    assertThat(times.nextNanos()).isEqualTo(333_333_333);
    for (int i = 2; i < 3_000_000; i++) {
      times.nextNanos();
    }
    assertThat(times.nextNanos()).isEqualTo(1_000_000_000_000_000L);
  }

  @Test
  void poisson_gaps_have_the_mean_and_the_spread_of_an_exponential_distribution() {
    var times = ArrivalTimes.poisson(1_000, 7);
    int count = 200_000;
    double sum = 0;
    double squares = 0;
    int aboveMean = 0;
    long last = 0;

    for (int i = 0; i < count; i++) {
      long at = times.nextNanos();
      double gap = (at - last) / 1e6;
      assertThat(gap).isNotNegative();
      sum += gap;
      squares += gap * gap;
      aboveMean += gap > 1 ? 1 : 0;
      last = at;
    }

    double mean = sum / count;
    assertThat(mean).isCloseTo(1, within(0.02));
    assertThat(Math.sqrt(squares / count - mean * mean)).isCloseTo(1, within(0.02));
    assertThat((double) aboveMean / count).isCloseTo(Math.exp(-1), within(0.01));
  }

  @Test
  void equal_seeds_give_equal_arrivals() {
    var one = ArrivalTimes.poisson(50, 1);
    var same = ArrivalTimes.poisson(50, 1);
    var other = ArrivalTimes.poisson(50, 2);

    boolean differs = false;
    for (int i = 0; i < 100; i++) {
      long at = one.nextNanos();
      assertThat(same.nextNanos()).isEqualTo(at);
      differs |= other.nextNanos() != at;
    }
    assertThat(differs).isTrue();
  }

  @Test
  void recorded_arrivals_end_with_their_trace() {
    var times =
        ArrivalTimes.recorded(
            new Trace(
                "two",
                List.of(
                    new TraceRequest(0, 0, 1, 1, new int[] {1}),
                    new TraceRequest(1, 5_000_000, 1, 1, new int[] {1}))));

    assertThat(times.nextNanos()).isZero();
    assertThat(times.nextNanos()).isEqualTo(5_000_000);
    assertThat(times.nextNanos()).isEqualTo(ArrivalTimes.NEVER);
    assertThat(times.nextNanos()).isEqualTo(ArrivalTimes.NEVER);
  }

  @Test
  void a_rate_must_be_positive() {
    assertThatThrownBy(() -> new Arrivals.Constant(0)).hasMessageContaining("0.0");
    assertThatThrownBy(() -> new Arrivals.Poisson(Double.NaN, 1)).hasMessageContaining("NaN");
  }
}
