package io.penstock.picker.quality;

import io.prometheus.client.Collector;
import io.prometheus.client.CounterMetricFamily;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * The {@code penstock_…} series of what decisions came to, made when they are asked for.
 * Thread-safe. Labels are bounded by the endpoints of the pools, and series of one that has left
 * are gone.
 */
public final class QualityCollector extends Collector {

  private static final List<String> LABELS = List.of("pool", "pod", "model");
  private static final List<String> POOL = List.of("pool");

  private final Map<String, PoolQuality> pools;

  /**
   * A collector.
   *
   * @param pools by their names
   */
  public QualityCollector(Map<String, PoolQuality> pools) {
    this.pools = new LinkedHashMap<>(pools);
  }

  @Override
  public List<MetricFamilySamples> collect() {
    List<MetricFamilySamples> families = new ArrayList<>();
    families.add(
        histogram(
            "penstock_ttft_prediction_error_seconds",
            "How far times to first token were off what was predicted.",
            PredictionErrors::ttft));
    families.add(
        sums(
            "penstock_ttft_predicted_seconds_total",
            "Predicted times to first token, of those that were checked.",
            errors -> errors.ttft().predicted()));
    families.add(
        sums(
            "penstock_ttft_actual_seconds_total",
            "The times to first token that came instead.",
            errors -> errors.ttft().actual()));
    families.add(
        histogram(
            "penstock_cached_tokens_prediction_error",
            "How far the cached tokens that engines counted were off what was predicted.",
            PredictionErrors::cachedTokens));
    families.add(
        sums(
            "penstock_cached_tokens_predicted_total",
            "Predicted cached tokens of prompts, of those that were checked.",
            errors -> errors.cachedTokens().predicted()));
    families.add(
        sums(
            "penstock_cached_tokens_actual_total",
            "The cached tokens that engines counted instead.",
            errors -> errors.cachedTokens().actual()));
    families.add(
        perPool(
            "penstock_regret_evaluated_total",
            "Decisions that were looked back at.",
            quality -> quality.regret().evaluated()));
    families.add(
        perPool(
            "penstock_regret_better_total",
            "Those of them whose runner-up would have been better.",
            quality -> quality.regret().better()));
    families.add(
        perPool(
            "penstock_regret_seconds_lost_total",
            "By how much, over all of these.",
            quality -> quality.regret().secondsLost()));
    families.add(
        perPool(
            "penstock_quality_dropped_total",
            "Attempts that came too fast to be looked at.",
            PoolQuality::dropped));
    return families;
  }

  private interface Histogram {
    ErrorHistogram of(PredictionErrors errors);
  }

  private MetricFamilySamples histogram(String name, String help, Histogram histogram) {
    List<MetricFamilySamples.Sample> samples = new ArrayList<>();
    pools.forEach(
        (pool, quality) ->
            quality
                .errors()
                .forEach(errors -> add(samples, name, pool, errors, histogram.of(errors))));
    return new MetricFamilySamples(name, Type.HISTOGRAM, help, samples);
  }

  private static void add(
      List<MetricFamilySamples.Sample> samples,
      String name,
      String pool,
      PredictionErrors errors,
      ErrorHistogram histogram) {
    var values = labels(pool, errors);
    List<String> bucketLabels = new ArrayList<>(LABELS);
    bucketLabels.add("le");
    double[] bounds = histogram.bounds();
    long[] counts = histogram.counts();
    long sum = 0;
    for (int i = 0; i < counts.length; i++) {
      sum += counts[i];
      List<String> bucket = new ArrayList<>(values);
      bucket.add(i < bounds.length ? doubleToGoString(bounds[i]) : "+Inf");
      samples.add(new MetricFamilySamples.Sample(name + "_bucket", bucketLabels, bucket, sum));
    }
    samples.add(new MetricFamilySamples.Sample(name + "_count", LABELS, values, sum));
    samples.add(
        new MetricFamilySamples.Sample(name + "_sum", LABELS, values, histogram.absolute()));
  }

  private MetricFamilySamples sums(
      String name, String help, ToDoubleFunction<PredictionErrors> value) {
    var family = new CounterMetricFamily(name, help, LABELS);
    pools.forEach(
        (pool, quality) ->
            quality
                .errors()
                .forEach(
                    errors -> family.addMetric(labels(pool, errors), value.applyAsDouble(errors))));
    return family;
  }

  private MetricFamilySamples perPool(
      String name, String help, ToDoubleFunction<PoolQuality> value) {
    var family = new CounterMetricFamily(name, help, POOL);
    pools.forEach((pool, quality) -> family.addMetric(List.of(pool), value.applyAsDouble(quality)));
    return family;
  }

  private static List<String> labels(String pool, PredictionErrors errors) {
    return List.of(pool, errors.endpoint().spec().name(), errors.model());
  }
}
