package io.penstock.picker.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.request.KeyGrid;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The index against a map of sets, while its tables grow, shrink and move. */
final class PrefixIndexModelTest {

  private static final int SLOTS = 40;

  /** Who holds what and has used it, and what each slot was given, oldest first. */
  private static final class Model {

    private record Given(long key, int group, int blocks) {}

    private final Map<Long, Set<Integer>> holders = new HashMap<>();
    private final Map<Long, Set<Integer>> users = new HashMap<>();
    private final Map<Long, Integer> used = new HashMap<>();

    /**
     * Keys that were nobody's when they were given, and by nobody used since: how they were given.
     */
    private final Map<Long, Given> alone = new HashMap<>();

    private final List<ArrayDeque<Given>> given = new ArrayList<>();
    private final List<List<Integer>> groups = new ArrayList<>();
    private final int[] capacity = new int[SLOTS];
    private final int[] blocks = new int[SLOTS];
    private int now;

    Model(int defaultCapacity) {
      for (int i = 0; i < SLOTS; i++) {
        given.add(new ArrayDeque<>());
        groups.add(new ArrayList<>());
        capacity[i] = defaultCapacity;
      }
    }

    int learn(int slot, long[] keys, int from, int to) {
      int first = to;
      int pushed = 0;
      for (int i = to - 1; i >= from; i--) {
        used.put(keys[i], now);
        boolean nobodys = holders.getOrDefault(keys[i], Set.of()).isEmpty();
        alone.remove(keys[i]);
        if (!holders.computeIfAbsent(keys[i], _ -> new HashSet<>()).add(slot)) {
          users.computeIfAbsent(keys[i], _ -> new HashSet<>()).add(slot);
        } else {
          push(slot, keys[i], 1 << KeyGrid.level(i));
          if (nobodys) {
            alone.put(keys[i], given.get(slot).getLast());
          }
          first = i;
          pushed += 1 << KeyGrid.level(i);
        }
      }
      trim(slot, pushed);
      return first;
    }

    void unlearn(int slot, long[] keys, int from, int to) {
      for (int i = from; i < to; i++) {
        leave(slot, keys[i]);
      }
    }

    private void leave(int slot, long key) {
      if (holders.getOrDefault(key, new HashSet<>()).remove(slot)) {
        alone.remove(key);
      }
      users.getOrDefault(key, new HashSet<>()).remove(slot);
    }

    void clear(int slot, int defaultCapacity) {
      alone.keySet().removeIf(key -> holders.get(key).contains(slot));
      holders.values().forEach(set -> set.remove(slot));
      users.values().forEach(set -> set.remove(slot));
      given.get(slot).clear();
      groups.get(slot).clear();
      blocks[slot] = 0;
      capacity[slot] = defaultCapacity;
    }

    int depth(int slot, long[] keys) {
      int depth = 0;
      while (depth < keys.length && holders.getOrDefault(keys[depth], Set.of()).contains(slot)) {
        depth++;
      }
      return depth;
    }

    /** Sixteen pushes in a row count as pushed with the last of them. */
    private void push(int slot, long key, int size) {
      var stamps = groups.get(slot);
      int pushes = stamps.size();
      stamps.add(now);
      for (int i = pushes & ~15; i < pushes; i++) {
        stamps.set(i, now);
      }
      given.get(slot).add(new Given(key, pushes, size));
      blocks[slot] += size;
    }

    private void trim(int slot, int pushed) {
      int chances = Math.min(2 * pushed + 128, given.get(slot).size() / 2);
      for (int pops = 4 * pushed + 256; pops > 0 && over(slot, chances); pops--) {
        var oldest = given.get(slot).remove();
        blocks[slot] -= oldest.blocks();
        // What was taken away and given again is still listed as it was given first.
        if (!holders.get(oldest.key()).contains(slot)
            || !alone.getOrDefault(oldest.key(), oldest).equals(oldest)) {
          continue;
        }
        int given = groups.get(slot).get(oldest.group());
        boolean usedByIt = users.getOrDefault(oldest.key(), Set.of()).contains(slot);
        if (chances > 0 && usedByIt && used.get(oldest.key()) > given + (now - given) / 2) {
          users.get(oldest.key()).remove(slot);
          push(slot, oldest.key(), oldest.blocks());
          chances--;
        } else {
          leave(slot, oldest.key());
        }
      }
    }

    private boolean over(int slot, int chances) {
      return blocks[slot] > (chances > 0 ? capacity[slot] : capacity[slot] + capacity[slot] / 32);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 10, 12})
  void agreesWithTheModel(long seed) {
    var random = new SplittableRandom(seed);
    int capacity = seed % 2 == 0 ? 1_000_000 : 300;
    var index = Chains.open(new PrefixIndexConfig(SLOTS, 0, 64 << 20, capacity, 1));
    var scratch = index.scratch(random);
    var model = new Model(capacity);
    var chains = new ArrayList<long[]>();
    var all = Chains.slots(SLOTS);

    for (int step = 0; step < 8_000; step++) {
      var context = "seed " + seed + " step " + step;
      var chain = chain(chains, random);
      int slot = random.nextInt(random.nextBoolean() ? 5 : SLOTS);
      int to = random.nextInt(chain.length + 1);
      switch (random.nextInt(20)) {
        case 0 -> {
          // Behind a part that is lost a search may be wrong, which the full walk then mends.
          int from = seed > 8 ? to : random.nextInt(to + 1);
          index.unlearn(slot, chain, from, to);
          model.unlearn(slot, chain, from, to);
        }
        case 1, 2 -> index.tick(++model.now);
        case 3 -> {
          int blocks = 1 + random.nextInt(2 * Math.min(capacity, 1000));
          index.capacity(slot, capacity > 1000 ? capacity : blocks);
          model.capacity[slot] = capacity > 1000 ? capacity : blocks;
        }
        case 4 -> {
          if (random.nextInt(20) == 0) {
            index.forget(slot);
            while (!index.drain(slot, 1 + random.nextInt(100))) {
              assertThat(Chains.match(index, scratch, chain, slot)).containsExactly(0);
            }
            index.open(slot);
            model.clear(slot, capacity);
          }
        }
        default ->
            assertThat(index.learn(slot, chain, to).first)
                .as(context)
                .isEqualTo(model.learn(slot, chain, 0, to));
      }
      // Each match is verified, and where it differs the full walk is what counts.
      var depth = Chains.match(index, scratch, chain, all);
      var expected = new int[SLOTS];
      for (int i = 0; i < SLOTS; i++) {
        expected[i] = model.depth(i, chain);
      }
      assertThat(depth).as(context).isEqualTo(expected);
    }
    long held = model.holders.values().stream().filter(set -> !set.isEmpty()).count();
    assertThat(index.stats().entries()).isEqualTo(held);
    assertThat(index.stats().dropped() + index.stats().refused()).isZero();
    if (seed > 8) {
      assertThat(index.stats().disagreements()).isZero();
    }
  }

  /** A chain seen before, cut and continued, or a new one. */
  private static long[] chain(List<long[]> chains, SplittableRandom random) {
    if (chains.isEmpty() || random.nextInt(10) == 0) {
      chains.add(Chains.random(random, random.nextInt(60)));
    } else if (random.nextInt(3) == 0) {
      var head = chains.get(random.nextInt(chains.size()));
      int kept = random.nextInt(head.length + 1);
      chains.add(Chains.after(Arrays.copyOf(head, kept), random, random.nextInt(30)));
    } else {
      return chains.get(random.nextInt(chains.size()));
    }
    return chains.getLast();
  }
}
