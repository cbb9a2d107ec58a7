package io.penstock.proxy.metrics;

import io.penstock.proxy.metrics.Timeline.Event;
import io.penstock.proxy.openai.TraceParent;
import io.prometheus.client.Counter;
import io.prometheus.client.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * The series of one model, resolved once. Thread-safe; a request looks its model up once and keeps
 * this.
 */
public final class ModelMetrics {

  private static final String INPUT = "input";
  private static final String CACHED_INPUT = "cached_input";
  private static final String OUTPUT = "output";

  /** Families of series that have one for each model. */
  record Families(
      Counter completed,
      Counter cancelled,
      Counter tokens,
      Histogram duration,
      Histogram firstToken,
      Histogram perToken) {

    /** Drops the series of a model. */
    void remove(String model) {
      completed.remove(model);
      cancelled.remove(model);
      tokens.remove(model, INPUT);
      tokens.remove(model, CACHED_INPUT);
      tokens.remove(model, OUTPUT);
      duration.remove(model);
      firstToken.remove(model);
      perToken.remove(model);
    }
  }

  private final String model;
  private final Counter.Child completed;
  private final Counter.Child cancelled;
  private final Counter.Child inputTokens;
  private final Counter.Child cachedTokens;
  private final Counter.Child outputTokens;
  private final Histogram.Child duration;
  private final Histogram.Child firstToken;
  private final Histogram.Child perToken;

  ModelMetrics(String model, Families families) {
    this.model = model;
    this.completed = families.completed.labels(model);
    this.cancelled = families.cancelled.labels(model);
    this.inputTokens = families.tokens.labels(model, INPUT);
    this.cachedTokens = families.tokens.labels(model, CACHED_INPUT);
    this.outputTokens = families.tokens.labels(model, OUTPUT);
    this.duration = families.duration.labels(model);
    this.firstToken = families.firstToken.labels(model);
    this.perToken = families.perToken.labels(model);
  }

  /** Value of the label: the model's name, or {@link GatewayMetrics#UNKNOWN_MODEL}. */
  public String model() {
    return model;
  }

  /** Notes the tokens of an answer; counts of -1 are not known. */
  public void tokens(long input, long cached, long output) {
    add(inputTokens, input);
    add(cachedTokens, cached);
    add(outputTokens, output);
  }

  /**
   * Notes how long the steps of a completed request took.
   *
   * @param outputTokens generated tokens, or -1
   * @param stream whether the answer was streamed: only then is there a time to the first token
   * @param trace becomes the example of its bucket where somebody records it; null for none
   */
  public void times(
      Timeline timeline, long outputTokens, boolean stream, @Nullable TraceParent trace) {
    observe(duration, timeline.between(Event.RECEIVED, Event.ENDED));
    if (stream) {
      firstToken(timeline.between(Event.RECEIVED, Event.FIRST_TOKEN), trace);
      long generating = timeline.between(Event.FIRST_TOKEN, Event.ENDED);
      if (outputTokens > 1 && generating >= 0) {
        perToken.observe(generating / 1e9 / (outputTokens - 1));
      }
    }
  }

  private void firstToken(long nanos, @Nullable TraceParent trace) {
    if (trace == null || !trace.sampled()) {
      observe(firstToken, nanos);
    } else if (nanos >= 0) {
      firstToken.observeWithExemplar(
          nanos / 1e9, "trace_id", trace.traceId(), "span_id", trace.spanId());
    }
  }

  void completed() {
    completed.inc();
  }

  void cancelled() {
    cancelled.inc();
  }

  /** Takes over how the requests of a model have ended whose series are dropped. */
  void addOutcomes(ModelMetrics dropped) {
    completed.inc(dropped.completedCount());
    cancelled.inc(dropped.cancelledCount());
  }

  double completedCount() {
    return completed.get();
  }

  double cancelledCount() {
    return cancelled.get();
  }

  private static void add(Counter.Child counter, long amount) {
    if (amount > 0) {
      counter.inc((double) amount);
    }
  }

  private static void observe(Histogram.Child histogram, long nanos) {
    if (nanos >= 0) {
      histogram.observe(nanos / 1e9);
    }
  }
}
