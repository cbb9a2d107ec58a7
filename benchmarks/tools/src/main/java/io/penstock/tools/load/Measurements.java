package io.penstock.tools.load;

import java.util.EnumMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.HdrHistogram.Histogram;

/**
 * What a run measured. Written by the run's event loop; the counters of {@link LoadProgress} may be
 * read from anywhere while it runs, the rest after its end.
 */
final class Measurements {

  private static final long MOST_NANOS = 3_600_000_000_000L;

  private final Histogram latency = new Histogram(MOST_NANOS, 3);
  private final Histogram ttft = new Histogram(MOST_NANOS, 3);
  private final Histogram interToken = new Histogram(MOST_NANOS, 3);
  private final Map<Integer, Long> statuses = new TreeMap<>();
  private final Map<ErrorKind, Long> errors = new EnumMap<>(ErrorKind.class);
  private final AtomicLong answered = new AtomicLong();
  private final AtomicLong failed = new AtomicLong();
  private final AtomicLong events = new AtomicLong();
  private final AtomicLong open = new AtomicLong();
  private final AtomicLong streaming = new AtomicLong();
  private long bodyBytes;
  private long firstNanos = Long.MAX_VALUE;
  private long lastNanos = Long.MIN_VALUE;

  /** A measured request is on its way or waits since then. */
  void intended(long nanos) {
    firstNanos = Math.min(firstNanos, nanos);
  }

  /** A complete answer, 2xx. */
  void answered(int status, long intendedNanos, long nowNanos, long bytes) {
    record(latency, nowNanos - intendedNanos);
    statuses.merge(status, 1L, Long::sum);
    bodyBytes += bytes;
    add(answered, 1);
    lastNanos = Math.max(lastNanos, nowNanos);
  }

  /** A request that went wrong; {@code status} 0 without an answer. */
  void failed(ErrorKind kind, int status, long nowNanos) {
    errors.merge(kind, 1L, Long::sum);
    if (status > 0) {
      statuses.merge(status, 1L, Long::sum);
    }
    add(failed, 1);
    lastNanos = Math.max(lastNanos, nowNanos);
  }

  /** The first event of a stream. */
  void firstEvent(long sinceIntendedNanos) {
    record(ttft, sinceIntendedNanos);
  }

  /** A later event of a stream. */
  void nextEvent(long sinceLastNanos) {
    record(interToken, sinceLastNanos);
  }

  /** Events of any request, measured or not. */
  void events(int count) {
    add(events, count);
  }

  /** A connection opened (1) or closed (−1). */
  void connection(int change) {
    add(open, change);
  }

  /** A stream had its first event (1) or ended (−1). */
  void stream(int change) {
    add(streaming, change);
  }

  /** The counters now. Thread-safe. */
  LoadProgress progress() {
    return new LoadProgress(
        answered.getAcquire(),
        failed.getAcquire(),
        events.getAcquire(),
        open.getAcquire(),
        streaming.getAcquire());
  }

  /** The result, after the end. */
  LoadReport report(long warmedUp, long cut) {
    double seconds = lastNanos > firstNanos ? (lastNanos - firstNanos) / 1e9 : 0;
    return new LoadReport(
        seconds,
        answered.getAcquire(),
        warmedUp,
        cut,
        statuses,
        errors,
        interToken.getTotalCount() + ttft.getTotalCount(),
        bodyBytes,
        Percentiles.of(latency),
        Percentiles.of(ttft),
        Percentiles.of(interToken));
  }

  private static void record(Histogram histogram, long nanos) {
    histogram.recordValue(Math.clamp(nanos, 0, MOST_NANOS));
  }

  /** One writer: a plain read and an ordered write do. */
  private static void add(AtomicLong counter, long change) {
    counter.setRelease(counter.getPlain() + change);
  }
}
