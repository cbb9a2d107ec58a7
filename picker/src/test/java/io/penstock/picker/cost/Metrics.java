package io.penstock.picker.cost;

import io.penstock.picker.signals.EnginePage;
import io.penstock.picker.signals.EngineSignals;
import java.util.Locale;

/** Puts what an engine says of itself into its row, by way of a metrics page. */
final class Metrics {

  private Metrics() {}

  /** A sample with blocks of 16 tokens, fresh for a second from {@code nowNanos} on. */
  static void put(
      EngineSignals signals,
      int slot,
      int running,
      int waiting,
      double kvUsage,
      int blocks,
      long nowNanos) {
    var page =
        String.format(
            Locale.ROOT,
            """
                vllm:num_requests_running{engine="0"} %d
                vllm:num_requests_waiting{engine="0"} %d
                vllm:kv_cache_usage_perc{engine="0"} %f
                vllm:cache_config_info{block_size="16",engine="0",num_gpu_blocks="%d"} 1.0
                """,
            running,
            waiting,
            kvUsage,
            blocks);
    var sample = EnginePage.read(page);
    signals.update(slot, sample, nowNanos, 200_000_000);
  }
}
