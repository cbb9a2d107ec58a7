package io.penstock.simulator.engine;

/**
 * What one engine is: its profile, its KV cache, its limits and its model.
 *
 * <p>Immutable; made by {@link #builder}.
 *
 * @param profile speed and default sizes
 * @param modelName first served name; labels the metrics
 * @param blockSize tokens of a KV block
 * @param numGpuBlocks KV blocks
 * @param maxModelLen most tokens of a sequence, prompt and output together
 * @param maxNumSeqs sequences in a batch
 * @param maxNumBatchedTokens token budget of a step
 * @param maxQueuedRequests waiting sequences above which new ones are refused; 0: no bound
 * @param prefixCaching whether computed blocks are found again
 * @param seed of everything drawn: output tokens and lengths
 * @param meanOutputTokens mean drawn output length where a request may end by itself; 0: such a
 *     request runs to its max_tokens, or to about 128 tokens when it names none
 * @param eosTokenId token that ends a sequence
 * @param sampler vocabulary of the generated tokens
 */
public record EngineConfig(
    EngineProfile profile,
    String modelName,
    int blockSize,
    int numGpuBlocks,
    int maxModelLen,
    int maxNumSeqs,
    int maxNumBatchedTokens,
    int maxQueuedRequests,
    boolean prefixCaching,
    long seed,
    int meanOutputTokens,
    int eosTokenId,
    TokenSampler sampler) {

  public EngineConfig {
    positive("blockSize", blockSize);
    positive("numGpuBlocks", numGpuBlocks);
    positive("maxModelLen", maxModelLen);
    positive("maxNumSeqs", maxNumSeqs);
    positive("maxNumBatchedTokens", maxNumBatchedTokens);
    if (maxQueuedRequests < 0 || meanOutputTokens < 0) {
      throw new IllegalArgumentException(
          "maxQueuedRequests and meanOutputTokens must not be negative");
    }
    if (maxModelLen > (long) numGpuBlocks * blockSize) {
      throw new IllegalArgumentException(
          "maxModelLen "
              + maxModelLen
              + " does not fit the KV cache of "
              + numGpuBlocks
              + " blocks of "
              + blockSize
              + " tokens");
    }
  }

  private static void positive(String name, int value) {
    if (value <= 0) {
      throw new IllegalArgumentException(name + " must be positive, not " + value);
    }
  }

  /** A builder with the profile's sizes, 16-token blocks, prefix caching and no queue bound. */
  public static Builder builder(EngineProfile profile) {
    return new Builder(profile);
  }

  /** Collects an {@link EngineConfig}; what is not set has the default named at its setter. */
  public static final class Builder {

    private static final int DEFAULT_MAX_MODEL_LEN = 32_768;

    private final EngineProfile profile;
    private String modelName = "tiny";
    private int blockSize = 16;
    private int numGpuBlocks;
    private int maxModelLen;
    private int maxNumSeqs;
    private int maxNumBatchedTokens;
    private int maxQueuedRequests;
    private boolean prefixCaching = true;
    private long seed;
    private int meanOutputTokens;
    private int eosTokenId = 2;
    private TokenSampler sampler = (draw, previous) -> 1_000 + (int) ((draw >>> 1) % 1_000);

    private Builder(EngineProfile profile) {
      this.profile = profile;
      maxNumSeqs = profile.maxNumSeqs();
      maxNumBatchedTokens = profile.maxNumBatchedTokens();
    }

    /** Default {@code tiny}. */
    public Builder modelName(String name) {
      modelName = name;
      return this;
    }

    /** Default 16. */
    public Builder blockSize(int tokens) {
      blockSize = tokens;
      return this;
    }

    /** Default: the profile's capacity in blocks. */
    public Builder numGpuBlocks(int blocks) {
      numGpuBlocks = blocks;
      return this;
    }

    /** Default: 32,768 tokens, or what the KV cache holds when that is less. */
    public Builder maxModelLen(int tokens) {
      maxModelLen = tokens;
      return this;
    }

    /** Default: the profile's. */
    public Builder maxNumSeqs(int sequences) {
      maxNumSeqs = sequences;
      return this;
    }

    /** Default: the profile's. */
    public Builder maxNumBatchedTokens(int tokens) {
      maxNumBatchedTokens = tokens;
      return this;
    }

    /** Default 0: no bound. */
    public Builder maxQueuedRequests(int requests) {
      maxQueuedRequests = requests;
      return this;
    }

    /** Default true. */
    public Builder prefixCaching(boolean enabled) {
      prefixCaching = enabled;
      return this;
    }

    /** Default 0. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** Default 0: up to max_tokens. */
    public Builder meanOutputTokens(int tokens) {
      meanOutputTokens = tokens;
      return this;
    }

    /** Default 2. */
    public Builder eosTokenId(int tokenId) {
      eosTokenId = tokenId;
      return this;
    }

    /** Default: ids from 1,000 to 1,999. */
    public Builder sampler(TokenSampler tokenSampler) {
      sampler = tokenSampler;
      return this;
    }

    /** The configuration, checked. */
    public EngineConfig build() {
      positive("blockSize", blockSize);
      int blocks = numGpuBlocks == 0 ? profile.capacityTokens() / blockSize : numGpuBlocks;
      long holds = (long) blocks * blockSize;
      int length = maxModelLen == 0 ? (int) Math.min(DEFAULT_MAX_MODEL_LEN, holds) : maxModelLen;
      return new EngineConfig(
          profile,
          modelName,
          blockSize,
          blocks,
          length,
          maxNumSeqs,
          maxNumBatchedTokens,
          maxQueuedRequests,
          prefixCaching,
          seed,
          meanOutputTokens,
          eosTokenId,
          sampler);
    }
  }
}
