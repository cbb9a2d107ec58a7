package io.penstock.tools.replay;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.penstock.tools.chart.LineChart;
import io.penstock.tools.replay.trace.Trace;
import java.io.IOException;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What several policies did with one trace at one speed. Immutable.
 *
 * @param trace as it was replayed
 * @param speed how many times faster than recorded
 * @param bound share of prompt tokens that caches of that size could serve ({@link CapacityBound})
 * @param results one for each policy, in the order in which they were asked for
 */
public record ReplayReport(
    Trace trace, double speed, ReplayConfig config, double bound, List<ReplayResult> results) {

  /** Copies the list. */
  public ReplayReport {
    results = List.copyOf(results);
  }

  /** A report of results, with the bound for that trace and configuration. */
  public static ReplayReport of(
      Trace trace, double speed, ReplayConfig config, List<ReplayResult> results) {
    double bound = CapacityBound.hitShare(trace, config.pods(), config.cacheBlocks());
    return new ReplayReport(trace, speed, config, bound, results);
  }

  /** For people: one row a policy, times in seconds but TPOT in milliseconds. */
  public String table() {
    var text = new StringBuilder();
    text.append(
        String.format(
            Locale.ROOT,
            "%s x%.2f: %d requests (%.1f/s), %d pods%s %s, %d blocks each, bound of the hit share %.3f, %d ms per token%n",
            trace.name(),
            speed,
            trace.requests().size(),
            trace.requests().size() / Math.max(1, trace.durationNanos() / 1e9),
            config.pods(),
            config.roles().map(roles -> " (" + roles.prefills() + " prefill)").orElse(""),
            config.profile().name(),
            config.cacheBlocks(),
            bound,
            config.tpotObjective().toMillis()));
    text.append(
        String.format(
            Locale.ROOT,
            "%-28s %7s | %7s %7s %7s %7s | %6s %6s %6s | %7s | %5s %6s | %6s %6s %6s%n",
            "policy",
            "goodput",
            "TTFT",
            "p50",
            "p90",
            "p99",
            "TPOT50",
            "p90",
            "p99",
            "E2E",
            "hit",
            "/bound",
            "apart",
            "imbal.",
            "took"));
    for (var result : results) {
      text.append(row(result));
    }
    return text.toString();
  }

  private String row(ReplayResult result) {
    return String.format(
        Locale.ROOT,
        "%-28s %6.1f%% | %7.2f %7.2f %7.2f %7.2f | %6.1f %6.1f %6.1f | %7.1f | %.3f %6.2f | %5.1f%% %6.2f %5.1fs%n",
        result.policy(),
        100 * result.goodput(),
        result.ttft().mean(),
        result.ttft().p50(),
        result.ttft().p90(),
        result.ttft().p99(),
        1e3 * result.tpot().p50(),
        1e3 * result.tpot().p90(),
        1e3 * result.tpot().p99(),
        result.endToEnd(),
        result.hitShare(),
        shareOfBound(result),
        100 * result.dividedShare(),
        result.imbalance(),
        result.tookSeconds());
  }

  private double shareOfBound(ReplayResult result) {
    return bound == 0 ? 1 : result.hitShare() / bound;
  }

  /** Goodput of each policy over the speeds of the reports, which are of one trace. */
  public static LineChart goodputChart(List<ReplayReport> reports) {
    var first = reports.getFirst();
    List<LineChart.Series> series = new ArrayList<>();
    for (int i = 0; i < first.results().size(); i++) {
      List<LineChart.Point> points = new ArrayList<>();
      for (var report : reports) {
        points.add(new LineChart.Point(report.speed(), 100 * report.results().get(i).goodput()));
      }
      series.add(new LineChart.Series(first.results().get(i).policy(), points));
    }
    return new LineChart(
        String.format(
            Locale.ROOT,
            "Routing of the %s trace over %d pods (%s)",
            first.trace().name(),
            first.config().pods(),
            first.config().profile().name()),
        "arrival rate, times recorded",
        "% of requests within TTFT 2 s + 0.2 ms per prompt token and "
            + first.config().tpotObjective().toMillis()
            + " ms per token",
        LineChart.Scale.LINEAR,
        series);
  }

  /** All of the reports as one JSON array, times in seconds. The writer stays open. */
  public static void writeJson(List<ReplayReport> reports, Writer out) throws IOException {
    try (var json = new JsonFactory().createGenerator(out)) {
      json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
      json.useDefaultPrettyPrinter();
      json.writeStartArray();
      for (var report : reports) {
        report.write(json);
      }
      json.writeEndArray();
    }
  }

  private void write(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("trace", trace.name());
    json.writeNumberField("speed", speed);
    json.writeNumberField("requests", trace.requests().size());
    json.writeNumberField("pods", config.pods());
    json.writeStringField("profile", config.profile().name());
    json.writeNumberField("cacheBlocks", config.cacheBlocks());
    json.writeNumberField("slowPods", config.slowPods());
    json.writeNumberField("slowness", config.slowness());
    json.writeBooleanField("losePod", config.losePod());
    json.writeNumberField("gateways", config.gateways());
    if (config.shareDelay().isPresent()) {
      json.writeNumberField("shareMillis", config.shareDelay().get().toMillis());
    }
    json.writeNumberField("prefillPods", config.roles().map(Roles::prefills).orElse(0));
    json.writeNumberField("tpotObjectiveMillis", config.tpotObjective().toMillis());
    json.writeNumberField("seed", config.seed());
    json.writeNumberField("hitShareBound", bound);
    json.writeArrayFieldStart("policies");
    for (var result : results) {
      write(result, json);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private void write(ReplayResult result, JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("policy", result.policy());
    json.writeNumberField("judged", result.requests());
    json.writeNumberField("lost", result.lost());
    json.writeNumberField("goodput", result.goodput());
    write("ttft", result.ttft(), json);
    write("tpot", result.tpot(), json);
    json.writeNumberField("meanEndToEnd", result.endToEnd());
    json.writeNumberField("hitShare", result.hitShare());
    json.writeNumberField("hitShareOfBound", shareOfBound(result));
    json.writeNumberField("dividedShare", result.dividedShare());
    json.writeNumberField("imbalance", result.imbalance());
    json.writeEndObject();
  }

  private static void write(String name, ReplayResult.Quantiles of, JsonGenerator json)
      throws IOException {
    json.writeObjectFieldStart(name);
    json.writeNumberField("mean", of.mean());
    json.writeNumberField("p50", of.p50());
    json.writeNumberField("p90", of.p90());
    json.writeNumberField("p99", of.p99());
    json.writeEndObject();
  }
}
