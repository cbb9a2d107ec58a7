package io.penstock.picker.signals;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one kind of engine calls the metrics that are read of its page. Immutable; what is null is
 * not read.
 *
 * @param name of the engine, as a label of an endpoint gives it
 * @param queued requests that wait for a place in a batch
 * @param running requests in running batches
 * @param kvUsage used share of the KV cache, 0..1
 * @param lora adapters, in labels; the series with the greatest value is the newest
 * @param cache the KV cache's shape
 * @param custom metrics that plugins are configured to look at
 */
public record EngineSpec(
    String name,
    @Nullable MetricSpec queued,
    @Nullable MetricSpec running,
    @Nullable MetricSpec kvUsage,
    @Nullable MetricSpec lora,
    Cache cache,
    List<Custom> custom) {

  /** Label of {@link Cache#info} that has the tokens of a block, where nothing else is said. */
  public static final String BLOCK_SIZE = "block_size";

  /** Label of {@link Cache#info} that has the number of blocks, where nothing else is said. */
  public static final String NUM_BLOCKS = "num_gpu_blocks";

  /**
   * Where the shape of the KV cache is told: in labels, or as values.
   *
   * @param info a series with labels
   * @param blockSizeLabel its label that has the tokens of a block
   * @param numBlocksLabel its label that has the number of blocks
   * @param blockSize a metric whose value is the tokens of a block
   * @param numBlocks a metric whose value is the number of blocks
   */
  public record Cache(
      @Nullable MetricSpec info,
      String blockSizeLabel,
      String numBlocksLabel,
      @Nullable MetricSpec blockSize,
      @Nullable MetricSpec numBlocks) {

    /** Nothing is told. */
    static final Cache NONE = new Cache(null, BLOCK_SIZE, NUM_BLOCKS, null, null);
  }

  /**
   * A metric that plugins look at by name.
   *
   * @param attribute the name
   * @param metric its series; their values are summed
   */
  public record Custom(String attribute, MetricSpec metric) {}

  /** Copies the list. */
  public EngineSpec {
    custom = List.copyOf(custom);
  }
}
