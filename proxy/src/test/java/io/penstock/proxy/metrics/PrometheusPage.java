package io.penstock.proxy.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A page in Prometheus' text format 0.0.4, read strictly: a second reader, apart from the library
 * that writes it. Immutable.
 */
public final class PrometheusPage {

  private static final Pattern SAMPLE =
      Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\\{(.*)})? (\\S+)");
  private static final Pattern LABEL =
      Pattern.compile("([a-zA-Z_][a-zA-Z0-9_]*)=\"((?:[^\"\\\\\\n]|\\\\[\\\\n\"])*)\",?");

  private final Map<String, String> types = new LinkedHashMap<>();
  private final Map<String, Double> samples = new LinkedHashMap<>();

  private PrometheusPage() {}

  /** Reads the page; anything malformed, doubled or out of place fails the test. */
  public static PrometheusPage parse(String text) {
    var page = new PrometheusPage();
    assertThat(text).endsWith("\n");
    String family = "";
    Set<String> ended = new HashSet<>();
    for (var line : text.lines().toList()) {
      if (line.startsWith("# HELP ") || line.startsWith("# TYPE ")) {
        var words = line.split(" ", 4);
        if (!words[2].equals(family)) {
          assertThat(ended.add(words[2])).as("%s comes twice", words[2]).isTrue();
          family = words[2];
        }
        if (words[1].equals("TYPE")) {
          assertThat(words[3]).isIn("counter", "gauge", "histogram", "summary", "untyped");
          assertThat(page.types.put(family, words[3])).as(line).isNull();
        }
        continue;
      }
      page.sample(line, family);
    }
    page.checkHistograms();
    return page;
  }

  private void sample(String line, String family) {
    var matcher = SAMPLE.matcher(line);
    assertThat(matcher.matches()).as(line).isTrue();
    assertThat(matcher.group(1)).as("family of %s", line).startsWith(family);
    assertThat(types).as(line).containsKey(family);
    var labels = new TreeMap<String, String>();
    if (matcher.group(2) != null) {
      var label = LABEL.matcher(matcher.group(2));
      int end = 0;
      while (label.find() && label.start() == end) {
        assertThat(labels.put(label.group(1), label.group(2))).as(line).isNull();
        end = label.end();
      }
      assertThat(end).as(line).isEqualTo(matcher.group(2).length());
    }
    double value =
        matcher.group(3).equals("+Inf")
            ? Double.POSITIVE_INFINITY
            : Double.parseDouble(matcher.group(3));
    assertThat(samples.put(series(matcher.group(1), labels), value)).as(line).isNull();
    if (types.get(family).equals("counter")) {
      assertThat(value).as(line).isNotNegative();
    }
  }

  private static String series(String name, Map<String, String> labels) {
    return labels.isEmpty() ? name : name + labels;
  }

  /** Buckets grow, and the last is the count. */
  private void checkHistograms() {
    Map<String, Double> latest = new HashMap<>();
    samples.forEach(
        (series, value) -> {
          if (series.contains("_bucket{")) {
            String rest = series.replaceFirst("le=[^,}]*(, )?", "").replaceFirst(", }", "}");
            Double before = latest.put(rest, value);
            assertThat(before == null || before <= value).as(series).isTrue();
            if (series.contains("le=+Inf")) {
              String count = rest.replace("_bucket{", "_count{").replace("{}", "");
              assertThat(samples).as(series).containsEntry(count, value);
            }
          }
        });
  }

  /** Value of a series, written {@code name} or {@code name{label=value, …}}, labels sorted. */
  public double value(String series) {
    assertThat(samples).containsKey(series);
    return samples.get(series);
  }

  /** Names of the families. */
  public Set<String> families() {
    return types.keySet();
  }

  /** All series, as for {@link #value}. */
  public Set<String> series() {
    return samples.keySet();
  }
}
