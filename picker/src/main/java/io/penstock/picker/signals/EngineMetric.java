package io.penstock.picker.signals;

/** What is read of a page; {@link EngineSpec} and {@link BuiltInEngines} say what it is called. */
enum EngineMetric {
  RUNNING,
  WAITING,
  KV_USAGE,
  /** What vLLM before 0.10 calls {@link #KV_USAGE}. */
  KV_USAGE_OLD,
  PREFIX_CACHE_QUERIES,
  PREFIX_CACHE_HITS,
  PROMPT_TOKENS,
  GENERATION_TOKENS,
  PREEMPTIONS,
  SLEEP_STATE,
  LORA,
  /** The cache's shape, in labels. */
  CACHE_CONFIG,
  /** Tokens of a block, as a value. */
  BLOCK_SIZE,
  /** Blocks of the cache, as a value. */
  NUM_BLOCKS,
  /** What plugins are configured to look at; may be below 0. */
  ATTRIBUTE
}
