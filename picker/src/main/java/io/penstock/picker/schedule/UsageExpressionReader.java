package io.penstock.picker.schedule;

import io.penstock.picker.schedule.UsageExpression.Kind;
import io.penstock.picker.schedule.UsageExpression.Node;
import io.penstock.picker.signals.TokenUsage;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleBinaryOperator;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** Reads one {@link UsageExpression}, by recursive descent. Confined to its caller. */
final class UsageExpressionReader {

  private static final Map<String, ToIntFunction<TokenUsage>> COUNTS =
      new TreeMap<>(
          Map.of(
              "usage.prompt_tokens", TokenUsage::promptTokens,
              "usage.completion_tokens", TokenUsage::completionTokens,
              "usage.total_tokens", UsageExpressionReader::total,
              "usage.prompt_tokens_details.cached_tokens", TokenUsage::cachedTokens));

  private static final String[] COMPARISONS = {"==", "!=", "<=", ">=", "<", ">"};

  private final String text;
  private int at;

  UsageExpressionReader(String text) {
    this.text = text;
  }

  private static int total(TokenUsage usage) {
    return usage.promptTokens() < 0 || usage.completionTokens() < 0
        ? -1
        : usage.promptTokens() + usage.completionTokens();
  }

  UsageExpression read() {
    var whole = choice();
    skipSpaces();
    if (at < text.length()) {
      throw wrong("'" + text.charAt(at) + "' is not understood");
    }
    return whole;
  }

  private UsageExpression choice() {
    var condition = or();
    if (!takes("?")) {
      return condition;
    }
    truth(condition);
    var yes = choice();
    if (!takes(":")) {
      throw wrong("':' is missing");
    }
    var no = choice();
    if ((yes.kind() == Kind.TRUTH) != (no.kind() == Kind.TRUTH)) {
      throw wrong("a choice is between a number and true or false");
    }
    var kind = yes.kind() == no.kind() ? yes.kind() : Kind.DECIMAL;
    Node test = condition.node();
    Node first = yes.node();
    Node second = no.node();
    return new UsageExpression(
        kind,
        usage -> {
          double settled = test.value(usage);
          if (Double.isNaN(settled)) {
            return settled;
          }
          return settled == 1 ? first.value(usage) : second.value(usage);
        });
  }

  private UsageExpression or() {
    var left = and();
    while (takes("||")) {
      left = settled(left, and(), 1);
    }
    return left;
  }

  private UsageExpression and() {
    var left = comparison();
    while (takes("&&")) {
      left = settled(left, comparison(), 0);
    }
    return left;
  }

  /** Of two truths; one of them alone may settle it, whatever the other is. */
  private UsageExpression settled(UsageExpression left, UsageExpression right, double by) {
    truth(left);
    truth(right);
    Node first = left.node();
    Node second = right.node();
    return new UsageExpression(
        Kind.TRUTH,
        usage -> {
          double one = first.value(usage);
          if (one == by) {
            return by;
          }
          double other = second.value(usage);
          return other == by || !Double.isNaN(one) ? other : one;
        });
  }

  private UsageExpression comparison() {
    var left = sum();
    for (var sign = takesOneOf(COMPARISONS); sign != null; sign = takesOneOf(COMPARISONS)) {
      var right = sum();
      if ((left.kind() == Kind.TRUTH) != (right.kind() == Kind.TRUTH)) {
        throw wrong("a number is compared with true or false");
      }
      left = binary(Kind.TRUTH, left, right, compares(sign));
    }
    return left;
  }

  private static DoubleBinaryOperator compares(String sign) {
    return switch (sign) {
      case "==" -> (a, b) -> a == b ? 1 : 0;
      case "!=" -> (a, b) -> a != b ? 1 : 0;
      case "<=" -> (a, b) -> a <= b ? 1 : 0;
      case ">=" -> (a, b) -> a >= b ? 1 : 0;
      case "<" -> (a, b) -> a < b ? 1 : 0;
      default -> (a, b) -> a > b ? 1 : 0;
    };
  }

  private UsageExpression sum() {
    var left = product();
    for (var sign = takesOneOf("+", "-"); sign != null; sign = takesOneOf("+", "-")) {
      boolean plus = sign.equals("+");
      left = arithmetic(left, product(), (a, b) -> plus ? a + b : a - b);
    }
    return left;
  }

  private UsageExpression product() {
    var left = signed();
    for (var sign = takesOneOf("*", "/", "%"); sign != null; sign = takesOneOf("*", "/", "%")) {
      var right = signed();
      boolean whole = left.kind() == Kind.WHOLE && right.kind() == Kind.WHOLE;
      if (sign.equals("%") && !whole) {
        throw wrong("'%' is for whole numbers: int(x)");
      }
      left = arithmetic(left, right, multiplies(sign, whole));
    }
    return left;
  }

  private static DoubleBinaryOperator multiplies(String sign, boolean whole) {
    return switch (sign) {
      case "*" -> (a, b) -> a * b;
      case "%" -> (a, b) -> a % b;
      default -> whole ? (a, b) -> b == 0 ? Double.NaN : cut(a / b) : (a, b) -> a / b;
    };
  }

  private static double cut(double value) {
    return value < 0 ? Math.ceil(value) : Math.floor(value);
  }

  private UsageExpression arithmetic(
      UsageExpression left, UsageExpression right, DoubleBinaryOperator does) {
    number(left);
    number(right);
    return binary(left.kind() == right.kind() ? left.kind() : Kind.DECIMAL, left, right, does);
  }

  private static UsageExpression binary(
      Kind kind, UsageExpression left, UsageExpression right, DoubleBinaryOperator does) {
    Node first = left.node();
    Node second = right.node();
    return new UsageExpression(
        kind,
        usage -> {
          double a = first.value(usage);
          double b = second.value(usage);
          return Double.isNaN(a) || Double.isNaN(b) ? Double.NaN : does.applyAsDouble(a, b);
        });
  }

  private UsageExpression signed() {
    if (takes("!")) {
      var negated = signed();
      truth(negated);
      return new UsageExpression(Kind.TRUTH, usage -> 1 - negated.node().value(usage));
    }
    if (takes("-")) {
      var negated = signed();
      number(negated);
      return new UsageExpression(negated.kind(), usage -> -negated.node().value(usage));
    }
    return primary();
  }

  private UsageExpression primary() {
    skipSpaces();
    if (takes("(")) {
      return closed(choice());
    }
    if (at < text.length() && (isDigit(text.charAt(at)) || text.charAt(at) == '.')) {
      return literal();
    }
    int start = at;
    var word = word();
    return switch (word) {
      case "true" -> new UsageExpression(Kind.TRUTH, usage -> 1);
      case "false" -> new UsageExpression(Kind.TRUTH, usage -> 0);
      case "has" -> {
        open();
        skipSpaces();
        var count = count(at, word());
        yield closed(new UsageExpression(Kind.TRUTH, usage -> count.applyAsInt(usage) < 0 ? 0 : 1));
      }
      case "int" -> {
        open();
        var node = converted();
        yield closed(new UsageExpression(Kind.WHOLE, usage -> cut(node.value(usage))));
      }
      case "double" -> {
        open();
        yield closed(new UsageExpression(Kind.DECIMAL, converted()));
      }
      default -> {
        var count = count(start, word);
        yield new UsageExpression(
            Kind.DECIMAL,
            usage -> {
              int value = count.applyAsInt(usage);
              return value < 0 ? Double.NaN : value;
            });
      }
    };
  }

  private Node converted() {
    var inner = choice();
    number(inner);
    return inner.node();
  }

  private static ToIntFunction<TokenUsage> known(String name) {
    var count = COUNTS.get(name);
    if (count == null) {
      throw new IllegalArgumentException(
          "'" + name + "' is not known; allowed: " + String.join(", ", COUNTS.keySet()));
    }
    return count;
  }

  private ToIntFunction<TokenUsage> count(int start, String word) {
    if (word.isEmpty()) {
      throw wrong(
          start < text.length()
              ? "'" + text.charAt(start) + "' is not understood"
              : "it ends too early");
    }
    return known(word);
  }

  private UsageExpression literal() {
    int start = at;
    boolean whole = true;
    while (at < text.length() && (isDigit(text.charAt(at)) || text.charAt(at) == '.')) {
      whole &= text.charAt(at) != '.';
      at++;
    }
    var digits = text.substring(start, at);
    try {
      double value = Double.parseDouble(digits);
      return new UsageExpression(whole ? Kind.WHOLE : Kind.DECIMAL, usage -> value);
    } catch (NumberFormatException e) {
      throw wrong("'" + digits + "' is no number");
    }
  }

  /** A name with dots; empty where there is none. */
  private String word() {
    int start = at;
    while (at < text.length() && isOfWord(text.charAt(at), at > start)) {
      at++;
    }
    return text.substring(start, at);
  }

  private static boolean isOfWord(char c, boolean inside) {
    return c == '_'
        || (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (inside && (c == '.' || isDigit(c)));
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  private void open() {
    if (!takes("(")) {
      throw wrong("'(' is missing");
    }
  }

  private UsageExpression closed(UsageExpression inner) {
    if (!takes(")")) {
      throw wrong("')' is missing");
    }
    return inner;
  }

  private void number(UsageExpression part) {
    if (part.kind() == Kind.TRUTH) {
      throw wrong("a number is needed here");
    }
  }

  private void truth(UsageExpression part) {
    if (part.kind() != Kind.TRUTH) {
      throw wrong("true or false is needed here");
    }
  }

  private boolean takes(String sign) {
    skipSpaces();
    // An exclamation mark alone: not that of !=.
    if (text.startsWith(sign, at) && !(sign.equals("!") && text.startsWith("!=", at))) {
      at += sign.length();
      return true;
    }
    return false;
  }

  private @Nullable String takesOneOf(String... signs) {
    for (var sign : signs) {
      if (takes(sign)) {
        return sign;
      }
    }
    return null;
  }

  private void skipSpaces() {
    while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
      at++;
    }
  }

  private IllegalArgumentException wrong(String what) {
    return new IllegalArgumentException(what + ", before character " + (at + 1));
  }
}
