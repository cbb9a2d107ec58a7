package io.penstock.simulator.text;

/**
 * The text the simulated model makes up: small made-up words and, now and then, a full stop.
 *
 * <p>Stateless. Whatever it strings together, {@link Tokenizer#encode} of the decoded text gives
 * the same tokens again, so that an answer that comes back as part of the next turn is found in an
 * engine's cache. It is plain ASCII; each token decodes alone.
 */
public final class TextGenerator {

  private static final String CONSONANTS = "bdfgklmnprstvz";
  private static final String VOWELS = "aeiou";

  private TextGenerator() {}

  /**
   * The token behind {@code previousToken}.
   *
   * @param draw 64 random bits
   * @param previousToken the last token of this answer, or -1 at its start
   */
  public static int next(long draw, int previousToken) {
    int choice = (int) (draw & 15);
    boolean inWord = previousToken >= 0 && Tokenizer.isFullPiece(previousToken);
    if (inWord && choice == 0) {
      return Tokenizer.byteToken('.');
    }
    boolean goesOn = inWord && choice < 7; // a shorter piece ends its word
    long rest = draw >>> 4;
    int consonant = CONSONANTS.charAt((int) (rest % 14)) - 'a';
    int vowel = VOWELS.charAt((int) (rest / 14 % 5)) - 'a';
    int last = CONSONANTS.charAt((int) (rest / 70 % 14)) - 'a';
    boolean isShort = rest / 980 % 4 == 0;
    int two = consonant * 26 + vowel;
    int value = isShort ? 26 + two : 26 + 26 * 26 + two * 26 + last;
    return Tokenizer.smallPiece(!goesOn, value);
  }
}
