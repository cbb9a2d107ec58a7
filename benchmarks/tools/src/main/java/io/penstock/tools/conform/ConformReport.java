package io.penstock.tools.conform;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;

/**
 * The results of a run, in order. Immutable.
 *
 * @param target that was examined, as {@code host:port}
 */
public record ConformReport(String target, List<Result> results) {

  private static final JsonFactory JSON = new JsonFactory();

  /** Copies the list. */
  public ConformReport {
    results = List.copyOf(results);
  }

  /** How one requirement came out. */
  public record Result(Requirement requirement, Verdict verdict) {

    /** For people: one line, and for what is not met two more. */
    public String text() {
      var line = "%s %-5s %s".formatted(verdict.word(), requirement.id(), requirement.title());
      return switch (verdict) {
        case Verdict.Passed _ -> line;
        case Verdict.Failed failed ->
            "%s (%s)%n           expected: %s%n           seen:     %s"
                .formatted(line, requirement.level(), failed.expected(), failed.seen());
        case Verdict.Skipped skipped -> line + ": " + skipped.reason();
      };
    }
  }

  /** Whether nothing failed. */
  public boolean passed() {
    return count(Verdict.Failed.class) == 0;
  }

  private long count(Class<? extends Verdict> kind) {
    return results.stream().filter(result -> kind.isInstance(result.verdict())).count();
  }

  /** The sum in one line. */
  public String summary() {
    return "%s: %d passed, %d failed, %d skipped"
        .formatted(
            target,
            count(Verdict.Passed.class),
            count(Verdict.Failed.class),
            count(Verdict.Skipped.class));
  }

  /** As one JSON object. */
  public String json() {
    var out = new StringWriter();
    try (var json = JSON.createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("target", target);
      json.writeNumberField("passed", count(Verdict.Passed.class));
      json.writeNumberField("failed", count(Verdict.Failed.class));
      json.writeNumberField("skipped", count(Verdict.Skipped.class));
      json.writeArrayFieldStart("requirements");
      for (var result : results) {
        write(json, result);
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (IOException e) {
      throw new AssertionError("a string takes any JSON", e);
    }
    return out.toString();
  }

  private static void write(JsonGenerator json, Result result) throws IOException {
    json.writeStartObject();
    json.writeStringField("id", result.requirement().id());
    json.writeStringField("level", result.requirement().level().name());
    json.writeStringField("title", result.requirement().title());
    json.writeStringField("verdict", result.verdict().word());
    switch (result.verdict()) {
      case Verdict.Passed passed -> json.writeStringField("seen", passed.seen());
      case Verdict.Failed failed -> {
        json.writeStringField("expected", failed.expected());
        json.writeStringField("seen", failed.seen());
      }
      case Verdict.Skipped skipped -> json.writeStringField("reason", skipped.reason());
    }
    json.writeEndObject();
  }
}
