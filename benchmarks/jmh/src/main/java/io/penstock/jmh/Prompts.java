package io.penstock.jmh;

import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.request.KeyGrid;
import io.penstock.picker.request.PromptKeys;

/** Requests as the body scanner would make them, and metrics pages of pods that serve them. */
final class Prompts {

  static final String MODEL = "bench";

  private static final long ODD = 0x9E3779B97F4A7C15L;

  private Prompts() {}

  /** A conversation that begins with a system prompt shared by others. */
  static InferenceRequest conversation(int system, int systemBlocks, int id, int blocks) {
    var keys = new long[KeyGrid.keys(blocks)];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = KeyGrid.blocks(i + 1) <= systemBlocks ? key(-1 - system, i) : key(id, i);
    }
    return InferenceRequest.builder(ApiKind.CHAT, MODEL).stream(true)
        .promptBytes(blocks * PromptKeys.BLOCK_BYTES)
        .keys(PromptKeys.owning(keys))
        .build();
  }

  /** Key {@code i} of a chain; never 0 or -1. */
  static long key(long chain, int i) {
    long x = (chain * 1_000_003 + i) * ODD;
    x = (x ^ (x >>> 31)) * 0xBF58476D1CE4E5B9L;
    return ((x ^ (x >>> 29)) & ~3L) | 2;
  }

  /** The series that the scraper looks for, of a pod with 404,480 tokens of KV cache. */
  static String metrics(int waiting, double kvUsage) {
    return """
    vllm:cache_config_info{block_size="16",engine="0",num_gpu_blocks="25280"} 1.0
    vllm:num_requests_running{engine="0",model_name="bench"} 4.0
    vllm:num_requests_waiting{engine="0",model_name="bench"} %d.0
    vllm:kv_cache_usage_perc{engine="0",model_name="bench"} %.4f
    """
        .formatted(waiting, kvUsage);
  }
}
