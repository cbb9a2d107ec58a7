package io.penstock.cli;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * What a PromQL expression asks for: the series it selects, by which labels and values, and the
 * labels it groups by. Read with as much grammar as that takes; promtool reads the rest.
 */
record PromQuery(String text, List<Selector> selectors, Set<String> grouping) {

  /** A series with its matchers. */
  record Selector(String metric, List<Matcher> matchers) {}

  /** A matcher: {@code label op "value"}. */
  record Matcher(String label, String operator, String value) {}

  private static final Set<String> WORDS =
      Set.of("by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless");

  private static final Pattern GROUPING =
      Pattern.compile("\\b(?:by|on|ignoring|group_left|group_right)\\s*\\(([^)]*)\\)");

  private static final Pattern RANGE = Pattern.compile("\\[[^\\]]*]");

  private static final Pattern NAME =
      Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)\\s*(\\(|\\{[^}]*})?");

  private static final Pattern MATCHER =
      Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)\\s*(=~|!~|!=|=)\\s*\"([^\"]*)\"");

  static PromQuery of(String text) {
    Set<String> grouping = new LinkedHashSet<>();
    var rest =
        GROUPING
            .matcher(RANGE.matcher(text).replaceAll(" "))
            .replaceAll(
                found -> {
                  for (var label : found.group(1).split(",", -1)) {
                    if (!label.isBlank()) {
                      grouping.add(label.strip());
                    }
                  }
                  return " ";
                });
    List<Selector> selectors = new ArrayList<>();
    NAME.matcher(rest).results().forEach(found -> add(found, selectors));
    return new PromQuery(text, selectors, grouping);
  }

  private static void add(MatchResult found, List<Selector> selectors) {
    var more = found.group(2);
    if (WORDS.contains(found.group(1)) || "(".equals(more)) {
      return;
    }
    List<Matcher> matchers = new ArrayList<>();
    if (more != null) {
      MATCHER
          .matcher(more)
          .results()
          .forEach(m -> matchers.add(new Matcher(m.group(1), m.group(2), m.group(3))));
    }
    selectors.add(new Selector(found.group(1), matchers));
  }
}
