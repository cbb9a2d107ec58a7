package io.penstock.picker.schedule;

import io.penstock.picker.signals.TokenUsage;

/**
 * An expression over the token counts of a response, in the part of the Common Expression Language
 * that there is for numbers: {@code + - * / %}, comparisons, {@code && || !}, {@code c ? a : b},
 * {@code has(usage.x)}, {@code int(x)}, {@code double(x)}, numbers, true and false. Immutable.
 *
 * <p>Counts are numbers with a fraction, as in JSON; between whole numbers {@code /} gives a whole
 * one. What needs a count that was not reported has no value, but for {@code &&} and {@code ||}
 * that are settled by their other side.
 */
public final class UsageExpression {

  /** Longest text. */
  public static final int LONGEST = 1_000;

  /** Computes the value, NaN for none; of true and false 1 and 0. */
  @FunctionalInterface
  interface Node {
    double value(TokenUsage usage);
  }

  /** What kind of value a part has. */
  enum Kind {
    WHOLE,
    DECIMAL,
    TRUTH
  }

  private final Kind kind;
  private final Node node;

  UsageExpression(Kind kind, Node node) {
    this.kind = kind;
    this.node = node;
  }

  /**
   * Reads an expression whose value is a number.
   *
   * @throws IllegalArgumentException says what is wrong with the text, and where
   */
  public static UsageExpression ofNumber(String text) {
    var read = read(text);
    if (read.kind == Kind.TRUTH) {
      throw new IllegalArgumentException("is true or false; a number is needed");
    }
    return read;
  }

  /** The same of one that is true or false. */
  public static UsageExpression ofTruth(String text) {
    var read = read(text);
    if (read.kind != Kind.TRUTH) {
      throw new IllegalArgumentException("is a number; true or false is needed");
    }
    return read;
  }

  private static UsageExpression read(String text) {
    if (text.length() > LONGEST) {
      throw new IllegalArgumentException("is longer than " + LONGEST + " characters");
    }
    return new UsageExpressionReader(text).read();
  }

  Kind kind() {
    return kind;
  }

  Node node() {
    return node;
  }

  /** The number; NaN where there is none. */
  double number(TokenUsage usage) {
    return node.value(usage);
  }

  /** Whether it is true; not so either where it has no value. */
  boolean holds(TokenUsage usage) {
    return node.value(usage) == 1;
  }
}
