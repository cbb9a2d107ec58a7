package io.penstock.picker.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several threads at once, and millions of operations in a row. */
final class PrefixIndexStressTest {

  private static final int THREADS = 4;
  private static final int SLOTS = 200;

  /** Slots from here on never learn. */
  private static final int LEARNING = 150;

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14})
  void writersAndReadersAtOnceLeaveNothingBehind(long seed) throws Exception {
    boolean crowded = seed % 2 == 0;
    var index =
        Chains.open(new PrefixIndexConfig(SLOTS, 0, crowded ? 512 << 10 : 32 << 20, 2000, 50));
    var random = new SplittableRandom(seed);
    var chains = new ArrayList<long[]>();
    for (int i = 0; i < 400; i++) {
      var head = Chains.random(random, 1 + random.nextInt(40));
      for (int j = 0; j < 4; j++) {
        chains.add(Chains.after(head, random, random.nextInt(80)));
      }
    }

    var wrong = new ArrayList<String>();
    try (var pool = Executors.newFixedThreadPool(THREADS)) {
      var tasks = new ArrayList<Callable<List<String>>>();
      for (int thread = 0; thread < THREADS - 1; thread++) {
        var own = random.split();
        tasks.add(() -> traffic(index, chains, own));
      }
      var own = random.split();
      tasks.add(() -> comingAndGoing(index, own));
      for (var done : pool.invokeAll(tasks)) {
        wrong.addAll(done.get());
      }
    }

    assertThat(wrong).as("seed " + seed).isEmpty();
    index.tick(0);
    assertThat(index.stats().entries()).isNotNegative();
    var scratch = index.scratch(random);
    for (int slot = 0; slot < SLOTS; slot++) {
      index.forget(slot);
      while (!index.drain(slot, 1000)) {
        assertThat(index.blocks(slot)).isZero();
      }
      index.open(slot);
    }
    for (var chain : chains) {
      assertThat(Chains.match(index, scratch, chain, Chains.slots(SLOTS)))
          .as("seed " + seed)
          .containsOnly(0);
    }
    assertThat(index.stats().entries()).as("seed " + seed).isZero();
  }

  private static List<String> traffic(
      PrefixIndex index, List<long[]> chains, SplittableRandom random) {
    var wrong = new ArrayList<String>();
    var scratch = index.scratch(random);
    var slots = Chains.slots(SLOTS);
    var depth = new int[SLOTS];
    for (int step = 0; step < 2500; step++) {
      var chain = chains.get(random.nextInt(chains.size()));
      index.match(chain, chain.length, slots, SLOTS, depth, scratch);
      for (int slot = 0; slot < SLOTS; slot++) {
        if (depth[slot] < 0 || depth[slot] > (slot < LEARNING ? chain.length : 0)) {
          wrong.add("slot " + slot + " holds " + depth[slot]);
        }
      }
      int slot = random.nextInt(random.nextBoolean() ? 6 : LEARNING);
      var learned = index.learn(slot, chain, chain.length);
      switch (random.nextInt(5)) {
        case 0 -> index.unlearn(learned);
        case 1 -> index.confirm(learned);
        default -> {}
      }
      if (random.nextInt(50) == 0) {
        index.tick(step / 50);
      }
    }
    return wrong;
  }

  /** The owner thread: forgets, drains and opens slots, and sets capacities. */
  private static List<String> comingAndGoing(PrefixIndex index, SplittableRandom random) {
    for (int step = 0; step < 1200; step++) {
      int slot = random.nextInt(LEARNING);
      index.capacity(slot, 1 + random.nextInt(3000));
      index.forget(slot);
      while (!index.drain(slot, 50)) {
        Thread.onSpinWait();
      }
      index.open(slot);
    }
    return List.of();
  }

  @Test
  void readersFindWhatStaysWhileOthersComeAndGo() throws Exception {
    var random = new SplittableRandom(31);
    var index = Chains.open(new PrefixIndexConfig(8, 0, 32 << 20, 100_000, 0));
    var staying = new ArrayList<long[]>();
    for (int i = 0; i < 50; i++) {
      staying.add(Chains.random(random, 40));
      index.learn(i % 4, staying.get(i), 40);
    }
    for (int slot = 4; slot < 8; slot++) {
      index.capacity(slot, 1_000);
    }

    var wrong = new ArrayList<String>();
    try (var pool = Executors.newFixedThreadPool(THREADS)) {
      var tasks = new ArrayList<Callable<List<String>>>();
      for (int thread = 0; thread < 2; thread++) {
        var own = random.split();
        tasks.add(() -> churn(index, own));
        tasks.add(() -> look(index, staying, own.split()));
      }
      for (var done : pool.invokeAll(tasks)) {
        wrong.addAll(done.get());
      }
    }

    assertThat(wrong).isEmpty();
  }

  private static List<String> churn(PrefixIndex index, SplittableRandom random) {
    for (int step = 0; step < 20_000; step++) {
      index.learn(4 + random.nextInt(4), Chains.random(random, 20), 20);
    }
    return List.of();
  }

  private static List<String> look(
      PrefixIndex index, List<long[]> staying, SplittableRandom random) {
    var wrong = new ArrayList<String>();
    var scratch = index.scratch(random);
    for (int step = 0; step < 40_000; step++) {
      int i = random.nextInt(staying.size());
      var depth = Chains.match(index, scratch, staying.get(i), Chains.slots(8));
      for (int slot = 0; slot < 8; slot++) {
        if (depth[slot] != (slot == i % 4 ? 40 : 0)) {
          wrong.add("chain " + i + " slot " + slot + " depth " + depth[slot]);
        }
      }
    }
    return wrong;
  }

  @Test
  void probesStayShortOverMillionsOfEvictions() {
    var random = new SplittableRandom(21);
    var index = Chains.open(new PrefixIndexConfig(4, 0, 64 << 20, 25_000, 0));
    for (int i = 0; i < 84_000; i++) {
      index.learn(i & 3, Chains.random(random, 25), 25);
      if (i % 12_000 == 11_999) {
        var stats = index.stats();
        assertThat(stats.meanProbe()).as("step " + i).isBetween(1.0, 4.0);
        assertThat(stats.longestProbe()).as("step " + i).isLessThan(200);
        assertThat(stats.entries()).as("step " + i).isEqualTo(100_000);
        assertThat((double) stats.bytes() / stats.entries()).as("%s", stats).isLessThan(32);
        assertThat(stats.dropped() + stats.refused()).isZero();
      }
    }
    assertThat(index.stats().evictions()).isEqualTo(84_000L * 25 - 100_000);
  }

  @Test
  void bytesStayWithinTheBoundAndTheLatelyUsedStays() {
    long bound = 1 << 20;
    var random = new SplittableRandom(22);
    var index = Chains.open(new PrefixIndexConfig(8, 0, bound, 1_000_000, 0));
    var scratch = index.scratch(random);
    var hot = Chains.random(random, 200);
    for (int i = 0; i < 10_000; i++) {
      index.tick(i / 10);
      index.learn(7, hot, 200);
      var shared = Chains.random(random, 50);
      index.learn(i % 7, shared, 50);
      index.learn((i + 1) % 7, shared, 50);
      if (i % 100 == 0) {
        var stats = index.stats();
        assertThat(stats.tableBytes() + stats.setBytes()).as("step " + i).isLessThan(bound);
      }
    }

    assertThat(Chains.match(index, scratch, hot, 7)).containsExactly(200);
    assertThat(index.stats().entries()).isGreaterThan(bound / 4 * 3 / 16 / 2);
    assertThat(index.stats().dropped()).isPositive();
    assertThat(index.stats().meanProbe()).isLessThan(4);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 1_000, 40_000})
  void promptsThatNobodySharesLeaveWholeWhereTheBytesAreUsedUp(int perTick) {
    var random = new SplittableRandom(24);
    var index = Chains.open(new PrefixIndexConfig(4, 0, 256 << 10, 1_000_000, 0));
    var scratch = index.scratch(random);
    long[] last = {};
    for (int i = 0; i < 40_000; i++) {
      index.tick(i / perTick);
      last = Chains.random(random, 5);
      index.learn(i % 4, last, 5);
    }

    var stats = index.stats();
    if (perTick < 40_000) {
      assertThat(Chains.match(index, scratch, last, 3)).containsExactly(5);
    }
    assertThat(stats.tableBytes() + stats.setBytes()).isLessThan(256 << 10);
    assertThat(stats.entries() + stats.dropped() + 5 * stats.refused()).isEqualTo(40_000 * 5);
    assertThat(stats.refused()).isLessThan(400);
    assertThat(stats.entries()).isBetween(5 * 8_000L, 5 * 14_000L);
    for (int slot = 0; slot < 4; slot++) {
      index.forget(slot);
      assertThat(index.drain(slot, 100_000)).isTrue();
    }
    assertThat(index.stats().entries()).isZero();
  }

  @Test
  void holderSetsStayWithinTheirShare() {
    var random = new SplittableRandom(23);
    long bound = 512 << 10;
    var index = Chains.open(new PrefixIndexConfig(1000, 0, bound, 1_000_000, 0));
    var chains = new ArrayList<long[]>();
    for (int i = 0; i < 80; i++) {
      chains.add(Chains.random(random, 25));
    }
    for (int slot = 0; slot < 1000; slot++) {
      for (var chain : chains) {
        index.learn(slot, chain, 25);
      }
    }

    assertThat(index.stats().setBytes()).isBetween(bound / 16, bound / 8);
    assertThat(index.stats().refused()).isPositive();
    for (int slot = 0; slot < 1000; slot++) {
      for (var chain : chains) {
        index.unlearn(slot, chain, 0, 25);
      }
    }
    assertThat(index.stats().entries()).isZero();
    assertThat(index.stats().setBytes()).isLessThan(bound / 16);
  }
}
