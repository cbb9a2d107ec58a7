package io.penstock.simulator.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class EngineProfileTest {

  @Test
  void aLonePrefillTakesItsComputeAndAttention() {
    EngineProfile profile = EngineProfile.LLAMA_8B;

    // 1000 tokens behind 4000: 32 ms of compute and 1.1e-9 * 1000 * 4500 = 4.95 ms of attention
    assertThat(profile.chunkSeconds(1000, 4000)).isCloseTo(0.03695, within(1e-12));
    assertThat(profile.stepSeconds(0.03695, 0, 0)).isCloseTo(0.03895, within(1e-12));
  }

  @Test
  void aSmallDecodeBatchTakesTheWeightsAndItsContext() {
    // 10 decodes are 0.75 ms of compute, below the 14 ms of weights; 31e-9 * 100,000 = 3.1 ms
    assertThat(EngineProfile.LLAMA_70B.stepSeconds(0, 10, 100_000))
        .isCloseTo(0.0201, within(1e-12));
  }

  @Test
  void theEngineStepsInTheModelledTime() {
    var clock = new VirtualClock();
    var engine = new Engine(EngineConfig.builder(EngineProfile.LLAMA_70B).build(), clock);
    var recorder = new Recorder(clock);
    engine.submit(
        EngineRequest.builder(IntStream.range(0, 3000).toArray()).maxTokens(2).build(), recorder);
    clock.runUntilIdle();

    double first = 3e-3 + 75e-6 * 2048 + 1.4e-9 * 2048 * 1024;
    double second = 3e-3 + 75e-6 * 952 + 1.4e-9 * 952 * (2048 + 476);
    double decode = 3e-3 + 14e-3 + 31e-9 * 3001;
    assertThat(recorder.tokenNanos.getFirst() / 1e9).isCloseTo(first + second, within(1e-8));
    assertThat(recorder.tokenNanos.getLast() / 1e9)
        .isCloseTo(first + second + decode, within(1e-8));
  }

  @Test
  void holdsWhatTheReferenceHolds() {
    assertThat(EngineConfig.builder(EngineProfile.named("8b")).build().numGpuBlocks())
        .isEqualTo(25_280);
    assertThat(EngineConfig.builder(EngineProfile.named("70b")).build().numGpuBlocks())
        .isEqualTo(25_760);
  }

  @Test
  void anUnknownNameIsAnsweredWithTheKnownOnes() {
    assertThatThrownBy(() -> EngineProfile.named("13b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("unknown profile \"13b\"; known are 8b, 70b, instant");
  }

  @Test
  void aModelLengthBeyondTheCacheIsRefused() {
    assertThatThrownBy(
            () ->
                EngineConfig.builder(EngineProfile.INSTANT).numGpuBlocks(4).maxModelLen(65).build())
        .hasMessageContaining("does not fit");
  }
}
