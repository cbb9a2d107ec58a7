package io.penstock.picker.signals;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The metrics that are read of a page, by vLLM's names without the prefix {@code vllm:}. */
enum EngineMetric {
  RUNNING("num_requests_running"),
  WAITING("num_requests_waiting"),
  KV_USAGE("kv_cache_usage_perc"),
  /** What engines before 0.10 call {@link #KV_USAGE}. */
  KV_USAGE_OLD("gpu_cache_usage_perc"),
  PREFIX_CACHE_QUERIES("prefix_cache_queries_total"),
  PREFIX_CACHE_HITS("prefix_cache_hits_total"),
  PROMPT_TOKENS("prompt_tokens_total"),
  GENERATION_TOKENS("generation_tokens_total"),
  PREEMPTIONS("num_preemptions_total"),
  SLEEP_STATE("engine_sleep_state"),
  LORA("lora_requests_info"),
  CACHE_CONFIG("cache_config_info");

  private static final byte[] PREFIX = "vllm:".getBytes(US_ASCII);
  private static final EngineMetric[] ALL = values();
  private static final byte[][] NAMES =
      Arrays.stream(ALL).map(metric -> metric.metricName.getBytes(US_ASCII)).toArray(byte[][]::new);

  private final String metricName;

  EngineMetric(String name) {
    this.metricName = name;
  }

  /** The metric of exactly that name, prefix included; null for any other name. */
  static @Nullable EngineMetric of(byte[] bytes, int from, int to) {
    int start = from + PREFIX.length;
    if (start > to || !Arrays.equals(bytes, from, start, PREFIX, 0, PREFIX.length)) {
      return null;
    }
    int length = to - start;
    for (int i = 0; i < NAMES.length; i++) {
      if (NAMES[i].length == length && Arrays.equals(bytes, start, to, NAMES[i], 0, length)) {
        return ALL[i];
      }
    }
    return null;
  }
}
