package io.penstock.picker.prefix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the index promises, by example. */
final class PrefixIndexTest {

  private final SplittableRandom random = new SplittableRandom(7);
  private final PrefixIndex index =
      Chains.open(new PrefixIndexConfig(2000, 1000, 16 << 20, 10_000, 1));
  private final MatchScratch scratch = index.scratch(random);

  @Test
  void countsTheLeadingBlocksOfEachCandidate() {
    var chain = Chains.random(random, 100);
    index.learn(3, chain, 100);
    index.learn(1, chain, 37);
    index.learn(1999, chain, 1);

    assertThat(match(chain, 0, 1, 3, 1999)).containsExactly(0, 37, 100, 1);
    assertThat(index.stats().disagreements()).isZero();
  }

  @Test
  void matchesTheCommonPartOfTwoChains() {
    var turn = Chains.random(random, 20);
    index.learn(0, turn, 20);

    assertThat(match(Chains.after(turn, random, 30), 0)).containsExactly(20);
    assertThat(match(new long[0], 0)).containsExactly(0);
    assertThat(match(Chains.random(random, 5), 0)).containsExactly(0);
  }

  @Test
  void takesAnyKey() {
    var chain = new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE, 1};
    index.learn(0, chain, 5);

    assertThat(match(chain, 0)).containsExactly(5);
    assertThat(match(new long[] {0x5DEECE66DL ^ 7}, 0)).containsExactly(0);
  }

  @Test
  void keepsAnyNumberOfHolders() {
    var chain = Chains.random(random, 10);
    for (int slot = 0; slot < 2000; slot++) {
      assertThat(index.learn(slot, chain, slot % 11).first).isZero();
    }
    var depth = match(chain, Chains.slots(2000));
    for (int slot = 0; slot < 2000; slot++) {
      assertThat(depth[slot]).isEqualTo(slot % 11);
    }

    for (int slot = 0; slot < 1999; slot++) {
      index.unlearn(slot, chain, 0, 10);
      assertThat(match(chain, slot, slot + 1)).containsExactly(0, (slot + 1) % 11);
    }
    index.unlearn(1999, chain, 0, 10);
    assertThat(index.stats().entries()).isZero();
    assertThat(index.stats().disagreements()).isZero();
  }

  @Test
  void takesAtMostAQuarterOfASmallHeapAndNeverMoreThanItsDefault() {
    assertThat(PrefixIndexConfig.within(128L << 20).maxBytes()).isEqualTo(32L << 20);
    assertThat(PrefixIndexConfig.within(1L << 40)).isEqualTo(PrefixIndexConfig.defaults());
    assertThat(PrefixIndexConfig.within(0).maxBytes()).isEqualTo(PrefixIndexConfig.MIN_BYTES);
  }

  @Nested
  class Reservation {

    @Test
    void tellsFromWhichBlockOnItIsNew() {
      var head = Chains.random(random, 10);
      var chain = Chains.after(head, random, 10);

      assertThat(index.learn(0, head, 10).first).isZero();
      assertThat(index.learn(0, chain, 20).first).isEqualTo(10);
      assertThat(index.learn(0, chain, 20).first).isEqualTo(20);
    }

    @Test
    void thatFailsLeavesWhatWasThereBefore() {
      var head = Chains.random(random, 10);
      var chain = Chains.after(head, random, 10);
      index.learn(0, head, 10);
      index.learn(1, chain, 20);

      index.unlearn(index.learn(0, chain, 20));

      assertThat(match(chain, 0, 1)).containsExactly(10, 20);
    }
  }

  @Nested
  class Confirmation {

    private final long[] chain = Chains.random(random, 20);

    @Test
    void putsBackWhatAnotherRequestTookAway() {
      var learned = index.learn(0, chain, 20);
      index.unlearn(0, chain, 5, 20);

      index.confirm(learned);

      assertThat(match(chain, 0)).containsExactly(20);
    }

    @Test
    void ofWhatIsThereChangesNothing() {
      var learned = index.learn(0, chain, 20);

      index.confirm(learned);

      assertThat(match(chain, 0)).containsExactly(20);
      assertThat(index.blocks(0)).isEqualTo(20);
    }

    @Test
    void ofAForgottenSlotTeachesNothing() {
      var learned = index.learn(0, chain, 20);
      index.unlearn(0, chain, 0, 1);
      index.forget(0);

      index.confirm(learned);

      assertThat(index.drain(0, 100)).isTrue();
      index.open(0);
      assertThat(match(chain, 0)).containsExactly(0);
    }
  }

  @Nested
  class Capacity {

    @Test
    void ofOneChainIsLeftByItsTail() {
      index.capacity(0, 20);
      var chain = Chains.random(random, 30);

      index.learn(0, chain, 30);

      assertThat(match(chain, 0)).containsExactly(20);
      assertThat(index.blocks(0)).isEqualTo(20);
      assertThat(index.stats().evictions()).isEqualTo(10);
    }

    @Test
    void countsTheBlocksThatAKeyStandsFor() {
      var first = Chains.random(random, 64);
      var second = Chains.random(random, 64);
      index.capacity(0, 192);

      index.learn(0, first, 64);
      assertThat(index.blocks(0)).isEqualTo(128);
      index.learn(0, second, 64);

      // The tail's sixteen keys stand for four blocks each.
      assertThat(index.blocks(0)).isEqualTo(192);
      assertThat(match(first, 0)).containsExactly(48);
      assertThat(match(second, 0)).containsExactly(64);
    }

    @Test
    void keepsWhatWasUsedLately() {
      index.capacity(0, 64);
      var used = Chains.random(random, 32);
      var unused = Chains.random(random, 32);
      index.tick(1);
      index.learn(0, used, 32);
      index.tick(2);
      index.learn(0, unused, 32);
      index.tick(3);
      index.learn(0, used, 32);
      index.tick(4);
      index.learn(0, Chains.random(random, 20), 20);

      assertThat(match(used, 0)).containsExactly(32);
      assertThat(match(unused, 0)).containsExactly(12);
      assertThat(index.blocks(0)).isEqualTo(64);
    }

    @Test
    void keepsWhatIsInUseHoweverMuchOfItWouldLeaveInARow() {
      index.capacity(0, 640);
      var used = new ArrayList<long[]>();
      for (int i = 0; i < 16; i++) {
        used.add(Chains.random(random, 32));
      }

      for (int second = 1; second <= 300; second++) {
        index.tick(second);
        for (var chain : used) {
          index.learn(0, chain, 32);
        }
        index.learn(0, Chains.random(random, 8), 8);

        for (var chain : used) {
          assertThat(match(chain, 0)).as("second %s", second).containsExactly(32);
        }
      }
    }

    /** One, a few and many others: their uses are noted in the cell, a list and a bitmap. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5, 40})
    void isNotFilledByWhatOnlyOthersUse(int others) {
      var shared = Chains.random(random, 32);
      for (int slot = 0; slot <= others; slot++) {
        index.capacity(slot, 64);
      }
      for (int second = 1; second <= 4; second++) {
        index.tick(second);
        for (int slot = second == 1 ? 0 : 1; slot <= others; slot++) {
          index.learn(slot, shared, 32);
        }
      }

      for (int slot = 0; slot <= others; slot++) {
        index.learn(slot, Chains.random(random, 32), 32);
        index.learn(slot, Chains.random(random, 16), 16);
      }

      assertThat(match(shared, 0)).containsExactly(16);
      for (int slot = 1; slot <= others; slot++) {
        assertThat(match(shared, slot)).as("slot %s", slot).containsExactly(32);
      }
    }

    @Test
    void keepsWhatWasUsedOnceForOneRoundMore() {
      index.capacity(0, 64);
      index.capacity(1, 64);
      var shared = Chains.random(random, 32);
      index.tick(1);
      index.learn(0, shared, 32);
      index.tick(2);
      index.learn(0, shared, 32);
      var depths = new ArrayList<Integer>();

      for (int round = 1; round <= 6; round++) {
        index.tick(2 + round);
        index.learn(1, shared, 32);
        index.learn(0, Chains.random(random, 32), 32);
        depths.add(match(shared, 0)[0]);
      }

      assertThat(depths).containsExactly(32, 32, 32, 0, 0, 0);
    }

    @Test
    void isExceededByAThirtySecondWhateverIsInUse() {
      index.capacity(0, 640);
      var used = new ArrayList<long[]>();
      int most = 0;

      for (int second = 1; second <= 60; second++) {
        index.tick(second);
        used.add(Chains.random(random, 32));
        for (var chain : used) {
          index.learn(0, chain, 32);
          most = Math.max(most, index.blocks(0));
        }
      }

      assertThat(most).isEqualTo(640 + 640 / 32);
    }

    @Test
    void thatIsSmallIsLeftByWhatWasThereAndNotByWhatComes() {
      index.capacity(0, 64);
      var used = List.of(Chains.random(random, 32), Chains.random(random, 32));
      for (int second = 1; second <= 2; second++) {
        index.tick(second);
        for (var chain : used) {
          index.learn(0, chain, 32);
        }
      }
      var fresh = Chains.random(random, 8);

      index.learn(0, fresh, 8);

      assertThat(match(fresh, 0)).containsExactly(8);
      assertThat(index.blocks(0)).isEqualTo(64 + 64 / 32);
    }

    @Test
    void thatShrinksTakesEffectOverTheNextCalls() {
      for (int i = 0; i < 200; i++) {
        index.learn(0, Chains.random(random, 25), 25);
      }
      index.capacity(0, 1000);

      for (int i = 0; i < 200; i++) {
        index.learn(0, Chains.random(random, 5), 5);
      }

      assertThat(index.blocks(0)).isEqualTo(1000);
    }

    @Test
    void ofOneEndpointIsNotAnothers() {
      var chain = Chains.random(random, 32);
      index.learn(1, chain, 32);
      index.capacity(0, 10);
      index.learn(0, chain, 32);

      assertThat(match(chain, 0, 1)).containsExactly(10, 32);
    }
  }

  @Nested
  class Forgetting {

    private final long[] chain = Chains.random(random, 160);

    @Test
    void countsAtOnce() {
      index.learn(0, chain, 160);
      index.learn(1, chain, 160);

      index.forget(0);

      assertThat(match(chain, 0, 1)).containsExactly(0, 160);
      assertThat(index.blocks(0)).isZero();
      assertThat(index.learn(0, chain, 160).first).isEqualTo(160);
    }

    @Test
    void leavesNothingToTheNextOwnerOfTheSlot() {
      index.learn(0, chain, 160);
      index.forget(0);
      int calls = 1;
      while (!index.drain(0, 35)) {
        calls++;
      }
      index.open(0);

      assertThat(calls).isEqualTo(5);
      assertThat(match(chain, 0)).containsExactly(0);
      assertThat(index.stats().entries()).isZero();
      assertThat(index.learn(0, chain, 160).first).isZero();
      assertThat(match(chain, 0)).containsExactly(160);
    }

    @Test
    void comesBeforeDrainingAndDrainingBeforeOpening() {
      index.learn(0, chain, 160);
      assertThatIllegalStateException().isThrownBy(() -> index.drain(0, 1));
      index.forget(0);
      assertThatIllegalStateException().isThrownBy(() -> index.open(0));
    }
  }

  private int[] match(long[] keys, int... slots) {
    return Chains.match(index, scratch, keys, slots);
  }
}
