package io.penstock.proxy.metrics;

import io.netty.util.concurrent.FastThreadLocal;
import io.penstock.proxy.metrics.Timeline.Event;
import io.penstock.proxy.openai.JsonText;
import java.time.Instant;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One line of JSON per request, at its end, to the logger {@code io.penstock.access}. What does not
 * apply is left out. Times are milliseconds with three decimals.
 *
 * <p>Thread-safe: each event loop writes into a builder of its own. The line is a string of its own
 * because the logger may keep it.
 */
public final class AccessLog {

  /** Name of the logger. */
  public static final String LOGGER = "io.penstock.access";

  private static final int KEPT_CHARS = 8_192;

  private static final FastThreadLocal<StringBuilder> LINE =
      new FastThreadLocal<>() {
        @Override
        protected StringBuilder initialValue() {
          return new StringBuilder(1_024);
        }
      };

  private final Logger logger = LoggerFactory.getLogger(LOGGER);
  private final Supplier<Instant> clock;
  private volatile double share;

  /**
   * A log.
   *
   * @param share of the requests that went well and get a line, 0 to 1; below 0: none gets one
   *     ({@code log.access}, {@code log.sampleSuccesses})
   */
  public AccessLog(double share, Supplier<Instant> clock) {
    this.share = share;
    this.clock = clock;
  }

  /** Takes another share, as a reloaded configuration says. */
  public void turn(double other) {
    share = other;
  }

  /** Writes the line of a request that has ended. */
  public void write(AccessRecord request) {
    double wanted = share;
    if (wanted < 0 || !logger.isInfoEnabled() || !(wanted >= 1 || writes(wanted, request))) {
      return;
    }
    var line = LINE.get();
    line.setLength(0);
    render(line, clock.get(), request);
    logger.info("{}", line.toString());
    if (line.capacity() > KEPT_CHARS) {
      LINE.remove();
    }
  }

  /**
   * Whether a request gets its line: those that went well by chance, which is in their ids, so that
   * a request that came twice is logged twice or not at all; others always.
   */
  private static boolean writes(double share, AccessRecord request) {
    boolean well =
        request.outcome() == Outcome.COMPLETED
            && request.status() < 400
            && request.attempts() <= (request.prefillEndpoint() == null ? 1 : 2);
    return !well || chance(request.requestId()) < share;
  }

  /** A number from 0 to 1 that is as good as random (murmur3's finaliser). */
  private static double chance(String id) {
    int h = id.hashCode();
    h = (h ^ (h >>> 16)) * 0x85ebca6b;
    h = (h ^ (h >>> 13)) * 0xc2b2ae35;
    h ^= h >>> 16;
    return (h >>> 1) / (double) (1L << 31);
  }

  /** Appends the line, without a line end. */
  static void render(StringBuilder line, Instant now, AccessRecord request) {
    line.append("{\"time\":\"").append(now).append("\",\"msg\":\"request\"");
    text(line, "request.id", request.requestId());
    var trace = request.trace();
    if (trace != null) {
      text(line, "trace.id", trace.traceId());
      text(line, "span.id", trace.spanId());
    }
    text(line, "outcome", request.outcome().label());
    text(line, "reason", request.reason());
    text(line, "http.method", request.method());
    text(line, "http.path", request.path());
    text(line, "http.version", request.httpVersion());
    number(line, "http.status", request.status());
    number(line, "bytes_in", request.bytesIn());
    number(line, "bytes_out", request.bytesOut());
    times(line, request);
    text(line, "client.addr", request.client());
    text(line, "user_agent", request.userAgent());
    number(line, "client.retry_count", request.clientRetries());
    text(line, "api_key.name", request.keyName());
    text(line, "pool", request.pool());
    text(line, "endpoint", request.endpoint());
    text(line, "prefill.endpoint", request.prefillEndpoint());
    text(line, "decision.id", request.decisionId());
    number(line, "attempts", request.attempts());
    line.append(",\"stream\":").append(request.stream());
    text(line, "gen_ai.operation.name", request.operation());
    text(line, "gen_ai.request.model", request.model());
    text(line, "gen_ai.response.model", request.sentModel());
    number(line, "gen_ai.usage.input_tokens", request.inputTokens());
    number(line, "gen_ai.usage.cache_read.input_tokens", request.cachedTokens());
    number(line, "gen_ai.usage.output_tokens", request.outputTokens());
    if (request.predictedHit() >= 0) {
      line.append(",\"prefix.match_ratio\":");
      decimals(line, Math.round(request.predictedHit() * 1_000));
    }
    line.append('}');
  }

  private static void times(StringBuilder line, AccessRecord request) {
    var timeline = request.timeline();
    millis(line, "duration_ms", timeline.between(Event.RECEIVED, Event.ENDED));
    millis(line, "body_ms", timeline.between(Event.RECEIVED, Event.BODY_READ));
    millis(line, "queue_ms", timeline.between(Event.BODY_READ, Event.PICK_STARTED));
    millis(line, "pick_ms", timeline.between(Event.PICK_STARTED, Event.PICKED));
    millis(line, "connect_ms", timeline.between(Event.PICKED, Event.CONNECTED));
    millis(line, "prefill_ms", timeline.between(Event.PREFILL_SENT, Event.PREFILLED));
    millis(line, "ttft_ms", timeline.between(Event.RECEIVED, Event.FIRST_TOKEN));
    long generating = timeline.between(Event.FIRST_TOKEN, Event.ENDED);
    if (request.stream() && request.outputTokens() > 1 && generating >= 0) {
      millis(line, "tpot_ms", generating / (request.outputTokens() - 1));
    }
  }

  private static void text(StringBuilder line, String name, @Nullable String value) {
    if (value != null) {
      name(line, name);
      JsonText.quote(line, value);
    }
  }

  private static void number(StringBuilder line, String name, long value) {
    if (value >= 0) {
      name(line, name);
      line.append(value);
    }
  }

  private static void millis(StringBuilder line, String name, long nanos) {
    if (nanos >= 0) {
      name(line, name);
      decimals(line, nanos / 1_000);
    }
  }

  private static void name(StringBuilder line, String name) {
    line.append(",\"").append(name).append("\":");
  }

  /** A number of thousandths, as a decimal fraction. */
  private static void decimals(StringBuilder line, long thousandths) {
    line.append(thousandths / 1_000).append('.');
    long rest = thousandths % 1_000;
    line.append(rest < 100 ? "0" : "").append(rest < 10 ? "0" : "").append(rest);
  }
}
