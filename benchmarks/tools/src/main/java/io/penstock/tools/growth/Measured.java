package io.penstock.tools.growth;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.tools.chart.LineChart.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;

/** Reads the points of a line out of the JSON that JMH and {@code beside} write. Stateless. */
final class Measured {

  private static final ObjectMapper JSON = new ObjectMapper();

  private Measured() {}

  /**
   * CPU µs of one proxy, the median of its rounds, by the number in the workload's name.
   *
   * @param workload matches the names wanted; its one group is the number
   * @param proxy {@code gateway} or {@code haproxy}
   * @throws IOException the file cannot be read
   */
  static List<Point> beside(Path file, Pattern workload, String proxy) throws IOException {
    List<Point> points = new ArrayList<>();
    for (var comparison : JSON.readTree(file.toFile())) {
      var name = workload.matcher(comparison.path("workload").asText());
      var micros =
          StreamSupport.stream(comparison.path("rounds").spliterator(), false)
              .mapToDouble(round -> round.path(proxy).path("cpu_us").asDouble())
              .sorted()
              .toArray();
      if (name.matches() && micros.length > 0) {
        points.add(new Point(Double.parseDouble(name.group(1)), micros[micros.length / 2]));
      }
    }
    return ascending(points);
  }

  /**
   * Score of a benchmark by one of its parameters; of sampled times their median.
   *
   * @param benchmark end of its name
   * @param fixed what its other parameters must be, by name; those that are not named may be any
   * @throws IOException the file cannot be read
   */
  static List<Point> jmh(Path file, String benchmark, String parameter, Map<String, String> fixed)
      throws IOException {
    List<Point> points = new ArrayList<>();
    for (var result : JSON.readTree(file.toFile())) {
      var params = result.path("params");
      if (result.path("benchmark").asText().endsWith(benchmark)
          && fixed.entrySet().stream()
              .allMatch(each -> params.path(each.getKey()).asText().equals(each.getValue()))) {
        points.add(new Point(params.path(parameter).asDouble(), score(result)));
      }
    }
    return ascending(points);
  }

  private static double score(JsonNode result) {
    var metric = result.path("primaryMetric");
    var median = metric.path("scorePercentiles").path("50.0");
    return result.path("mode").asText().equals("sample")
        ? median.asDouble()
        : metric.path("score").asDouble();
  }

  private static List<Point> ascending(List<Point> points) {
    points.sort(Comparator.comparingDouble(Point::x));
    return points;
  }
}
