package io.penstock.simulator.fault;

import io.penstock.simulator.fault.Fault.AnswerStatus;
import io.penstock.simulator.fault.Fault.DieInEvent;
import io.penstock.simulator.fault.Fault.EndWithoutDone;
import io.penstock.simulator.fault.Fault.EosFirst;
import io.penstock.simulator.fault.Fault.Garbage;
import io.penstock.simulator.fault.Fault.GarbageMetrics;
import io.penstock.simulator.fault.Fault.HangStreams;
import io.penstock.simulator.fault.Fault.IdleClose;
import io.penstock.simulator.fault.Fault.Informational;
import io.penstock.simulator.fault.Fault.MalformedChunk;
import io.penstock.simulator.fault.Fault.NoTransfer;
import io.penstock.simulator.fault.Fault.Refuse;
import io.penstock.simulator.fault.Fault.ResetAfterBytes;
import io.penstock.simulator.fault.Fault.ResetOnAccept;
import io.penstock.simulator.fault.Fault.ShortContentLength;
import io.penstock.simulator.fault.Fault.SlowMetrics;
import io.penstock.simulator.fault.Fault.StaleMetrics;
import io.penstock.simulator.fault.Fault.StallAfterEvents;
import io.penstock.simulator.fault.Fault.StallBeforeHead;
import io.penstock.simulator.fault.Fault.Terminating;
import io.penstock.simulator.fault.Fault.TrailingBytes;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A fault and how often it strikes. Immutable. Its text form is {@code name[:key=value,...]}, for
 * example {@code status:code=503,retry-after=2,times=3}; {@code times} may follow any fault of an
 * answer, and {@code reset-on-accept}.
 *
 * @param times how many answers or connections it strikes; {@link #ALWAYS} for no limit
 */
public record FaultSpec(Fault fault, int times) {

  /** No limit on how often a fault strikes. */
  public static final int ALWAYS = Integer.MAX_VALUE;

  private static final List<String> NAMES =
      List.of(
          "refuse",
          "reset-on-accept",
          "idle-close",
          "terminating",
          "hang-streams",
          "reset",
          "die-in-event",
          "no-done",
          "stall-head",
          "stall",
          "status",
          "garbage",
          "bad-chunk",
          "short-body",
          "trailing",
          "informational",
          "no-transfer",
          "eos-first",
          "metrics-slow",
          "metrics-stale",
          "metrics-garbage");

  /** Checks that a limit makes sense for the fault. */
  public FaultSpec {
    if (times < 1) {
      throw new IllegalArgumentException("fault times must be at least 1, not " + times);
    }
    boolean counted = fault instanceof Fault.OfAnswer || fault instanceof ResetOnAccept;
    if (times != ALWAYS && !counted) {
      throw new IllegalArgumentException(
          "fault " + fault + " is on or off and cannot be limited by times");
    }
  }

  /**
   * Reads the text form.
   *
   * @throws IllegalArgumentException with one sentence that names the offending part
   */
  public static FaultSpec parse(String text) {
    int colon = text.indexOf(':');
    String name = (colon < 0 ? text : text.substring(0, colon)).strip();
    var settings = new Settings(text, colon < 0 ? "" : text.substring(colon + 1));
    int times = settings.integer("times", ALWAYS, 1);
    Fault fault =
        switch (name) {
          case "refuse" -> new Refuse();
          case "reset-on-accept" -> new ResetOnAccept();
          case "idle-close" -> new IdleClose(settings.millis("ms", 5_000));
          case "terminating" -> new Terminating();
          case "hang-streams" -> new HangStreams();
          case "reset" -> new ResetAfterBytes(settings.integer("bytes", 0, 0));
          case "die-in-event" -> new DieInEvent(settings.integer("events", 1, 0));
          case "no-done" -> new EndWithoutDone(settings.integer("events", 1, 0));
          case "stall-head" -> new StallBeforeHead();
          case "stall" -> new StallAfterEvents(settings.integer("events", 1, 0));
          case "status" ->
              new AnswerStatus(
                  settings.integer("code", 503, 400), settings.integer("retry-after", -1, 0));
          case "garbage" -> new Garbage();
          case "bad-chunk" -> new MalformedChunk(settings.integer("events", 1, 0));
          case "short-body" -> new ShortContentLength(settings.integer("bytes", 1, 1));
          case "trailing" -> new TrailingBytes();
          case "informational" -> new Informational(settings.integer("code", 103, 100));
          case "no-transfer" -> new NoTransfer();
          case "eos-first" -> new EosFirst();
          case "metrics-slow" -> new SlowMetrics(settings.millis("ms", 1_000));
          case "metrics-stale" -> new StaleMetrics();
          case "metrics-garbage" -> new GarbageMetrics();
          default ->
              throw new IllegalArgumentException(
                  "unknown fault \"" + name + "\", use one of " + String.join(", ", NAMES));
        };
    settings.rejectRest();
    return new FaultSpec(fault, times);
  }

  /** The {@code key=value} pairs after the colon; each may be taken once. */
  private static final class Settings {

    private final String text;
    private final Map<String, String> left = new LinkedHashMap<>();

    Settings(String text, String pairs) {
      this.text = text;
      for (String pair : pairs.split(",", -1)) {
        if (pair.isBlank()) {
          continue;
        }
        int equals = pair.indexOf('=');
        if (equals <= 0) {
          throw new IllegalArgumentException(
              "fault \"" + text + "\": \"" + pair.strip() + "\" is not of the form key=value");
        }
        left.put(pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
      }
    }

    int integer(String key, int otherwise, int least) {
      String value = left.remove(key);
      if (value == null) {
        return otherwise;
      }
      try {
        int number = Integer.parseInt(value);
        if (number >= least) {
          return number;
        }
      } catch (NumberFormatException e) {
        // Told below, with what was expected.
      }
      throw new IllegalArgumentException(
          "fault \"%s\": %s must be an integer of at least %d, not \"%s\""
              .formatted(text, key, least, value));
    }

    Duration millis(String key, int otherwise) {
      return Duration.ofMillis(integer(key, otherwise, 1));
    }

    void rejectRest() {
      if (!left.isEmpty()) {
        throw new IllegalArgumentException(
            "fault \"" + text + "\" takes no " + String.join(", ", left.keySet()));
      }
    }
  }
}
