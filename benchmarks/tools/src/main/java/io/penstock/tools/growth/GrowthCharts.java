package io.penstock.tools.growth;

import io.penstock.tools.chart.LineChart;
import io.penstock.tools.chart.LineChart.Point;
import io.penstock.tools.chart.LineChart.Scale;
import io.penstock.tools.chart.LineChart.Series;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The end of {@code benchmarks/bin/growth}: draws four charts from a folder of results and prints
 * how steep each line is.
 *
 * <p>The slope between two points is that of the logarithms: 0 costs the same, 1 grows in
 * proportion.
 */
public final class GrowthCharts {

  private static final Pattern PROMPT = Pattern.compile("(\\d+) KB distinct, saturated");
  private static final Pattern STREAMS = Pattern.compile("(\\d+) streams");

  private GrowthCharts() {}

  /**
   * Reads {@code prompts.json streams.json pick.json index.json} in a folder, draws into another.
   */
  public static void main(String[] arguments) throws IOException {
    var out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    if (arguments.length != 2) {
      System.err.println("growth: wants the folder of the results and the folder of the charts");
      System.exit(2);
    }
    draw(Path.of(arguments[0]), Path.of(arguments[1]), out);
  }

  /** Draws and prints. */
  static void draw(Path results, Path charts, PrintStream out) throws IOException {
    Files.createDirectories(charts);
    show(
        charts.resolve("growth-prompt.svg"),
        new LineChart(
            "A request, by the length of its body",
            "KB",
            "CPU µs a request",
            Scale.LOGARITHMIC,
            List.of(
                line(
                    "penstock",
                    Measured.beside(results.resolve("prompts.json"), PROMPT, "gateway")),
                line(
                    "haproxy",
                    Measured.beside(results.resolve("prompts.json"), PROMPT, "haproxy")))),
        out);
    show(
        charts.resolve("growth-streams.svg"),
        new LineChart(
            "An event, by the number of streams",
            "streams at a time",
            "CPU µs an event",
            Scale.LOGARITHMIC,
            List.of(
                line(
                    "penstock",
                    Measured.beside(results.resolve("streams.json"), STREAMS, "gateway")),
                line(
                    "haproxy",
                    Measured.beside(results.resolve("streams.json"), STREAMS, "haproxy")))),
        out);
    show(
        charts.resolve("growth-endpoints.svg"),
        new LineChart(
            "A pick, by the size of the pool",
            "endpoints",
            "µs, median",
            Scale.LOGARITHMIC,
            List.of(pick(results, "expected-cost"), pick(results, "llm-d-default"))),
        out);
    show(
        charts.resolve("growth-index.svg"),
        new LineChart(
            "The prefix index, by its size (8k-token prompts, 8 endpoints)",
            "keys held",
            "µs",
            Scale.LOGARITHMIC,
            List.of(
                index(results, "learn", ".learnAlone"), index(results, "match", ".matchAlone"))),
        out);
  }

  private static Series pick(Path results, String policy) throws IOException {
    var file = results.resolve("pick.json");
    return line(policy, Measured.jmh(file, ".pick", "endpoints", Map.of("policy", policy)));
  }

  private static Series index(Path results, String name, String benchmark) throws IOException {
    var file = results.resolve("index.json");
    return line(name, Measured.jmh(file, benchmark, "entries", Map.of()));
  }

  private static Series line(String name, List<Point> points) {
    if (points.isEmpty()) {
      throw new IllegalArgumentException("no result for the line '" + name + "'");
    }
    return new Series(name, points);
  }

  private static void show(Path file, LineChart chart, PrintStream out) {
    try {
      Files.writeString(file, chart.svg());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    out.println(chart.title() + " (" + file.getFileName() + ")");
    for (var series : chart.series()) {
      var text = new StringBuilder(String.format(Locale.ROOT, "  %-13s", series.name()));
      @Nullable Point before = null;
      for (var point : series.points()) {
        text.append(
            String.format(
                Locale.ROOT, " %s%.0f: %.3g", slope(before, point), point.x(), point.y()));
        before = point;
      }
      out.println(text);
    }
  }

  /** The slope from one point to the next, in brackets. */
  static String slope(@Nullable Point from, Point to) {
    return from == null
        ? ""
        : String.format(
            Locale.ROOT, "[%.2f] ", Math.log(to.y() / from.y()) / Math.log(to.x() / from.x()));
  }
}
