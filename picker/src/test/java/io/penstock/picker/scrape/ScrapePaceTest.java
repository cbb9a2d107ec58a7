package io.penstock.picker.scrape;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class ScrapePaceTest {

  private final ScrapePace pace = new ScrapePace(200, 1000, 5000, new SplittableRandom(1));

  @Test
  void anActivePodIsScrapedEveryIntervalAtTheLatest() {
    for (int i = 0; i < 1000; i++) {
      assertThat(pace.afterSuccess(true)).isBetween(160L, 200L);
    }
    assertThat(pace.pauseNanos()).isEqualTo(200);
  }

  @Test
  void pausesDifferSoThatPodsDoNotFallIntoStep() {
    assertThat(LongStream.range(0, 100).map(i -> pace.afterSuccess(true)).distinct().count())
        .isGreaterThan(20);
  }

  @Test
  void anIdlePodIsScrapedLessAndLessDownToTheIdleInterval() {
    long[] pauses = LongStream.range(0, 4).map(i -> pauseAfter(pace.afterSuccess(false))).toArray();

    assertThat(pauses).containsExactly(400, 800, 1000, 1000);
    pace.afterSuccess(true);
    assertThat(pace.pauseNanos()).isEqualTo(200);
  }

  @Test
  void aFailingPodIsLeftAloneLongerAndLongerUpToTheLimit() {
    long[] pauses = LongStream.range(0, 7).map(i -> pauseAfter(pace.afterFailure())).toArray();

    assertThat(pauses).containsExactly(200, 400, 800, 1600, 3200, 5000, 5000);
    assertThat(pace.failures()).isEqualTo(7);
  }

  @Test
  void aPodThatRecoversStartsAtTheInterval() {
    for (int i = 0; i < 10; i++) {
      pace.afterFailure();
    }

    pace.afterSuccess(false);

    assertThat(pace.pauseNanos()).isEqualTo(200);
    assertThat(pace.failures()).isZero();
  }

  private long pauseAfter(long jittered) {
    assertThat(jittered).isBetween(pace.pauseNanos() * 8 / 10, pace.pauseNanos());
    return pace.pauseNanos();
  }
}
