package io.penstock.picker.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The capacity that the index believes in follows what engines really find cached. */
class CapacityCorrectionTest {

  private static final int CONVERSATIONS = 600;
  private static final int CAPACITY = 400_000;

  /** Conversations over one cache that drops what was used least lately. */
  private static final class Load {
    private final SplittableRandom random;
    private final List<Integer> byAge = new ArrayList<>();
    private final int[] tokens = new int[CONVERSATIONS];

    Load(long seed) {
      random = new SplittableRandom(seed);
      for (int i = 0; i < CONVERSATIONS; i++) {
        tokens[i] = 500 + random.nextInt(3_000);
        byAge.add(i);
      }
    }

    /** The next request's conversation: those used lately are likelier. */
    int next() {
      int age = (int) (CONVERSATIONS * Math.pow(random.nextDouble(), 1.5));
      return byAge.get(age);
    }

    /** What a cache of that size has of it: all or nothing. */
    int held(int conversation, double capacity) {
      long newer = 0;
      for (int i = 0; byAge.get(i) != conversation; i++) {
        newer += tokens[byAge.get(i)];
      }
      return newer + tokens[conversation] <= capacity ? tokens[conversation] : 0;
    }

    void use(int conversation) {
      byAge.remove(Integer.valueOf(conversation));
      byAge.addFirst(conversation);
    }
  }

  /** Mean absolute error of that many promises; the correction learns from each. */
  private static double run(Load load, CapacityCorrection correction, double told, int requests) {
    double sum = 0;
    for (int i = 0; i < requests; i++) {
      int conversation = load.next();
      int predicted = load.held(conversation, correction.factor(3) * told);
      int actual = load.held(conversation, CAPACITY);
      correction.observe(3, actual, predicted);
      sum += Math.abs(actual - predicted);
      load.use(conversation);
    }
    return sum / requests;
  }

  @ParameterizedTest
  @CsvSource({"0.55", "0.7", "0.8", "1.0", "1.3", "1.6", "1.9"})
  void finds_the_capacity_whatever_the_engine_says_of_it(double toldShare) {
    for (long seed = 1; seed <= 3; seed++) {
      var load = new Load(seed);
      var correction = new CapacityCorrection();
      double told = toldShare * CAPACITY;

      double first = run(load, correction, told, 200);
      run(load, correction, told, 12_000);
      double last = run(load, correction, told, 1_000);

      assertThat(correction.factor(3) * toldShare).as("seed %s", seed).isBetween(0.97, 1.1);
      assertThat(last).as("tokens off, seed %s", seed).isLessThan(100);
      if (Math.abs(CapacityCorrection.START * toldShare - 1) > 0.3) {
        assertThat(last).isLessThan(first / 2);
      }
    }
  }

  @Test
  void grows_four_times_as_fast_as_it_shrinks() {
    var correction = new CapacityCorrection();
    correction.observe(1, 10_000, 0);
    correction.observe(2, 0, 10_000);

    assertThat(correction.factor(1) / CapacityCorrection.START)
        .isCloseTo(Math.exp(0.02), within(1e-6));
    assertThat(correction.factor(2) / CapacityCorrection.START)
        .isCloseTo(Math.exp(-0.005), within(1e-6));
  }

  @Test
  void stays_within_bounds_whatever_comes() {
    var correction = new CapacityCorrection();
    for (int i = 0; i < 10_000; i++) {
      correction.observe(1, 0, 50_000);
      correction.observe(2, 50_000, 0);
    }
    assertThat(correction.factor(1)).isEqualTo(CapacityCorrection.LEAST);
    assertThat(correction.factor(2)).isEqualTo(CapacityCorrection.MOST);
    correction.reset(1);
    assertThat(correction.factor(1)).isEqualTo(CapacityCorrection.START);
    assertThat(correction.factor(9)).isEqualTo(CapacityCorrection.START);
  }

  @Test
  void small_differences_say_nothing() {
    var correction = new CapacityCorrection();
    for (int i = 0; i < 1_000; i++) {
      correction.observe(1, 100, 0);
      correction.observe(1, 8_000, 9_900);
      correction.observe(1, 9_900, 8_000);
    }
    assertThat(correction.factor(1)).isEqualTo(CapacityCorrection.START);
  }
}
