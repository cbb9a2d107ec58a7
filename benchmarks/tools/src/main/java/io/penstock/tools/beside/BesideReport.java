package io.penstock.tools.beside;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.penstock.tools.beside.Comparison.Spread;
import io.penstock.tools.beside.Comparison.Subject;
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
    return line("CPU µs a request or event", "of", "µs", "ratio (min to max)", "bar", "added p50")
        + String.format(Locale.ROOT, " %8s  %s", "per s", "rounds");
  }

  /** Its lines for one workload: one for each target, and for each process of several. */
  static String rows(Comparison comparison) {
    var text = new StringBuilder();
    for (var subject : comparison.subjects()) {
      var workload = comparison.workload();
      text.append(
          line(
              text.isEmpty() ? workload.name() : "",
              subject.name(),
              cpu(comparison, subject),
              ratio(comparison.ratio(subject)),
              bar(comparison, subject),
              added(comparison, subject)));
      if (subject.part().isEmpty()) {
        text.append(
            String.format(
                Locale.ROOT,
                " %8.0f  %d%s",
                comparison.spread(round -> round.of(subject.target()).perSecond()).median(),
                comparison.rounds().size(),
                subject.target().equals(comparison.targets().getFirst())
                    ? thrownAway(comparison)
                    : ""));
      }
      text.append('\n');
    }
    return text.toString();
  }

  private static String line(
      String workload, String name, String cpu, String ratio, String bar, String added) {
    return String.format(
        Locale.ROOT, "%-26s %-35s %11s  %-20s %5s %10s", workload, name, cpu, ratio, bar, added);
  }

  private static String cpu(Comparison comparison, Subject subject) {
    double micros = comparison.spread(round -> subject.in(round).cpuMicros()).median();
    return comparison.workload() instanceof Workload.Idle
        ? String.format(Locale.ROOT, "%.3f cores", micros / 1e6)
        : String.format(Locale.ROOT, "%.2f", micros);
  }

  private static String ratio(Spread ratio) {
    return Double.isNaN(ratio.median())
        ? ""
        : String.format(
            Locale.ROOT, "%4.2f (%4.2f to %4.2f)", ratio.median(), ratio.min(), ratio.max());
  }

  private static String bar(Comparison comparison, Subject subject) {
    double bar = Bars.of(comparison.workload(), subject);
    return Double.isNaN(bar) ? "" : String.format(Locale.ROOT, "%.4s", Double.toString(bar));
  }

  private static String added(Comparison comparison, Subject subject) {
    boolean measured = comparison.rounds().stream().allMatch(round -> round.directP50Micros() > 0);
    if (!measured || comparison.rounds().isEmpty() || !subject.part().isEmpty()) {
      return "";
    }
    var added =
        comparison.spread(
            round -> round.of(subject.target()).p50Micros() - round.directP50Micros());
    return String.format(Locale.ROOT, "%.0f µs", added.median());
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

  /** The most memory that each process had, one line each. */
  static String memory(List<Comparison> comparisons) {
    if (comparisons.isEmpty()) {
      return "";
    }
    return comparisons.getFirst().subjects().stream()
        .map(
            subject ->
                String.format(
                    Locale.ROOT,
                    "most resident memory: %-35s %5.0f MiB%n",
                    subject.name(),
                    most(comparisons, subject) / MIB))
        .collect(Collectors.joining());
  }

  private static double most(Collection<Comparison> comparisons, Subject subject) {
    return comparisons.stream()
        .map(Comparison::rounds)
        .flatMap(List::stream)
        .mapToDouble(round -> subject.in(round).residentBytes())
        .max()
        .orElse(0);
  }

  /** Everything, every round, as JSON; latencies and CPU in µs. */
  static void json(Collection<Comparison> comparisons, Writer out) throws IOException {
    try (var json = JSON.createGenerator(out).useDefaultPrettyPrinter()) {
      json.writeStartArray();
      for (var comparison : comparisons) {
        json.writeStartObject();
        json.writeStringField("workload", comparison.workload().name());
        json.writeStringField("unit", comparison.workload().unit());
        ratios(json, comparison);
        json.writeObjectFieldStart("thrown_away");
        for (var reason : comparison.thrownAway().entrySet()) {
          json.writeNumberField(reason.getKey(), reason.getValue());
        }
        json.writeEndObject();
        json.writeArrayFieldStart("rounds");
        for (var round : comparison.rounds()) {
          json.writeStartObject();
          for (var target : comparison.targets()) {
            sample(json, target.name(), round.of(target));
          }
          number(json, "direct_p50_us", round.directP50Micros());
          json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndArray();
    }
  }

  private static void ratios(JsonGenerator json, Comparison comparison) throws IOException {
    json.writeArrayFieldStart("cpu_ratios");
    for (var subject : comparison.subjects()) {
      var base = comparison.baseOf(subject.target());
      if (base == null) {
        continue;
      }
      var ratio = comparison.ratio(subject);
      json.writeStartObject();
      json.writeStringField("target", subject.target().name());
      if (!subject.part().isEmpty()) {
        json.writeStringField("part", subject.part());
      }
      json.writeStringField("to", base.name());
      number(json, "median", ratio.median());
      number(json, "min", ratio.min());
      number(json, "max", ratio.max());
      number(json, "bar", Bars.of(comparison.workload(), subject));
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void sample(JsonGenerator json, String name, Sample sample) throws IOException {
    json.writeObjectFieldStart(name);
    number(json, "cpu_us", sample.whole().cpuMicros());
    number(json, "per_second", sample.perSecond());
    number(json, "p50_us", sample.p50Micros());
    json.writeNumberField("resident_bytes", sample.whole().residentBytes());
    json.writeObjectFieldStart("parts");
    for (var part : sample.parts().entrySet()) {
      json.writeObjectFieldStart(part.getKey());
      number(json, "cpu_us", part.getValue().cpuMicros());
      json.writeNumberField("resident_bytes", part.getValue().residentBytes());
      json.writeEndObject();
    }
    json.writeEndObject();
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
