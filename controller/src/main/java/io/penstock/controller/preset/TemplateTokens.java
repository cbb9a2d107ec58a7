package io.penstock.controller.preset;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The words between the braces of one action of a template. */
final class TemplateTokens {

  private static final Pattern TOKEN =
      Pattern.compile(
          "\\s+|(?<text>\"(?:[^\"\\\\\\n]|\\\\.)*+\"|`[^`]*`)|(?<number>-?\\d+)"
              + "|(?<field>(?:\\.[A-Za-z_]\\w*)++)|(?<word>[A-Za-z_]\\w*)|(?<sign>[.$()|])");

  private final List<String> tokens = new ArrayList<>();
  private final String action;
  private int next;

  TemplateTokens(String action) {
    this.action = action;
    Matcher matcher = TOKEN.matcher(action);
    int at = 0;
    while (at < action.length()) {
      if (!matcher.region(at, action.length()).lookingAt()) {
        throw new TemplateFault(
            "'%s' in {{%s}} is not understood".formatted(action.substring(at), action));
      }
      if (!matcher.group().isBlank()) {
        tokens.add(matcher.group());
      }
      at = matcher.end();
    }
    requireShallow();
  }

  /** Reading and evaluating go as deep as parentheses and pipes do. */
  private void requireShallow() {
    int open = 0;
    int pipes = 0;
    for (var token : tokens) {
      switch (token) {
        case "(" -> open++;
        case ")" -> open--;
        case "|" -> pipes++;
        default -> {}
      }
      if (open > TemplateParser.DEEPEST || pipes > TemplateParser.DEEPEST) {
        throw new TemplateFault(
            "one action has more than %d ( or | in each other".formatted(TemplateParser.DEEPEST));
      }
    }
  }

  /** The action as it is written. */
  String action() {
    return action;
  }

  /** The next word without taking it; empty at the end. */
  String peek() {
    return next < tokens.size() ? tokens.get(next) : "";
  }

  /** Takes the next word; empty at the end. */
  String take() {
    var token = peek();
    next++;
    return token;
  }

  /** Takes the next word if it is this one. */
  boolean takeIf(String wanted) {
    boolean is = peek().equals(wanted);
    if (is) {
      next++;
    }
    return is;
  }
}
