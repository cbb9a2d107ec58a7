package io.penstock.controller.preset;

import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Reads the part of Go's template language that configs use: actions, {@code if}, {@code else if},
 * {@code else}, {@code end}, comments, trim markers, pipes, parentheses. Confined to one template.
 */
final class TemplateParser {

  /** How deep ifs, parentheses and pipes go: whoever reads or evaluates them recurses. */
  static final int DEEPEST = 64;

  // Possessive where alternatives repeat: Java's other loops take a stack frame for each turn. A
  // quote or comment that is not closed matches nothing: it would be looked for anew at each place.
  private static final Pattern ACTION =
      Pattern.compile(
          "\\{\\{(?<left>-(?=\\s))?(?<inside>(?:\"(?:[^\"\\\\\\n"
              + "]|\\\\.)*+\"|`[^`]*`|/\\*[\\s\\S]*?\\*/|"
              + "(?!\\}\\}|\\s-\\}\\}|[\"`]|/\\*)[\\s\\S])*+)(?<right>\\s-)?\\}\\}");
  private static final Pattern ESCAPE = Pattern.compile("\\\\(.)");

  private final List<Object> pieces = new ArrayList<>();
  private int next;
  private int depth;

  private TemplateParser(String text) {
    var matcher = ACTION.matcher(text);
    int from = 0;
    boolean trimNext = false;
    for (int at = text.indexOf("{{"); at >= 0; at = text.indexOf("{{", from)) {
      if (!matcher.region(at, text.length()).lookingAt()) {
        throw new TemplateFault(
            "'%s' is never closed by }}".formatted(excerpt(text.substring(at))));
      }
      var before = text.substring(from, at);
      before = trimNext ? before.stripLeading() : before;
      pieces.add(matcher.group("left") == null ? before : before.stripTrailing());
      var inside = matcher.group("inside").strip();
      if (!inside.startsWith("/*")) {
        pieces.add(new TemplateTokens(inside));
      }
      trimNext = matcher.group("right") != null;
      from = matcher.end();
    }
    var rest = text.substring(from);
    pieces.add(trimNext ? rest.stripLeading() : rest);
  }

  /**
   * The pieces of a template.
   *
   * @throws TemplateFault when it is not understood
   */
  static List<TemplateNode> parse(String text) {
    var parser = new TemplateParser(text);
    var nodes = parser.body();
    if (parser.next < parser.pieces.size()) {
      throw new TemplateFault("{{" + parser.keyword() + "}} without {{if}}");
    }
    return nodes;
  }

  private static String excerpt(String text) {
    return text.length() > 40 ? text.substring(0, 40) + "…" : text;
  }

  /** Up to the next end or else of what is around, which stays where it is. */
  private List<TemplateNode> body() {
    List<TemplateNode> nodes = new ArrayList<>();
    while (next < pieces.size()) {
      switch (pieces.get(next)) {
        case TemplateTokens tokens -> {
          switch (tokens.peek()) {
            case "end", "else" -> {
              return nodes;
            }
            case "if" -> nodes.add(choice());
            case "range", "with", "define", "template", "block", "break", "continue" ->
                throw new TemplateFault(
                    "{{%s}} is not supported; allowed: if, else, end and expressions"
                        .formatted(tokens.action()));
            default -> {
              next++;
              nodes.add(new TemplateNode.Action(whole(tokens)));
            }
          }
        }
        default -> {
          var text = String.valueOf(pieces.get(next++));
          if (!text.isEmpty()) {
            nodes.add(new TemplateNode.Text(text));
          }
        }
      }
    }
    return nodes;
  }

  private TemplateNode choice() {
    if (++depth > DEEPEST) {
      throw new TemplateFault("more than %d {{if}} in each other".formatted(DEEPEST));
    }
    List<TemplateNode.Branch> branches = new ArrayList<>();
    var tokens = take();
    tokens.take();
    var condition = whole(tokens);
    while (true) {
      branches.add(new TemplateNode.Branch(condition, body()));
      if (next >= pieces.size()) {
        throw new TemplateFault("{{if}} without {{end}}");
      }
      var closing = take();
      if (closing.takeIf("end")) {
        requireEnd(closing);
        depth--;
        return new TemplateNode.Choice(List.copyOf(branches));
      }
      closing.take();
      if (closing.takeIf("if")) {
        condition = whole(closing);
      } else {
        requireEnd(closing);
        condition = new Expression.Literal(BooleanNode.TRUE);
      }
    }
  }

  private TemplateTokens take() {
    if (pieces.get(next++) instanceof TemplateTokens tokens) {
      return tokens;
    }
    throw new IllegalStateException("a text where an action was seen");
  }

  private String keyword() {
    return pieces.get(next) instanceof TemplateTokens tokens ? tokens.action() : "";
  }

  private static Expression whole(TemplateTokens tokens) {
    var expression = pipeline(tokens);
    requireEnd(tokens);
    return expression;
  }

  private static void requireEnd(TemplateTokens tokens) {
    if (!tokens.peek().isEmpty()) {
      throw new TemplateFault(
          "'%s' in {{%s}} is one too many".formatted(tokens.peek(), tokens.action()));
    }
  }

  /** {@code a | f x} is {@code f x a}. */
  private static Expression pipeline(TemplateTokens tokens) {
    var value = command(tokens);
    while (tokens.takeIf("|")) {
      if (!(command(tokens) instanceof Expression.Call(var function, var arguments))) {
        throw new TemplateFault("after '|' in {{%s}} comes a function".formatted(tokens.action()));
      }
      List<Expression> all = new ArrayList<>(arguments);
      all.add(value);
      value = new Expression.Call(function, all);
    }
    return value;
  }

  private static Expression command(TemplateTokens tokens) {
    var first = operand(tokens);
    if (!(first instanceof Expression.Call(var function, var none))) {
      return first;
    }
    List<Expression> arguments = new ArrayList<>(none);
    while (!tokens.peek().isEmpty() && !tokens.peek().equals(")") && !tokens.peek().equals("|")) {
      arguments.add(operand(tokens));
    }
    return new Expression.Call(function, List.copyOf(arguments));
  }

  private static Expression operand(TemplateTokens tokens) {
    var token = tokens.take();
    if (token.isEmpty()) {
      throw new TemplateFault("{{%s}} ends too early".formatted(tokens.action()));
    }
    char first = token.charAt(0);
    return switch (first) {
      case '(' -> {
        var inner = pipeline(tokens);
        if (!tokens.takeIf(")")) {
          throw new TemplateFault("a ) is missing in {{%s}}".formatted(tokens.action()));
        }
        yield chained(inner, tokens);
      }
      case '$' -> chained(new Expression.Root(), tokens);
      case '.' ->
          token.length() == 1
              ? new Expression.Dot()
              : new Expression.Chain(new Expression.Dot(), fields(token));
      case '"', '`' -> new Expression.Literal(TextNode.valueOf(unquoted(token)));
      default -> word(token, tokens);
    };
  }

  private static Expression word(String token, TemplateTokens tokens) {
    if (Character.isDigit(token.charAt(0)) || token.charAt(0) == '-') {
      try {
        return new Expression.Literal(LongNode.valueOf(Long.parseLong(token)));
      } catch (NumberFormatException tooLong) {
        throw new TemplateFault("%s in {{%s}} is too large".formatted(token, tokens.action()));
      }
    }
    return switch (token) {
      case "true" -> new Expression.Literal(BooleanNode.TRUE);
      case "false" -> new Expression.Literal(BooleanNode.FALSE);
      case "nil" -> new Expression.Literal(NullNode.getInstance());
      case ")", "|" ->
          throw new TemplateFault(
              "'%s' in {{%s}} has nothing before it".formatted(token, tokens.action()));
      default -> new Expression.Call(token, List.of());
    };
  }

  private static Expression chained(Expression from, TemplateTokens tokens) {
    return tokens.peek().length() > 1 && tokens.peek().charAt(0) == '.'
        ? new Expression.Chain(from, fields(tokens.take()))
        : from;
  }

  private static List<String> fields(String token) {
    return List.of(token.substring(1).split("\\.", -1));
  }

  private static String unquoted(String token) {
    var inside = token.substring(1, token.length() - 1);
    if (token.charAt(0) == '`') {
      return inside;
    }
    return ESCAPE
        .matcher(inside)
        .replaceAll(
            match ->
                switch (match.group(1)) {
                  case "n" -> "\n";
                  case "t" -> "\t";
                  case "\\" -> "\\\\";
                  case "\"" -> "\"";
                  default ->
                      throw new TemplateFault(match.group() + " is no escape; allowed: \\n \\t");
                });
  }
}
