package io.penstock.picker.signals;

import java.util.List;
import java.util.Map;

/**
 * The engines that need no configuration, by llm-d's names of them and of their metrics. Stateless.
 */
final class BuiltInEngines {

  static final String VLLM = "vllm";

  /** Has one series for each engine of a pod. */
  static final String VLLM_CACHE = "vllm:cache_config_info";

  private static final String SGLANG = "sglang";
  private static final String TRITON_REQUESTS = "nv_trt_llm_request_metrics";
  private static final String TRITON_CACHE = "nv_trt_llm_kv_cache_block_metrics";

  static final List<EngineSpec> ALL =
      List.of(
          new EngineSpec(
              VLLM,
              MetricSpec.of("vllm:num_requests_waiting"),
              MetricSpec.of("vllm:num_requests_running"),
              MetricSpec.of("vllm:kv_cache_usage_perc"),
              MetricSpec.of("vllm:lora_requests_info"),
              new EngineSpec.Cache(
                  MetricSpec.of(VLLM_CACHE),
                  EngineSpec.BLOCK_SIZE,
                  EngineSpec.NUM_BLOCKS,
                  null,
                  null),
              List.of()),
          // Since 0.5.11 it tells the cache's shape as values, before that in labels.
          new EngineSpec(
              SGLANG,
              MetricSpec.of("sglang:num_queue_reqs"),
              MetricSpec.of("sglang:num_running_reqs"),
              MetricSpec.of("sglang:token_usage"),
              null,
              new EngineSpec.Cache(
                  MetricSpec.of("sglang:cache_config_info"),
                  "page_size",
                  "num_pages",
                  MetricSpec.of("sglang:page_size"),
                  MetricSpec.of("sglang:num_pages")),
              List.of()),
          new EngineSpec(
              "trtllm-serve",
              MetricSpec.of("trtllm_num_requests_waiting"),
              MetricSpec.of("trtllm_num_requests_running"),
              MetricSpec.of("trtllm_kv_cache_utilization"),
              null,
              values(
                  MetricSpec.of("trtllm_kv_cache_tokens_per_block"),
                  MetricSpec.of("trtllm_kv_cache_max_blocks")),
              List.of()),
          new EngineSpec(
              "triton-tensorrt-llm",
              triton(TRITON_REQUESTS, "request_type", "waiting"),
              triton(TRITON_REQUESTS, "request_type", "scheduled"),
              triton(TRITON_CACHE, "kv_cache_block_type", "fraction"),
              null,
              values(
                  triton(TRITON_CACHE, "kv_cache_block_type", "tokens_per"),
                  triton(TRITON_CACHE, "kv_cache_block_type", "max")),
              List.of()),
          // It counts executions since its start, and not those that run.
          new EngineSpec(
              "triton",
              MetricSpec.of("nv_inference_pending_request_count"),
              null,
              null,
              null,
              EngineSpec.Cache.NONE,
              List.of()));

  /** What is read besides, by engine, whatever else its configuration says. */
  private static final Map<String, Map<String, EngineMetric>> BESIDES =
      Map.of(
          VLLM,
          Map.of(
              "vllm:prefix_cache_queries_total", EngineMetric.PREFIX_CACHE_QUERIES,
              "vllm:prefix_cache_hits_total", EngineMetric.PREFIX_CACHE_HITS,
              "vllm:prompt_tokens_total", EngineMetric.PROMPT_TOKENS,
              "vllm:generation_tokens_total", EngineMetric.GENERATION_TOKENS,
              "vllm:num_preemptions_total", EngineMetric.PREEMPTIONS,
              "vllm:engine_sleep_state", EngineMetric.SLEEP_STATE,
              "vllm:gpu_cache_usage_perc", EngineMetric.KV_USAGE_OLD),
          SGLANG,
          Map.of(
              "sglang:prompt_tokens_total", EngineMetric.PROMPT_TOKENS,
              "sglang:generation_tokens_total", EngineMetric.GENERATION_TOKENS));

  private BuiltInEngines() {}

  /** Names of further metrics of an engine, and what they are. */
  static Map<String, EngineMetric> besides(String engine) {
    return BESIDES.getOrDefault(engine, Map.of());
  }

  private static MetricSpec triton(String name, String label, String value) {
    return new MetricSpec(name, Map.of(label, value));
  }

  private static EngineSpec.Cache values(MetricSpec blockSize, MetricSpec numBlocks) {
    return new EngineSpec.Cache(
        null, EngineSpec.BLOCK_SIZE, EngineSpec.NUM_BLOCKS, blockSize, numBlocks);
  }
}
