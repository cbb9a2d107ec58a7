package io.penstock.tools.load;

import static java.nio.charset.StandardCharsets.US_ASCII;

/**
 * Text made of three-letter words, each after a space: four bytes a word, and one token a word for
 * the simulator's tokenizer. Needs no escape in JSON. Equal seeds give equal text. Stateless.
 */
final class Words {

  /** Bytes of a word and its space. */
  static final int WORD_BYTES = 4;

  private static final byte[] CONSONANTS = "bcdfghjklmnprstv".getBytes(US_ASCII);
  private static final byte[] VOWELS = "aeiouyaw".getBytes(US_ASCII);
  private static final int WORDS_PER_DRAW = 5;
  private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

  private Words() {}

  /** Fills {@code target} from {@code from} to {@code to}; the last word may be cut. */
  static void fill(byte[] target, int from, int to, long seed) {
    long state = seed;
    int at = from;
    while (at < to) {
      state += GOLDEN_GAMMA;
      long draw = mix(state);
      for (int i = 0; i < WORDS_PER_DRAW && at < to; i++, draw >>>= 11) {
        at = word(target, at, to, (int) draw & 0x7ff);
      }
    }
  }

  /** The finalizer of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64 bits. */
  static long mix(long z) {
    long first = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    long second = (first ^ (first >>> 27)) * 0x94d049bb133111ebL;
    return second ^ (second >>> 31);
  }

  private static int word(byte[] target, int from, int to, int index) {
    int at = from;
    target[at++] = ' ';
    if (at < to) {
      target[at++] = CONSONANTS[index & 15];
    }
    if (at < to) {
      target[at++] = VOWELS[(index >>> 4) & 7];
    }
    if (at < to) {
      target[at++] = CONSONANTS[index >>> 7];
    }
    return at;
  }
}
