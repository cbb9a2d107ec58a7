package io.penstock.picker.extproc;

import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.signals.TokenUsage;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of one request as it goes on: when its pieces came and how many tokens they were, in
 * the series of its model. Nothing of a request that never became known is counted. Confined to the
 * stream's event loop; times are the ticker's, in nanoseconds.
 */
final class RequestTimes {

  private static final double NANOS_PER_SECOND = 1e9;

  private final EppMetrics metrics;
  private final long startNanos;
  private @Nullable RequestSeries series;
  private long firstPieceNanos;
  private long lastPieceNanos;

  /** A request whose stream begins at that time. */
  RequestTimes(EppMetrics metrics, long startNanos) {
    this.metrics = metrics;
    this.startNanos = startNanos;
  }

  /** When its headers came. */
  long startNanos() {
    return startNanos;
  }

  /**
   * What is asked for is known.
   *
   * @param known whether its models may be labels by their names
   */
  void received(InferenceRequest what, boolean known, String flow, int priority) {
    var found = metrics.request(what.asked(), what.model(), known, flow, priority);
    series = found;
    found.requests().inc();
    found.running().inc();
    found.requestBytes().observe(what.bodyBytes());
  }

  /** The model under which the request counts; bounded, empty before it is known. */
  String modelLabel() {
    return series == null ? "" : series.labels().getFirst();
  }

  /** The same for the model that the engine is asked for. */
  String targetLabel() {
    return series == null ? "" : series.labels().get(1);
  }

  /** The gateway was told where the request goes. */
  void replied(long now) {
    metrics.requestProcessed(seconds(now - startNanos));
  }

  /** A piece of an answer that is no error came; of a streamed one, when it was generated. */
  void piece(boolean eventStream, long now) {
    var to = series;
    if (to == null) {
      return;
    }
    if (firstPieceNanos == 0) {
      firstPieceNanos = now;
      var ttft = eventStream ? to.streamingTtft() : to.ttft();
      ttft.observe(seconds(now - startNanos));
    } else if (eventStream) {
      to.itl().observe(seconds(now - lastPieceNanos));
    }
    lastPieceNanos = now;
  }

  /** The whole answer came. */
  void completed(long answerBytes, long now) {
    if (series != null) {
      series.duration().observe(seconds(now - startNanos));
      series.responseBytes().observe((double) answerBytes);
    }
  }

  /** What an answer that is no error says of its tokens. */
  void tokens(TokenUsage usage, boolean eventStream, long now) {
    var to = series;
    if (to == null) {
      return;
    }
    if (usage.promptTokens() >= 0) {
      to.inputTokens().observe(usage.promptTokens());
    }
    if (usage.cachedTokens() >= 0) {
      to.cachedTokens().observe(usage.cachedTokens());
    }
    int output = usage.completionTokens();
    if (output < 0) {
      return;
    }
    to.outputTokens().observe(output);
    if (output > 0) {
      to.ntpot().observe(seconds(now - startNanos) / output);
    }
    if (eventStream && output > 1 && firstPieceNanos != 0) {
      to.tpot().observe(seconds(now - firstPieceNanos) / (output - 1));
    }
  }

  /** The request failed, for that reason. */
  void failed(String code) {
    if (series != null) {
      series.failed(code);
    }
  }

  /** It does not run any more, however it ended. */
  void ended() {
    if (series != null) {
      series.running().dec();
    }
  }

  private static double seconds(long nanos) {
    return nanos / NANOS_PER_SECOND;
  }
}
