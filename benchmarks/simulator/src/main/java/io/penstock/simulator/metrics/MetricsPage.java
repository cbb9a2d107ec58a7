package io.penstock.simulator.metrics;

import io.penstock.simulator.engine.Engine;
import io.penstock.simulator.engine.EngineConfig;
import io.penstock.simulator.engine.EngineStats;
import io.penstock.simulator.engine.FinishReason;

/**
 * The {@code vllm:} families of one pod's /metrics, in vLLM's order.
 *
 * <p>Confined to the engine's thread. The series of the Python process and of the HTTP server are
 * not here. Features the simulator does not have show the constants of an engine without them.
 */
public final class MetricsPage {

  private static final String FLOPS =
      "Estimated number of floating point operations per GPU (for Model Flops Utilization"
          + " calculations).";
  private static final String READ_BYTES =
      "Estimated number of bytes read from memory per GPU (for Model Flops Utilization"
          + " calculations).";
  private static final String WRITTEN_BYTES =
      "Estimated number of bytes written to memory per GPU (for Model Flops Utilization"
          + " calculations).";
  private static final String WAITING_BY_REASON =
      "Number of waiting requests by reason. Reason labels: 'capacity' = waiting for scheduling"
          + " capacity; 'deferred' = deferred by transient constraints (LoRA budget, KV transfer,"
          + " blocked status). Sum of all reasons equals vllm:num_requests_waiting.";
  private static final String SLEEP_STATE =
      "Engine sleep state; awake = 0 means engine is sleeping; awake = 1 means engine is awake;"
          + " weights_offloaded = 1 means sleep level 1; discard_all = 1 means sleep level 2.";
  private static final String EXTERNAL =
      "External prefix cache queries from KV connector cross-instance cache sharing, in terms of"
          + " number of queried tokens.";
  private static final String EXTERNAL_HITS =
      "External prefix cache hits from KV connector cross-instance cache sharing, in terms of"
          + " number of cached tokens.";
  private static final String CACHED_BY_SOURCE =
      "Prefix-cache hit tokens by the cache tier that supplied them: device (local HBM), host"
          + " (offloaded to DRAM), disk, p2p (transferred from another vLLM instance) or"
          + " external_unspecified. Counted at admission; sums to vllm:prefix_cache_hits +"
          + " vllm:external_prefix_cache_hits.";

  private static final String[] PROMPT_SOURCES = {
    "local_compute", "local_cache_hit", "external_kv_transfer"
  };
  private static final String[] CACHE_TIERS = {
    "device", "host", "p2p", "disk", "external_unspecified"
  };
  private static final String[] FINISH_REASONS = {"stop", "length", "abort", "error", "repetition"};
  private static final String[] REJECTION_REASONS = {
    "max_num_queued_reqs", "max_num_queued_tokens"
  };

  private final Engine engine;
  private final boolean connector;
  private final PrometheusText text;
  private final String cacheConfig;

  /**
   * A page over an engine.
   *
   * @param connector whether the engine asks other pods, or a store, for KV cache
   * @param createdSeconds when the pod started, in seconds of the Unix epoch
   */
  public MetricsPage(Engine engine, boolean connector, double createdSeconds) {
    this.engine = engine;
    this.connector = connector;
    text = new PrometheusText(engine.config().modelName(), createdSeconds);
    cacheConfig = cacheConfig(engine.config());
  }

  /** Appends the page as it is now. */
  public void render(StringBuilder out) {
    text.into(out);
    EngineStats stats = engine.stats();
    load(stats);
    cache(stats);
    tokens(stats);
    requests(stats);
    latencies(stats);
    text.head("vllm:cache_config_info", "Information of the LLMEngine CacheConfig", "gauge");
    out.append(cacheConfig);
  }

  private void load(EngineStats stats) {
    text.counter("vllm:estimated_flops_per_gpu", FLOPS, 0);
    text.counter("vllm:estimated_read_bytes_per_gpu", READ_BYTES, 0);
    text.counter("vllm:estimated_write_bytes_per_gpu", WRITTEN_BYTES, 0);
    text.gauge(
        "vllm:num_requests_running",
        "Number of requests in model execution batches.",
        stats.running());
    text.gauge(
        "vllm:num_requests_waiting",
        "Number of requests waiting to be processed.",
        stats.waiting());
    text.head("vllm:num_requests_waiting_by_reason", WAITING_BY_REASON, "gauge");
    text.sample("vllm:num_requests_waiting_by_reason", "reason=\"capacity\"", stats.waiting());
    text.sample("vllm:num_requests_waiting_by_reason", "reason=\"deferred\"", 0);
    text.head("vllm:engine_sleep_state", SLEEP_STATE, "gauge");
    text.sample("vllm:engine_sleep_state", "sleep_state=\"awake\"", 1);
    text.sample("vllm:engine_sleep_state", "sleep_state=\"weights_offloaded\"", 0);
    text.sample("vllm:engine_sleep_state", "sleep_state=\"discard_all\"", 0);
    text.gauge(
        "vllm:kv_cache_usage_perc",
        "KV-cache usage. 1 means 100 percent usage.",
        stats.kvCacheUsage());
  }

  private void cache(EngineStats stats) {
    text.counter(
        "vllm:prefix_cache_queries",
        "Prefix cache queries, in terms of number of queried tokens.",
        stats.prefixCacheQueries());
    text.counter(
        "vllm:prefix_cache_hits",
        "Prefix cache hits, in terms of number of cached tokens.",
        stats.prefixCacheHits());
    text.counter(
        "vllm:external_prefix_cache_queries",
        EXTERNAL,
        connector ? stats.externalCacheQueries() : 0);
    text.counter("vllm:external_prefix_cache_hits", EXTERNAL_HITS, stats.externalCacheHits());
    text.counter(
        "vllm:mm_cache_queries",
        "Multi-modal cache queries, in terms of number of queried items.",
        0);
    text.counter(
        "vllm:mm_cache_hits", "Multi-modal cache hits, in terms of number of cached items.", 0);
  }

  private void tokens(EngineStats stats) {
    long cached = stats.promptTokensCached();
    long received = stats.promptTokensReceived();
    text.counter(
        "vllm:num_preemptions",
        "Cumulative number of preemption from the engine.",
        stats.preemptions());
    text.counter("vllm:prompt_tokens", "Number of prefill tokens processed.", stats.promptTokens());
    text.counter(
        "vllm:prompt_tokens_by_source",
        "Number of prompt tokens by source.",
        "source",
        PROMPT_SOURCES,
        new long[] {stats.promptTokens() - cached, cached - received, received});
    text.counter(
        "vllm:prompt_tokens_cached", "Number of cached prompt tokens (local + external).", cached);
    text.counter(
        "vllm:prompt_tokens_cached_by_source",
        CACHED_BY_SOURCE,
        "source",
        CACHE_TIERS,
        new long[] {stats.prefixCacheHits(), 0, stats.externalCacheHits(), 0, 0});
    text.counter(
        "vllm:generation_tokens",
        "Number of generation tokens processed.",
        stats.generationTokens());
  }

  private void requests(EngineStats stats) {
    // Aborted requests stay uncounted, as observed of vLLM.
    text.counterByReason(
        "vllm:request_success",
        "Count of successfully processed requests.",
        FINISH_REASONS,
        new long[] {
          stats.finished(FinishReason.STOP), stats.finished(FinishReason.LENGTH), 0, 0, 0
        });
    text.frontEndCounter(
        "vllm:admission_rejections",
        "Number of admission attempts rejected by a queue limit, by reason.",
        REJECTION_REASONS,
        new long[] {stats.rejected(), 0});
    text.histogram(
        "vllm:request_prompt_tokens",
        "Number of prefill tokens processed.",
        stats.requestPromptTokens());
    text.histogram(
        "vllm:request_generation_tokens",
        "Number of generation tokens processed.",
        stats.requestGenerationTokens());
    text.histogram(
        "vllm:iteration_tokens_total",
        "Histogram of number of tokens per engine_step.",
        stats.iterationTokens());
    text.histogram(
        "vllm:request_max_num_generation_tokens",
        "Histogram of maximum number of requested generation tokens.",
        stats.requestMaxNumGenerationTokens());
    text.histogram(
        "vllm:request_params_n", "Histogram of the n request parameter.", stats.requestParamsN());
    text.histogram(
        "vllm:request_params_max_tokens",
        "Histogram of the max_tokens request parameter.",
        stats.requestParamsMaxTokens());
  }

  private void latencies(EngineStats stats) {
    text.histogram(
        "vllm:time_to_first_token_seconds",
        "Histogram of time to first token in seconds.",
        stats.timeToFirstToken());
    text.histogram(
        "vllm:inter_token_latency_seconds",
        "Histogram of inter-token latency in seconds.",
        stats.interTokenLatency());
    text.histogram(
        "vllm:request_time_per_output_token_seconds",
        "Histogram of time_per_output_token_seconds per request.",
        stats.requestTimePerOutputToken());
    text.histogram(
        "vllm:e2e_request_latency_seconds",
        "Histogram of e2e request latency in seconds.",
        stats.e2eRequestLatency());
    text.histogram(
        "vllm:request_queue_time_seconds",
        "Histogram of time spent in WAITING phase for request.",
        stats.requestQueueTime());
    text.histogram(
        "vllm:request_inference_time_seconds",
        "Histogram of time spent in RUNNING phase for request.",
        stats.requestInferenceTime());
    text.histogram(
        "vllm:request_prefill_time_seconds",
        "Histogram of time spent in PREFILL phase for request.",
        stats.requestPrefillTime());
    text.histogram(
        "vllm:request_decode_time_seconds",
        "Histogram of time spent in DECODE phase for request.",
        stats.requestDecodeTime());
    text.histogram(
        "vllm:request_num_preemptions",
        "Histogram of the number of times a request was preempted.",
        stats.requestNumPreemptions());
    text.histogram(
        "vllm:request_prefill_kv_computed_tokens",
        "Histogram of new KV tokens computed during prefill (excluding cached tokens).",
        stats.requestPrefillKvComputedTokens());
  }

  /** The one sample of {@code vllm:cache_config_info}; what has no meaning here has its default. */
  private static String cacheConfig(EngineConfig config) {
    long tokens = (long) config.numGpuBlocks() * config.blockSize();
    return """
        vllm:cache_config_info{_block_size_resolved="True",block_size="%1$d",cache_dtype="auto",\
        cache_hit_alignment_tokens="None",effective_attention_block_size="%1$d",\
        enable_mamba_shared_prefix_checkpoint="False",enable_prefix_caching="%2$s",engine="0",\
        gpu_memory_utilization="0.92",hash_block_size="None",is_attention_free="False",\
        kv_cache_dtype_skip_layers="[]",kv_cache_layout="None",kv_cache_max_concurrency="%3$s",\
        kv_cache_memory_bytes="1073741824",kv_cache_size_tokens="%4$d",\
        kv_offloading_backend="native",kv_offloading_size="None",kv_sharing_fast_prefill="False",\
        mamba_block_size="None",mamba_cache_dtype="auto",mamba_cache_mode="none",\
        mamba_page_size_padded="None",mamba_ssm_cache_dtype="float32",num_cpu_blocks="None",\
        num_gpu_blocks="%5$d",num_gpu_blocks_override="None",prefix_cache_retention_interval="0",\
        prefix_caching_hash_algo="sha256",prefix_match_unit="None",replayssm_buffer_len="16",\
        skip_page_size_padded="None",sliding_window="None",swa_bounded_replay="True",\
        use_kda_recoverssm="False",use_replayssm="False",user_specified_block_size="True"} 1.0
        """
        .formatted(
            config.blockSize(),
            config.prefixCaching() ? "True" : "False",
            Double.toString((double) tokens / config.maxModelLen()),
            tokens,
            config.numGpuBlocks());
  }
}
