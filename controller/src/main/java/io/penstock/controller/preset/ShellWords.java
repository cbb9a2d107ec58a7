package io.penstock.controller.preset;

/**
 * Writes values as words of a shell script that Kubernetes starts; the only place that does.
 *
 * <p>A word is single-quoted, so that the shell takes every byte of it as it is. Kubernetes reads
 * the script before the shell: it replaces {@code $(NAME)} by a variable's value, and {@code $$} by
 * {@code $}. No dollar is followed by either here: each one ends its quotes.
 */
public final class ShellWords {

  private ShellWords() {}

  /**
   * The value as one word.
   *
   * @throws IllegalArgumentException when it has a NUL, which no argument of a process can have
   */
  public static String quote(String value) {
    var word = new StringBuilder(value.length() + 2).append('\'');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      switch (c) {
        case '\'' -> word.append("'\\''");
        case '$' -> word.append("$''");
        case '\0' -> throw new IllegalArgumentException("a NUL cannot be in an argument");
        default -> word.append(c);
      }
    }
    return word.append('\'').toString();
  }

  /**
   * The value as an argument outside of any script: only what Kubernetes would replace is kept from
   * it.
   */
  public static String literalArgument(String value) {
    return value.replace("$", "$$");
  }
}
