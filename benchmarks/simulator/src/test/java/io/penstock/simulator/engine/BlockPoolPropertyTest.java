package io.penstock.simulator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The block pool against a model of lists and maps, and whole engines against conservation. */
class BlockPoolPropertyTest {

  /** The same rules, written without regard to cost. */
  private static final class NaivePool {
    final List<Integer> free = new ArrayList<>();
    final Map<Integer, Integer> references = new HashMap<>();
    final Map<Integer, Long> content = new HashMap<>();

    NaivePool(int capacity) {
      for (int i = 0; i < capacity; i++) {
        free.add(i);
      }
    }

    int find(long hash) {
      for (var entry : content.entrySet()) {
        if (entry.getValue() == hash) {
          return entry.getKey();
        }
      }
      return -1;
    }

    void retain(int block) {
      free.remove(/* element */ (Integer) block);
      references.merge(block, 1, Integer::sum);
    }

    int take() {
      int block = free.removeFirst();
      content.remove(block);
      references.put(block, 1);
      return block;
    }

    void release(int block) {
      if (references.merge(block, -1, Integer::sum) == 0) {
        references.remove(block);
        free.addLast(block);
      }
    }

    void store(int block, long hash) {
      if (!content.containsKey(block) && find(hash) < 0) {
        content.put(block, hash);
      }
    }
  }

  @Test
  void handsOutFindsAndForgetsAsTheModelDoes() {
    for (long seed = 0; seed < 60; seed++) {
      var random = new SplittableRandom(seed);
      int capacity = 1 + random.nextInt(100);
      var pool = new BlockPool(capacity);
      var naive = new NaivePool(capacity);
      List<Integer> held = new ArrayList<>();
      for (int step = 0; step < 1_500; step++) {
        String at = "seed " + seed + " step " + step;
        long hash = 1L + random.nextInt(80);
        switch (random.nextInt(5)) {
          case 0, 1 -> {
            if (pool.free() > 0) {
              int block = pool.take();
              assertThat(block).as(at).isEqualTo(naive.take());
              held.add(block);
            }
          }
          case 2 -> {
            int block = pool.find(hash);
            assertThat(block).as(at).isEqualTo(naive.find(hash));
            if (block >= 0) {
              pool.retain(block);
              naive.retain(block);
              held.add(block);
            }
          }
          case 3 -> {
            if (!held.isEmpty()) {
              int block = held.remove(/* index */ random.nextInt(held.size()));
              pool.release(block);
              naive.release(block);
            }
          }
          default -> {
            if (!held.isEmpty()) {
              int block = held.get(random.nextInt(held.size()));
              pool.store(block, hash);
              naive.store(block, hash);
            }
          }
        }
        assertThat(pool.free()).as(at).isEqualTo(naive.free.size());
        assertThat(pool.cached()).as(at).isEqualTo(naive.content.size());
      }
    }
  }

  @Test
  void noBlockIsLostWhateverAnEngineGoesThrough() {
    var profile = new EngineProfile("any", 1e-5, 1e-9, 1e-3, 1e-9, 1e-4, 2_000, 64, 6);
    for (long seed = 0; seed < 150; seed++) {
      var random = new SplittableRandom(seed);
      var clock = new VirtualClock();
      int blocks = 10 + random.nextInt(30);
      var config =
          EngineConfig.builder(profile)
              .numGpuBlocks(blocks)
              .blockSize(4 + random.nextInt(13))
              .meanOutputTokens(random.nextInt(2) * 20)
              .build();
      var engine = new Engine(config, clock);
      List<Recorder> recorders = new ArrayList<>();
      List<Sequence> sequences = new ArrayList<>();
      int generated = 0;
      for (int i = 0; i < 60; i++) {
        var recorder = new Recorder(clock);
        recorder.stopAfter = random.nextInt(4) == 0 ? 5 : Integer.MAX_VALUE;
        int[] prompt = new int[1 + random.nextInt(config.maxModelLen() - 1)];
        int family = random.nextInt(3);
        for (int t = 0; t < prompt.length; t++) {
          prompt[t] = t < 20 ? family : random.nextInt(2);
        }
        sequences.add(
            engine.submit(
                EngineRequest.builder(prompt)
                    .maxTokens(random.nextInt(40))
                    .priority(random.nextInt(2))
                    .build(),
                recorder));
        recorders.add(recorder);
        clock.advance(random.nextInt(4_000_000));
        if (random.nextInt(3) == 0) {
          engine.abort(sequences.get(random.nextInt(sequences.size())));
        }
        assertThat(engine.stats().running()).isLessThanOrEqualTo(6);
      }
      clock.runUntilIdle();

      for (int i = 0; i < recorders.size(); i++) {
        assertThat(recorders.get(i).reason).as("seed %s request %s", seed, i).isNotNull();
        assertThat(sequences.get(i).completionTokens()).isEqualTo(recorders.get(i).tokens.size());
        generated += recorders.get(i).tokens.size();
      }
      EngineStats stats = engine.stats();
      assertThat(stats.kvCacheUsage()).as("seed %s", seed).isZero();
      assertThat(stats.running() + stats.waiting()).as("seed %s", seed).isZero();
      assertThat(stats.generationTokens()).as("seed %s", seed).isEqualTo(generated);
      long ended = 0;
      for (FinishReason reason : FinishReason.values()) {
        ended += stats.finished(reason);
      }
      assertThat(ended).as("seed %s", seed).isEqualTo(60);
      assertThat(engine.resetPrefixCache()).isTrue();
    }
  }
}
