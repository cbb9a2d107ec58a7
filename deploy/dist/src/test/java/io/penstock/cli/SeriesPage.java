package io.penstock.cli;

import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** The series of metrics pages: by name, the labels and the values each label has. */
final class SeriesPage {

  private static final Pattern SAMPLE =
      Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? \\S+");
  private static final Pattern LABEL = Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"([^\"]*)\"");

  private final Map<String, Map<String, Set<String>>> series = new TreeMap<>();

  void add(String page) {
    for (var line : page.lines().filter(each -> !each.startsWith("#")).toList()) {
      var sample = SAMPLE.matcher(line);
      if (sample.matches()) {
        var labels = series.computeIfAbsent(sample.group(1), name -> new TreeMap<>());
        if (sample.group(2) != null) {
          LABEL
              .matcher(sample.group(2))
              .results()
              .forEach(
                  label ->
                      labels
                          .computeIfAbsent(label.group(1), name -> new TreeSet<>())
                          .add(label.group(2)));
        }
      }
    }
  }

  boolean has(String metric) {
    return series.containsKey(metric);
  }

  Map<String, Set<String>> labels(String metric) {
    return series.getOrDefault(metric, Map.of());
  }

  Set<String> names() {
    return series.keySet();
  }
}
