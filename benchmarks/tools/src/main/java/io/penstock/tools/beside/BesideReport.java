package io.penstock.tools.beside;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.Writer;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** How comparisons are shown. Stateless. */
final class BesideReport {

  private static final JsonFactory JSON = new JsonFactory();
  private static final double MIB = 1 << 20;

  private BesideReport() {}

  /** The table's head. */
  static String head() {
    return String.format(
        Locale.ROOT,
        "%-26s %9s %9s  %-20s %10s %10s %8s  %s",
        "CPU µs a request or event",
        "penstock",
        "haproxy",
        "ratio (min to max)",
        "added p50",
        "haproxy's",
        "per s",
        "rounds");
  }

  /** One line of it. */
  static String row(Comparison comparison) {
    var ratio = comparison.ratio();
    return String.format(
        Locale.ROOT,
        "%-26s %9.2f %9.2f  %4.2f (%4.2f to %4.2f)  %10s %10s %8.0f  %d%s",
        comparison.workload().name(),
        comparison.spread(round -> round.gateway().cpuMicros()).median(),
        comparison.spread(round -> round.haproxy().cpuMicros()).median(),
        ratio.median(),
        ratio.min(),
        ratio.max(),
        added(comparison, true),
        added(comparison, false),
        comparison.spread(round -> round.gateway().perSecond()).median(),
        comparison.rounds().size(),
        thrownAway(comparison));
  }

  /** The most memory either proxy had. */
  static String memory(Collection<Comparison> comparisons) {
    return String.format(
        Locale.ROOT,
        "most resident memory: penstock %.0f MiB, haproxy %.0f MiB",
        most(comparisons, true) / MIB,
        most(comparisons, false) / MIB);
  }

  /** Everything, every round, as JSON; latencies and CPU in µs. */
  static void json(Collection<Comparison> comparisons, Writer out) throws IOException {
    try (var json = JSON.createGenerator(out).useDefaultPrettyPrinter()) {
      json.writeStartArray();
      for (var comparison : comparisons) {
        json.writeStartObject();
        json.writeStringField("workload", comparison.workload().name());
        json.writeStringField("unit", comparison.workload().unit());
        var ratio = comparison.ratio();
        json.writeObjectFieldStart("cpu_ratio");
        number(json, "median", ratio.median());
        number(json, "min", ratio.min());
        number(json, "max", ratio.max());
        json.writeEndObject();
        json.writeObjectFieldStart("thrown_away");
        for (var reason : comparison.thrownAway().entrySet()) {
          json.writeNumberField(reason.getKey(), reason.getValue());
        }
        json.writeEndObject();
        json.writeArrayFieldStart("rounds");
        for (var round : comparison.rounds()) {
          json.writeStartObject();
          sample(json, "penstock", round.gateway());
          sample(json, "haproxy", round.haproxy());
          number(json, "direct_p50_us", round.directP50Micros());
          json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndArray();
    }
  }

  private static String added(Comparison comparison, boolean gateway) {
    var added =
        comparison.spread(
            round ->
                (gateway ? round.gateway() : round.haproxy()).p50Micros()
                    - round.directP50Micros());
    boolean measured = comparison.rounds().stream().allMatch(round -> round.directP50Micros() > 0);
    return measured && !comparison.rounds().isEmpty()
        ? String.format(Locale.ROOT, "%.0f µs", added.median())
        : "-";
  }

  private static String thrownAway(Comparison comparison) {
    if (comparison.thrownAway().isEmpty()) {
      return "";
    }
    return comparison.thrownAway().entrySet().stream()
        .map(reason -> reason.getValue() + " × " + reason.getKey())
        .sorted()
        .collect(Collectors.joining(", ", " (thrown away: ", ")"));
  }

  private static double most(Collection<Comparison> comparisons, boolean gateway) {
    return comparisons.stream()
        .map(Comparison::rounds)
        .flatMap(List::stream)
        .mapToDouble(round -> (gateway ? round.gateway() : round.haproxy()).residentBytes())
        .max()
        .orElse(0);
  }

  private static void sample(JsonGenerator json, String name, Sample sample) throws IOException {
    json.writeObjectFieldStart(name);
    number(json, "cpu_us", sample.cpuMicros());
    number(json, "per_second", sample.perSecond());
    number(json, "p50_us", sample.p50Micros());
    json.writeNumberField("resident_bytes", sample.residentBytes());
    number(json, "neighbour_share", sample.neighbourShare());
    json.writeEndObject();
  }

  /** JSON has no NaN. */
  private static void number(JsonGenerator json, String name, double value) throws IOException {
    if (Double.isFinite(value)) {
      json.writeNumberField(name, value);
    } else {
      json.writeNullField(name);
    }
  }
}
