package io.penstock.picker.prefix;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One shard whose blocks come and go. */
final class ShardTest {

  /** A table that is made anew leaves one that has grown old, for a collection of everything. */
  @ParameterizedTest
  @ValueSource(ints = {8, 20, 31, 45, 60, 100, 400, 3_000})
  void keepsItsTableWhileItHoldsAboutAsMuch(int blocks) {
    var random = new SplittableRandom(blocks);
    var shard = new Shard(Cells.MIN, 1 << 14, new HolderSets(1 << 20), new Rings(2));
    var held = new ArrayDeque<Long>();
    int changes = 0;
    int cells = 0;

    for (int step = 0; step < 100_000; step++) {
      // A walk that is drawn back to where it was, by prompts of a few blocks here.
      boolean comes = random.nextInt(2 * blocks) >= held.size();
      for (int i = 0; i < 8; i++) {
        if (comes) {
          long hash = random.nextLong() | 1 << 5;
          held.add(hash);
          assertThat(shard.add(hash, 1, 0)).isEqualTo(Outcome.ADDED);
        } else if (!held.isEmpty()) {
          assertThat(shard.remove(held.remove(), 1, -1, -1)).isEqualTo(Outcome.REMOVED);
        }
      }
      if (step > 50_000 && shard.cells() != cells) {
        changes++;
      }
      cells = shard.cells();
    }

    assertThat(shard.live()).isEqualTo(held.size());
    assertThat(changes).isLessThan(5);
  }
}
