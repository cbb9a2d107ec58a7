package io.penstock.picker.signals;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.pool.Endpoint;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class EngineSignalsTest {

  private static final long MILLISECOND = 1_000_000;

  private final EngineSignals signals = new EngineSignals(Duration.ofMillis(500));

  @Test
  void aSlotThatNobodyHeardReadsAsZerosAndNotFresh() {
    assertThat(signals.fresh(3, 1)).isFalse();
    assertThat(signals.updates(3)).isZero();
    assertThat(signals.running(3)).isZero();
    assertThat(signals.kvCapacityTokens(Endpoint.MAX_SLOTS - 1)).isZero();
    assertThat(signals.loraAdapters(3)).isEqualTo(LoraAdapters.NONE);
  }

  @Test
  void keepsEverythingOfASample() {
    signals.update(700, sample(), 5, MILLISECOND);

    assertThat(signals.running(700)).isEqualTo(7);
    assertThat(signals.waiting(700)).isEqualTo(2);
    assertThat(signals.kvUsage(700)).isEqualTo(0.25);
    assertThat(signals.blockSize(700)).isEqualTo(16);
    assertThat(signals.kvCapacityTokens(700)).isEqualTo(16_000);
    assertThat(signals.prefixCacheQueries(700)).isEqualTo(11);
    assertThat(signals.prefixCacheHits(700)).isEqualTo(12);
    assertThat(signals.promptTokens(700)).isEqualTo(13);
    assertThat(signals.generationTokens(700)).isEqualTo(14);
    assertThat(signals.preemptions(700)).isEqualTo(15);
    assertThat(signals.asleep(700)).isTrue();
    assertThat(signals.loraAdapters(700).running()).containsExactly("a");
    assertThat(signals.updates(700)).isEqualTo(1);
    assertThat(signals.lastUpdateNanos(700)).isEqualTo(5);
    assertThat(signals.updates(701)).as("the neighbour").isZero();
  }

  @Test
  void keepsAttributesBySlotWhileTheEnginesStayTheSame() {
    signals.engines(settings("heat", "depth"));
    var attributes = signals.attributes();
    int heat = attributes.column("heat");
    int depth = attributes.column("depth");
    assertThat(attributes.value(700, heat)).isNaN();

    signals.update(700, attributes("heat -1.5\n"), 5, MILLISECOND);
    signals.update(701, attributes("heat 2\ndepth 3\n"), 5, MILLISECOND);
    signals.engines(settings("heat", "depth"));

    assertThat(signals.attributes()).isSameAs(attributes);
    assertThat(attributes.value(700, heat)).isEqualTo(-1.5);
    assertThat(attributes.value(700, depth)).isNaN();
    assertThat(attributes.value(701, heat)).isEqualTo(2);
    assertThat(attributes.value(701, depth)).isEqualTo(3);
    assertThat(attributes.column("other")).isEqualTo(-1);
    assertThat(attributes.value(701, -1)).isNaN();

    signals.reset(701);
    assertThat(attributes.value(701, heat)).isNaN();
    assertThat(attributes.value(700, heat)).isEqualTo(-1.5);
  }

  @Test
  void attributesThatWereReadByOtherEnginesAreNobodys() {
    signals.engines(settings("heat"));
    var old = attributes("heat 1\n");
    signals.engines(settings("depth"));
    signals.update(0, old, 5, MILLISECOND);

    assertThat(signals.attributes().value(0, 0)).isNaN();
    assertThat(signals.updates(0)).isEqualTo(1);
  }

  private static EngineSettings settings(String... attributes) {
    var custom =
        Arrays.stream(attributes)
            .map(each -> new EngineSpec.Custom(each, MetricSpec.of(each)))
            .toList();
    var own = new EngineSpec("own", null, null, null, null, EngineSpec.Cache.NONE, custom);
    return new EngineSettings("label", "own", EngineSettings.withBuiltIn(List.of(own)));
  }

  private EngineSample attributes(String page) {
    return EnginePage.read(page, signals.engines().metrics("own"));
  }

  @Test
  void isFreshForTheThresholdOrThreeIntervals() {
    signals.update(0, sample(), 0, 100 * MILLISECOND);
    signals.update(1, sample(), 0, 1000 * MILLISECOND);

    assertThat(signals.fresh(0, 500 * MILLISECOND)).isTrue();
    assertThat(signals.fresh(0, 501 * MILLISECOND)).isFalse();
    assertThat(signals.fresh(1, 3000 * MILLISECOND)).isTrue();
    assertThat(signals.fresh(1, 3001 * MILLISECOND)).isFalse();
  }

  @Test
  void saysOfAllSlotsAtOnceWhatItSaysOfEach() {
    for (int slot = 0; slot < 600; slot += 7) {
      signals.update(slot, sample(), slot * MILLISECOND, 0);
    }
    signals.reset(7);
    var all = new boolean[600];
    Arrays.fill(all, true);

    signals.readFresh(599, 700 * MILLISECOND, all);

    for (int slot = 0; slot < 599; slot++) {
      assertThat(all[slot]).as("slot " + slot).isEqualTo(signals.fresh(slot, 700 * MILLISECOND));
    }
    assertThat(all[7]).isFalse();
    assertThat(all[196]).isFalse();
    assertThat(all[595]).as("of the third chunk").isTrue();
    assertThat(all[599]).as("not asked for").isTrue();
  }

  @Test
  void knowsWhetherAnyPodWasEverAsleep() {
    var awake = sample();
    awake.asleep = false;
    signals.update(3, awake, 5, MILLISECOND);
    assertThat(signals.everAsleep()).isFalse();

    signals.update(4, sample(), 5, MILLISECOND);
    assertThat(signals.everAsleep()).isTrue();
  }

  @Test
  void aFailureKeepsTheLastSampleUntilItIsStale() {
    signals.update(0, sample(), 0, MILLISECOND);
    signals.failed(0);
    signals.failed(0);

    assertThat(signals.consecutiveFailures(0)).isEqualTo(2);
    assertThat(signals.running(0)).isEqualTo(7);
    assertThat(signals.fresh(0, MILLISECOND)).isTrue();

    signals.update(0, sample(), 2 * MILLISECOND, MILLISECOND);

    assertThat(signals.consecutiveFailures(0)).isZero();
  }

  @Test
  void theNextOwnerOfASlotInheritsNothing() {
    signals.update(0, sample(), 0, MILLISECOND);
    signals.failed(0);

    signals.reset(0);

    assertThat(signals.fresh(0, 0)).isFalse();
    assertThat(signals.updates(0)).isZero();
    assertThat(signals.consecutiveFailures(0)).isZero();
    assertThat(signals.running(0)).isZero();
    assertThat(signals.kvUsage(0)).isZero();
    assertThat(signals.loraAdapters(0)).isEqualTo(LoraAdapters.NONE);
  }

  private static EngineSample sample() {
    var sample = new EngineSample();
    sample.running = 7;
    sample.waiting = 2;
    sample.kvUsage = 0.25;
    sample.blockSize = 16;
    sample.kvCapacityTokens = 16_000;
    sample.prefixCacheQueries = 11;
    sample.prefixCacheHits = 12;
    sample.promptTokens = 13;
    sample.generationTokens = 14;
    sample.preemptions = 15;
    sample.asleep = true;
    sample.loraAdapters = new LoraAdapters(2, List.of("a"), List.of());
    return sample;
  }
}
