package io.penstock.picker.extproc;

import io.prometheus.client.Counter;
import io.prometheus.client.Gauge;
import io.prometheus.client.Histogram;
import java.util.List;

/** The series of one model, fairness id and priority, looked up once. Thread-safe. */
record RequestSeries(
    List<String> labels,
    Counter errors,
    Counter.Child requests,
    Histogram.Child duration,
    Histogram.Child requestBytes,
    Histogram.Child responseBytes,
    Histogram.Child inputTokens,
    Histogram.Child cachedTokens,
    Histogram.Child outputTokens,
    Gauge.Child running,
    Histogram.Child ntpot,
    Histogram.Child ttft,
    Histogram.Child streamingTtft,
    Histogram.Child tpot,
    Histogram.Child itl) {

  /** Counts a failure. */
  void failed(String code) {
    errors.labels(labels.get(0), labels.get(1), labels.get(2), labels.get(3), code).inc();
  }
}
