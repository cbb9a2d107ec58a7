package io.penstock.picker.prefix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Which slots are in use, as a bitmap that a match reads in words. Thread-safe; written by the
 * owner, with volatile semantics, on which {@link SlotHoldings} relies.
 */
final class OpenSlots {

  private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

  private final long[] words;

  OpenSlots(int slots) {
    this.words = new long[(slots >> 6) + 1];
  }

  void open(int slot) {
    WORDS.getAndBitwiseOr(words, slot >> 6, 1L << slot);
  }

  void close(int slot) {
    WORDS.getAndBitwiseAnd(words, slot >> 6, ~(1L << slot));
  }

  boolean isOpen(int slot) {
    return ((long) WORDS.getVolatile(words, slot >> 6) & (1L << slot)) != 0;
  }

  /** Takes the slots that are not open out of a bitmap. */
  void retain(long[] bitmap, int count) {
    for (int i = 0; i < count; i++) {
      bitmap[i] &= (long) WORDS.getAcquire(words, i);
    }
  }
}
