package io.penstock.tools.load;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Collections;
import java.util.Formatter;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The result of a run. Immutable.
 *
 * @param seconds from the first measured request's intended time to the last answer
 * @param answered measured requests with a complete 2xx answer
 * @param warmedUp requests before the measured ones
 * @param cut requests that were on their way when the run was stopped
 * @param statuses answers by status
 * @param errors by kind
 * @param events of measured streams, without {@code [DONE]}
 * @param bodyBytes of complete answers
 * @param latency from the intended send time to the end of the answer
 * @param ttft from the intended send time to the first event of a stream
 * @param interToken between the events of a stream
 */
public record LoadReport(
    double seconds,
    long answered,
    long warmedUp,
    long cut,
    Map<Integer, Long> statuses,
    Map<ErrorKind, Long> errors,
    long events,
    long bodyBytes,
    Percentiles latency,
    Percentiles ttft,
    Percentiles interToken) {

  private static final JsonFactory JSON = new JsonFactory();

  /** Copies the maps, sorted. */
  public LoadReport {
    statuses = sorted(statuses);
    errors = sorted(errors);
  }

  /** Requests that did not end well. */
  public long failed() {
    return errors.values().stream().mapToLong(Long::longValue).sum();
  }

  /** Answered requests each second. */
  public double perSecond() {
    return seconds == 0 ? 0 : answered / seconds;
  }

  /** As a table for people. */
  public String table() {
    var out = new Formatter(Locale.ROOT);
    out.format(
        "%d answered, %d failed in %.1f s: %.1f a second%n",
        answered, failed(), seconds, perSecond());
    if (warmedUp > 0 || cut > 0) {
      out.format("%d before the measurement, %d cut at its end%n", warmedUp, cut);
    }
    statuses.forEach((status, count) -> out.format("  status %d: %d%n", status, count));
    errors.forEach((kind, count) -> out.format("  error %s: %d%n", kind.label(), count));
    out.format(
        "%-12s %10s %10s %10s %10s %10s %10s%n", "ms", "mean", "p50", "p90", "p99", "p99.9", "max");
    row(out, "latency", latency);
    if (events > 0) {
      row(out, "TTFT", ttft);
      row(out, "inter-token", interToken);
      out.format("%d events, %.1f a second%n", events, seconds == 0 ? 0 : events / seconds);
    }
    return out.toString();
  }

  /** As one JSON object; times in µs. */
  public String json() {
    var out = new StringWriter();
    try (var json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeNumberField("seconds", seconds);
      json.writeNumberField("answered", answered);
      json.writeNumberField("failed", failed());
      json.writeNumberField("per_second", perSecond());
      json.writeNumberField("warmed_up", warmedUp);
      json.writeNumberField("cut", cut);
      json.writeObjectFieldStart("statuses");
      for (var status : statuses.entrySet()) {
        json.writeNumberField(Integer.toString(status.getKey()), status.getValue());
      }
      json.writeEndObject();
      json.writeObjectFieldStart("errors");
      for (var error : errors.entrySet()) {
        json.writeNumberField(error.getKey().label(), error.getValue());
      }
      json.writeEndObject();
      json.writeNumberField("events", events);
      json.writeNumberField("body_bytes", bodyBytes);
      object(json, "latency_us", latency);
      object(json, "ttft_us", ttft);
      object(json, "inter_token_us", interToken);
      json.writeEndObject();
    } catch (IOException e) {
      throw new AssertionError("a string takes any JSON", e);
    }
    return out.toString();
  }

  private static <K extends Comparable<K>> SortedMap<K, Long> sorted(Map<K, Long> counts) {
    return Collections.unmodifiableSortedMap(new TreeMap<>(counts));
  }

  private static void row(Formatter out, String name, Percentiles micros) {
    out.format(
        "%-12s %10.3f %10.3f %10.3f %10.3f %10.3f %10.3f%n",
        name,
        micros.mean() / 1e3,
        micros.p50() / 1e3,
        micros.p90() / 1e3,
        micros.p99() / 1e3,
        micros.p999() / 1e3,
        micros.max() / 1e3);
  }

  private static void object(JsonGenerator json, String name, Percentiles micros)
      throws IOException {
    json.writeObjectFieldStart(name);
    json.writeNumberField("count", micros.count());
    json.writeNumberField("mean", micros.mean());
    json.writeNumberField("p50", micros.p50());
    json.writeNumberField("p90", micros.p90());
    json.writeNumberField("p99", micros.p99());
    json.writeNumberField("p99_9", micros.p999());
    json.writeNumberField("max", micros.max());
    json.writeEndObject();
  }
}
