package io.penstock.simulator.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class EngineTest {

  /** One millisecond a token, and nothing else, so that times can be read off. */
  private static final EngineProfile MILLIS =
      new EngineProfile("millis", 1e-3, 0, 0, 0, 0, 1_600, 100, 8);

  private final VirtualClock clock = new VirtualClock();
  private Engine engine = engine(builder -> builder);

  private Engine engine(UnaryOperator<EngineConfig.Builder> settings) {
    return new Engine(settings.apply(EngineConfig.builder(MILLIS)).build(), clock);
  }

  private static int[] prompt(int first, int length) {
    return IntStream.range(first, first + length).toArray();
  }

  private static EngineRequest.Builder request(int[] prompt, int maxTokens) {
    return EngineRequest.builder(prompt).maxTokens(maxTokens);
  }

  private Recorder submit(EngineRequest.Builder request) {
    var recorder = new Recorder(clock);
    engine.submit(request.build(), recorder);
    return recorder;
  }

  private static int[] join(int[] first, int[] second) {
    int[] joined = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, joined, first.length, second.length);
    return joined;
  }

  private static int[] output(Recorder recorder) {
    return recorder.tokens.stream().mapToInt(Integer::intValue).toArray();
  }

  private void assertNothingLeft() {
    clock.runUntilIdle();
    assertThat(engine.stats().running()).isZero();
    assertThat(engine.stats().waiting()).isZero();
    assertThat(engine.stats().kvCacheUsage()).isZero();
  }

  @Nested
  class Batching {

    @Test
    void aStepComputesAllPromptsThatFitAndOneTokenForEach() {
      var first = submit(request(prompt(0, 20), 3));
      var second = submit(request(prompt(100, 30), 3));
      clock.runUntilIdle();

      assertThat(first.tokenNanos).containsExactly(50_000_000L, 52_000_000L, 54_000_000L);
      assertThat(second.tokenNanos).isEqualTo(first.tokenNanos);
      assertThat(first.reason).isEqualTo(FinishReason.LENGTH);
      assertThat(engine.stats().steps()).isEqualTo(3);
      assertNothingLeft();
    }

    @Test
    void aPromptLongerThanTheBudgetIsComputedInChunksBesideTheDecodes() {
      var decoding = submit(request(prompt(0, 10), 5));
      clock.runNext();
      var chunked = submit(request(prompt(1_000, 250), 1));
      clock.runUntilIdle();

      // 10 ms of prefill, then steps of one decode and 99, 99 and 52 tokens of the long prompt
      assertThat(decoding.tokenNanos)
          .containsExactly(10_000_000L, 110_000_000L, 210_000_000L, 263_000_000L, 264_000_000L);
      assertThat(chunked.tokenNanos).containsExactly(263_000_000L);
      assertNothingLeft();
    }

    @Test
    void aSequenceThatWaitsForPinnedBlocksEntersWhenTheyAreFreed() {
      engine = engine(builder -> builder.blockSize(16).numGpuBlocks(6));
      var holder = request(prompt(0, 64), 1).pinned(true).build();
      var held = engine.submit(holder, new Recorder(clock));
      clock.runUntilIdle();
      var waiting = submit(request(prompt(1_000, 64), 1));
      clock.runUntilIdle();
      assertThat(waiting.reason).isNull();

      engine.free(held);
      clock.runUntilIdle();

      assertThat(waiting.reason).isEqualTo(FinishReason.LENGTH);
      assertNothingLeft();
    }

    @Test
    void whoWaitedBehindAnAbortedSequenceEnters() {
      engine = engine(builder -> builder.blockSize(16).numGpuBlocks(6));
      engine.submit(request(prompt(0, 64), 1).pinned(true).build(), new Recorder(clock));
      clock.runUntilIdle();
      var tooLong = engine.submit(request(prompt(1_000, 64), 1).build(), new Recorder(clock));
      var behind = submit(request(prompt(2_000, 16), 1));
      clock.runUntilIdle();
      assertThat(behind.reason).isNull(); // no one overtakes

      engine.abort(tooLong);
      clock.runUntilIdle();

      assertThat(behind.reason).isEqualTo(FinishReason.LENGTH);
    }

    @Test
    void sequencesBeyondTheBatchWait() {
      engine = engine(builder -> builder.maxNumSeqs(2));
      var first = submit(request(prompt(0, 10), 2));
      submit(request(prompt(100, 10), 4));
      var third = submit(request(prompt(200, 10), 1));
      clock.runNext();

      assertThat(engine.stats().running()).isEqualTo(2);
      assertThat(engine.stats().waiting()).isEqualTo(1);
      clock.runUntilIdle();
      assertThat(third.scheduledNanos).isEqualTo(first.tokenNanos.getLast());
      assertNothingLeft();
    }

    @Test
    void theMoreUrgentOvertakesInTheQueue() {
      engine = engine(builder -> builder.maxNumSeqs(1));
      submit(request(prompt(0, 10), 5));
      clock.runNext();
      var plain = submit(request(prompt(100, 10), 1));
      var urgent = submit(request(prompt(200, 10), 1).priority(-1));
      clock.runUntilIdle();

      assertThat(urgent.scheduledNanos).isLessThan(plain.scheduledNanos);
    }

    @Test
    void refusesWhatTheQueueHasNoRoomFor() {
      engine = engine(builder -> builder.maxNumSeqs(1).maxQueuedRequests(2));
      for (int i = 0; i < 3; i++) {
        assertThat(engine.admits(1)).isTrue();
        submit(request(prompt(100 * i, 10), 5));
        clock.advance(1);
      }

      assertThat(engine.admits(1)).isFalse();
      assertThat(engine.stats().rejected()).isEqualTo(1);
      assertNothingLeft();
      assertThat(engine.admits(1)).isTrue();
    }

    @Test
    void anIdleEngineHasNoTimer() {
      assertThat(clock.idle()).isTrue();

      submit(request(prompt(0, 10), 2));
      clock.advance(11_000_000);

      assertThat(clock.idle()).isTrue();
    }
  }

  @Nested
  class PrefixCaching {

    @Test
    void theNextTurnFindsThePromptAndTheAnswer() {
      int[] turn = prompt(0, 40);
      var answer = submit(request(turn, 30));
      clock.runUntilIdle();
      int[] next = join(join(turn, output(answer)), prompt(5_000, 10));

      Sequence second = engine.submit(request(next, 1).build(), new Recorder(clock));
      clock.runUntilIdle();

      assertThat(second.cachedTokens()).isEqualTo(64); // 69 were computed: the last never is
      assertThat(engine.stats().prefixCacheHits()).isEqualTo(64);
      assertThat(engine.stats().prefixCacheQueries()).isEqualTo(40 + 80);
      assertNothingLeft();
    }

    @Test
    void neverFindsTheWholePrompt() {
      submit(request(prompt(0, 64), 1));
      clock.runUntilIdle();

      Sequence again = engine.submit(request(prompt(0, 64), 1).build(), new Recorder(clock));
      clock.runUntilIdle();

      assertThat(again.cachedTokens()).isEqualTo(48);
    }

    @Test
    void tellsWhatAdmissionWouldFind() {
      assertThat(engine.cachedTokens(prompt(0, 64))).isZero();
      submit(request(prompt(0, 64), 1));
      clock.runUntilIdle();

      assertThat(engine.cachedTokens(prompt(0, 64))).isEqualTo(48);
      assertThat(engine.cachedTokens(prompt(0, 65))).isEqualTo(64);
      assertThat(engine.cachedTokens(join(prompt(0, 32), prompt(900, 40)))).isEqualTo(32);
      assertThat(engine.cachedTokens(prompt(1, 64))).isZero();
    }

    @Test
    void cachedTokensCostNoTime() {
      submit(request(prompt(0, 65), 1));
      clock.runUntilIdle();
      long before = clock.nanos();

      var again = submit(request(prompt(0, 65), 1));
      clock.runUntilIdle();

      assertThat(again.tokenNanos.getFirst() - before).isEqualTo(1_000_000);
    }

    @Test
    void keepsSaltsAndAdaptersApart() {
      submit(request(prompt(0, 65), 1).cacheSalt("one"));
      clock.runUntilIdle();

      assertThat(cached(request(prompt(0, 65), 1))).isZero();
      assertThat(cached(request(prompt(0, 65), 1).cacheSalt("two"))).isZero();
      assertThat(cached(request(prompt(0, 65), 1).cacheSalt("one").adapter("ad1"))).isZero();
      assertThat(cached(request(prompt(0, 65), 1).adapter("one"))).isZero();
      assertThat(cached(request(prompt(0, 65), 1).cacheSalt("one"))).isEqualTo(64);
    }

    @Test
    void forgetsTheTailsOfOldChainsFirst() {
      engine = engine(builder -> builder.numGpuBlocks(10).maxModelLen(160));
      cached(request(prompt(0, 97), 1)); // 7 blocks, 6 of them full
      cached(request(prompt(1_000, 81), 1)); // 6 blocks: 3 unused ones, then 3 from the old tail

      assertThat(cached(request(prompt(0, 97), 1))).isEqualTo(64);
    }

    @Test
    void canBeSwitchedOff() {
      engine = engine(builder -> builder.prefixCaching(false));
      cached(request(prompt(0, 65), 1));

      assertThat(cached(request(prompt(0, 65), 1))).isZero();
      assertThat(engine.stats().prefixCacheQueries()).isZero();
    }

    @Test
    void isResetOnlyWhileNothingRuns() {
      submit(request(prompt(0, 65), 2));
      clock.runNext();
      assertThat(engine.resetPrefixCache()).isFalse();
      clock.runUntilIdle();
      assertThat(engine.resetPrefixCache()).isTrue();

      assertThat(cached(request(prompt(0, 65), 1))).isZero();
    }

    private int cached(EngineRequest.Builder request) {
      Sequence sequence = engine.submit(request.build(), new Recorder(clock));
      clock.runUntilIdle();
      return sequence.cachedTokens();
    }
  }

  @Nested
  class Preemption {

    @Test
    void theLatestGivesWayAndIsComputedAgainToTheSameOutput() {
      int[] alone = output(runAlone(prompt(500, 60), 60));
      engine = engine(builder -> builder.numGpuBlocks(10).maxModelLen(160));
      var first = submit(request(prompt(0, 60), 60));
      var second = submit(request(prompt(500, 60), 60));
      clock.runUntilIdle();

      assertThat(engine.stats().preemptions()).isPositive();
      assertThat(engine.stats().requestNumPreemptions().count()).isEqualTo(2);
      assertThat(first.tokens).hasSize(60);
      assertThat(output(second)).isEqualTo(alone);
      assertThat(second.tokenNanos.getLast()).isGreaterThan(first.tokenNanos.getLast());
      assertThat(engine.stats().prefixCacheQueries()).isEqualTo(120);
      assertNothingLeft();
    }

    @Test
    void theLessUrgentGivesWayToTheLater() {
      engine = engine(builder -> builder.numGpuBlocks(10).maxModelLen(160));
      var idler = submit(request(prompt(0, 60), 60).priority(1));
      var urgent = submit(request(prompt(500, 60), 60));
      clock.runUntilIdle();

      assertThat(engine.stats().preemptions()).isPositive();
      assertThat(idler.tokenNanos.getLast()).isGreaterThan(urgent.tokenNanos.getLast());
      assertNothingLeft();
    }

    @Test
    void whoGivesWayWaitsBehindTheMoreUrgent() {
      engine = engine(builder -> builder.numGpuBlocks(10).maxModelLen(160));
      var idler = submit(request(prompt(0, 60), 60).priority(1));
      submit(request(prompt(500, 60), 60));
      clock.runNext();
      var waiting = submit(request(prompt(1_000, 60), 1));
      clock.runUntilIdle();

      assertThat(engine.stats().preemptions()).isPositive();
      long again =
          idler.tokenNanos.stream()
              .filter(nanos -> nanos > waiting.scheduledNanos)
              .findFirst()
              .orElseThrow();
      assertThat(waiting.tokenNanos.getFirst()).isLessThan(again);
      assertNothingLeft();
    }

    private Recorder runAlone(int[] prompt, int tokens) {
      var recorder = submit(request(prompt, tokens));
      clock.runUntilIdle();
      return recorder;
    }
  }

  @Nested
  class Endings {

    @Test
    void anAbortFreesTheBlocksAtOnce() {
      var recorder = new Recorder(clock);
      Sequence sequence = engine.submit(request(prompt(0, 60), 60).build(), recorder);
      clock.advance(65_000_000);
      int tokens = recorder.tokens.size();

      engine.abort(sequence);

      assertThat(recorder.reason).isEqualTo(FinishReason.ABORT);
      assertThat(engine.stats().running()).isZero();
      assertThat(engine.stats().kvCacheUsage()).isZero();
      clock.runUntilIdle();
      assertThat(recorder.tokens).hasSize(tokens);
      assertThat(engine.stats().finished(FinishReason.ABORT)).isEqualTo(1);
      assertThat(engine.stats().e2eRequestLatency().count()).isZero();
      engine.abort(sequence);
      assertThat(engine.stats().finished(FinishReason.ABORT)).isEqualTo(1);
    }

    @Test
    void aWaitingSequenceCanBeAborted() {
      engine = engine(builder -> builder.maxNumSeqs(1));
      submit(request(prompt(0, 10), 2));
      var waiting = new Recorder(clock);
      Sequence sequence = engine.submit(request(prompt(100, 10), 2).build(), waiting);
      var last = submit(request(prompt(200, 10), 2));
      clock.runNext();

      engine.abort(sequence);
      clock.runUntilIdle();

      assertThat(waiting.reason).isEqualTo(FinishReason.ABORT);
      assertThat(waiting.tokens).isEmpty();
      assertThat(last.reason).isEqualTo(FinishReason.LENGTH);
      assertNothingLeft();
    }

    @Test
    void aListenerMayAbortItsOwnAndAnotherSequence() {
      var other = new Recorder(clock);
      Sequence[] sequences = new Sequence[2];
      var aborting =
          new SequenceListener() {
            int tokens;

            @Override
            public boolean token(Sequence sequence, int tokenId) {
              if (++tokens == 2) {
                engine.abort(sequences[0]);
                engine.abort(sequences[1]);
              }
              return true;
            }

            @Override
            public void finished(Sequence sequence, FinishReason reason) {
              assertThat(reason).isEqualTo(FinishReason.ABORT);
            }
          };
      sequences[0] = engine.submit(request(prompt(0, 10), 50).build(), aborting);
      sequences[1] = engine.submit(request(prompt(100, 10), 50).build(), other);
      clock.runUntilIdle();

      assertThat(aborting.tokens).isEqualTo(2);
      assertThat(other.tokens).hasSize(1);
      assertThat(other.reason).isEqualTo(FinishReason.ABORT);
      assertThat(engine.stats().finished(FinishReason.ABORT)).isEqualTo(2);
      assertNothingLeft();
    }

    @Test
    void aListenerMayStopItsSequence() {
      var recorder = new Recorder(clock);
      recorder.stopAfter = 7;
      Sequence sequence = engine.submit(request(prompt(0, 10), 50).build(), recorder);
      clock.runUntilIdle();

      assertThat(recorder.reason).isEqualTo(FinishReason.STOP);
      assertThat(sequence.completionTokens()).isEqualTo(7);
      assertNothingLeft();
    }

    @Test
    void endsByItselfWhereNoLimitIsGiven() {
      var open = submit(request(prompt(0, 10), 0));
      var endless = submit(request(prompt(0, 10), 0).ignoreEos(true));
      var late = submit(request(prompt(0, 10), 0).minTokens(Integer.MAX_VALUE));
      clock.runUntilIdle();

      assertThat(open.tokens).hasSizeBetween(64, 192).endsWith(engine.config().eosTokenId());
      assertThat(open.reason).isEqualTo(FinishReason.STOP);
      assertThat(endless.tokens).hasSize(engine.config().maxModelLen() - 10);
      assertThat(endless.reason).isEqualTo(FinishReason.LENGTH);
      assertThat(late.reason).isEqualTo(FinishReason.LENGTH);
    }

    @Test
    void aMeanOutputLengthEndsRequestsBeforeTheirLimit() {
      engine = engine(builder -> builder.meanOutputTokens(20));
      for (int i = 0; i < 200; i++) {
        submit(request(prompt(i, 10), 1_000));
      }
      clock.runUntilIdle();

      Histogram lengths = engine.stats().requestGenerationTokens();
      assertThat(lengths.sum() / lengths.count()).isBetween(18.0, 22.0);
    }

    @Test
    void theModelLengthClipsTheOutput() {
      engine = engine(builder -> builder.maxModelLen(100));
      var recorder = submit(request(prompt(0, 90), 50));
      clock.runUntilIdle();

      assertThat(recorder.tokens).hasSize(10);
      assertThatThrownBy(() -> submit(request(prompt(0, 100), 1))).hasMessageContaining("no room");
    }
  }

  @Nested
  class Determinism {

    @Test
    void thePromptAndTheSeedsDecideTheOutput() {
      int[] output = output(run(request(prompt(0, 10), 20)));

      assertThat(output(run(request(prompt(0, 10), 20)))).isEqualTo(output);
      assertThat(output(run(request(prompt(1, 10), 20)))).isNotEqualTo(output);
      assertThat(output(run(request(prompt(0, 10), 20).seed(1)))).isNotEqualTo(output);
      engine = engine(builder -> builder.numGpuBlocks(50).maxModelLen(100));
      assertThat(output(run(request(prompt(0, 10), 20)))).isEqualTo(output);
      engine = engine(builder -> builder.seed(3));
      assertThat(output(run(request(prompt(0, 10), 20)))).isNotEqualTo(output);
    }

    private Recorder run(EngineRequest.Builder request) {
      var recorder = submit(request);
      clock.runUntilIdle();
      return recorder;
    }
  }

  @Test
  void theChoicesOfOnePromptAreOneRequestInTheMetrics() {
    RequestGroup group = RequestGroup.of(2);
    submit(request(prompt(0, 10), 5).group(group));
    submit(request(prompt(0, 10), 9).seed(1).group(group));
    clock.runUntilIdle();

    EngineStats stats = engine.stats();
    assertThat(stats.requestParamsN().count()).isEqualTo(1);
    assertThat(stats.requestParamsN().sum()).isEqualTo(2);
    assertThat(stats.requestMaxNumGenerationTokens().sum()).isEqualTo(9);
    assertThat(stats.requestParamsMaxTokens().count()).isEqualTo(2);
  }
}
