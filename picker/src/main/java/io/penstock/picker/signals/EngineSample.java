package io.penstock.picker.signals;

/**
 * What one metrics page says, over all engines of the pod. Mutable and reused from page to page;
 * owned by the scraper of one endpoint.
 *
 * <p>A field whose metric the page does not have is 0. Counters are the engine's own totals: they
 * start again at 0 when the engine does.
 */
public final class EngineSample {

  int running;
  int waiting;
  double kvUsage;
  int blockSize;
  long numGpuBlocks;
  long kvCapacityTokens;
  long prefixCacheQueries;
  long prefixCacheHits;
  long promptTokens;
  long generationTokens;
  long preemptions;
  boolean asleep;
  LoraAdapters loraAdapters = LoraAdapters.NONE;

  /** Which attributes the columns are. */
  AttributeKeys keys = AttributeKeys.NONE;

  /** By column, NaN where the page does not have it. */
  double[] attributes = {};

  /** Requests in running batches, summed over engines. */
  public int running() {
    return running;
  }

  /** Requests that wait for a place in a batch, summed over engines. */
  public int waiting() {
    return waiting;
  }

  /** Used share of the KV cache, 0..1, the mean over engines. */
  public double kvUsage() {
    return kvUsage;
  }

  /** Tokens per KV block. */
  public int blockSize() {
    return blockSize;
  }

  /** KV blocks, of all engines. */
  public long numGpuBlocks() {
    return numGpuBlocks;
  }

  /** Tokens that fit into the KV caches of all engines. */
  public long kvCapacityTokens() {
    return kvCapacityTokens;
  }

  /** Prompt tokens looked up in the prefix cache so far. */
  public long prefixCacheQueries() {
    return prefixCacheQueries;
  }

  /** Prompt tokens found in the prefix cache so far. */
  public long prefixCacheHits() {
    return prefixCacheHits;
  }

  /** Prompt tokens so far. */
  public long promptTokens() {
    return promptTokens;
  }

  /** Generated tokens so far. */
  public long generationTokens() {
    return generationTokens;
  }

  /** Preemptions so far. */
  public long preemptions() {
    return preemptions;
  }

  /** Whether the page says that no engine is awake; it then answers only after being woken. */
  public boolean asleep() {
    return asleep;
  }

  /** The LoRA adapters. */
  public LoraAdapters loraAdapters() {
    return loraAdapters;
  }
}
