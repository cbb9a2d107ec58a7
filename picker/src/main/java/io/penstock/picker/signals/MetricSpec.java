package io.penstock.picker.signals;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names series of a metrics page: those of one metric, or of them those with certain labels.
 * Immutable. Written {@code name{label=value,…}}, the values in quotes or not.
 *
 * @param name of the metric, whole
 * @param labels that a series must have, and their values; it may have others too
 */
public record MetricSpec(String name, Map<String, String> labels) {

  private static final Pattern NAME = Pattern.compile("[a-zA-Z_:][a-zA-Z0-9_:]{0,254}");
  private static final Pattern LABEL =
      Pattern.compile(
          "\\s*([a-zA-Z_][a-zA-Z0-9_]*)\\s*=\\s*(?:\"([^\"\\\\]*)\"|([^\"\\\\{},]*))\\s*(?:,|$)");

  /**
   * Copies the labels.
   *
   * @throws IllegalArgumentException where the name is none of a metric
   */
  public MetricSpec {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("'" + name + "' is no name of a metric");
    }
    labels = Collections.unmodifiableMap(new TreeMap<>(labels));
  }

  /** All series of a metric. */
  static MetricSpec of(String name) {
    return new MetricSpec(name, Map.of());
  }

  /**
   * Reads one as it is written.
   *
   * @throws IllegalArgumentException where it is not written so
   */
  public static MetricSpec parse(String text) {
    var spec = text.strip();
    int brace = spec.indexOf('{');
    var name = brace < 0 ? spec : spec.substring(0, brace).strip();
    Map<String, String> labels = new TreeMap<>();
    if (brace >= 0) {
      if (!spec.endsWith("}")) {
        throw new IllegalArgumentException("'" + spec + "' does not end with '}'");
      }
      var inner = spec.substring(brace + 1, spec.length() - 1);
      int at = 0;
      var label = LABEL.matcher(inner);
      while (at < inner.length()) {
        label.region(at, inner.length());
        if (!label.lookingAt() || labels.putIfAbsent(label.group(1), value(label)) != null) {
          throw new IllegalArgumentException(
              "'" + inner + "' is no list of labels and values, each once");
        }
        at = label.end();
      }
    }
    return new MetricSpec(name, labels);
  }

  private static String value(Matcher label) {
    return label.group(2) != null ? label.group(2) : label.group(3).strip();
  }

  @Override
  public String toString() {
    return labels.isEmpty() ? name : name + labels.toString().replace(", ", ",");
  }
}
