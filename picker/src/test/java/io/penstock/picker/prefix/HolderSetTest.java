package io.penstock.picker.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sets of holders against a map, as they grow from a word to a bitmap and back. */
final class HolderSetTest {

  private static final long KEY = 17;

  @ParameterizedTest
  @ValueSource(ints = {8, 40, 200, 1 << 14})
  void keepWhoHoldsABlockAndWhoHasUsedIt(int slots) {
    var random = new SplittableRandom(slots);
    var model = new TreeMap<Integer, Boolean>();
    var set = fromAWord(random, slots, model);
    int wanted = 4;

    for (int step = 0; step < 5_000; step++) {
      if (step % 100 == 0) {
        wanted = 4 + random.nextInt(Math.min(slots, 60) - 4);
      }
      int slot = random.nextInt(slots);
      if (!model.containsKey(slot) && model.size() < wanted) {
        set = set.with(slot);
        model.put(slot, false);
      }
      slot = any(model, random);
      if (model.size() > wanted) {
        set = set.without(slot);
        model.remove(slot);
      } else if (random.nextBoolean()) {
        set.use(slot);
        model.put(slot, true);
      } else {
        set.unuse(slot);
        model.put(slot, false);
      }
      assertSame(set, model, slots);
    }
    while (!set.fitsWord()) {
      int slot = any(model, random);
      set = set.without(slot);
      model.remove(slot);
      assertSame(set, model, slots);
    }
    assertWord(set.word(5), model);
  }

  private static HolderSet fromAWord(
      SplittableRandom random, int slots, NavigableMap<Integer, Boolean> model) {
    long word = 0;
    while (model.size() < HolderWord.INLINE) {
      int slot = random.nextInt(slots);
      if (model.putIfAbsent(slot, true) == null) {
        word = HolderWord.with(word, slot, 1);
        word = HolderWord.use(word, HolderWord.position(word, slot));
      }
    }
    int spare = model.lastKey() + 1 < slots ? model.lastKey() + 1 : model.firstKey() - 1;
    model.put(spare, false);
    return HolderSet.of(KEY, word, spare);
  }

  private static int any(NavigableMap<Integer, Boolean> model, SplittableRandom random) {
    var from = model.ceilingKey(random.nextInt(model.lastKey() + 1));
    return from == null ? model.lastKey() : from;
  }

  private static void assertSame(HolderSet set, NavigableMap<Integer, Boolean> model, int slots) {
    assertThat(set.size).isEqualTo(model.size());
    assertThat(set.key).isEqualTo(KEY);
    int words = (slots + 63) / 64;
    var in = new long[words];
    for (int i = 0; i < words; i++) {
      in[i] = -1;
    }
    var out = new long[words];
    set.intersect(in, out, words);
    int counted = 0;
    for (long bits : out) {
      counted += Long.bitCount(bits);
    }
    assertThat(counted).isEqualTo(model.size());
    for (var entry : model.entrySet()) {
      int slot = entry.getKey();
      assertThat(set.has(slot)).isTrue();
      assertThat(set.used(slot)).as("use of %s", slot).isEqualTo(entry.getValue());
      assertThat(out[slot >> 6] >>> slot & 1).isOne();
    }
  }

  private static void assertWord(long word, NavigableMap<Integer, Boolean> model) {
    assertThat(HolderWord.pooled(word)).isFalse();
    assertThat(HolderWord.count(word)).isEqualTo(model.size());
    assertThat(HolderWord.stamp(word)).isEqualTo(5);
    for (var entry : model.entrySet()) {
      int position = HolderWord.position(word, entry.getKey());
      assertThat(position).isNotNegative();
      assertThat(HolderWord.used(word, position)).isEqualTo(entry.getValue());
      assertThat(HolderWord.position(HolderWord.without(word, position), entry.getKey()))
          .isNegative();
    }
  }
}
