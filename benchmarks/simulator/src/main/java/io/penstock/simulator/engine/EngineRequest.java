package io.penstock.simulator.engine;

import org.jspecify.annotations.Nullable;

/**
 * One sequence to generate, as the API server hands it to the engine.
 *
 * <p>Immutable but for its group; made by {@link #builder}. The prompt array is not copied and must
 * not change.
 */
public final class EngineRequest {

  private final int[] promptTokenIds;
  private final int maxTokens;
  private final int minTokens;
  private final boolean ignoreEos;
  private final @Nullable String cacheSalt;
  private final @Nullable String adapter;
  private final int priority;
  private final long seed;
  private final RequestGroup group;
  private final int externalTokens;
  private final boolean pinned;

  private EngineRequest(Builder builder) {
    promptTokenIds = builder.promptTokenIds;
    maxTokens = builder.maxTokens;
    minTokens = builder.minTokens;
    ignoreEos = builder.ignoreEos;
    cacheSalt = builder.cacheSalt;
    adapter = builder.adapter;
    priority = builder.priority;
    seed = builder.seed;
    externalTokens = builder.externalTokens;
    pinned = builder.pinned;
    group = builder.group == null ? RequestGroup.of(1) : builder.group;
  }

  /** A builder for a prompt of at least one token. */
  public static Builder builder(int[] promptTokenIds) {
    return new Builder(promptTokenIds);
  }

  /** The prompt; read only. */
  public int[] promptTokenIds() {
    return promptTokenIds;
  }

  /** Most tokens to generate; 0: as many as the model's length allows. */
  public int maxTokens() {
    return maxTokens;
  }

  /** Tokens before which the sequence does not end by itself. */
  public int minTokens() {
    return minTokens;
  }

  /** Whether the sequence never ends by itself. */
  public boolean ignoreEos() {
    return ignoreEos;
  }

  /** Keeps its cached blocks apart from those of other salts. */
  public @Nullable String cacheSalt() {
    return cacheSalt;
  }

  /** LoRA adapter, or null for the base model; cached blocks are kept apart by it. */
  public @Nullable String adapter() {
    return adapter;
  }

  /** Lower goes first; equal ones in the order of their arrival. */
  public int priority() {
    return priority;
  }

  /** Makes outputs of one prompt differ; equal seeds give equal outputs. */
  public long seed() {
    return seed;
  }

  /** Leading tokens of the prompt whose KV cache came from another engine, 0 for none. */
  public int externalTokens() {
    return externalTokens;
  }

  /** Whether its blocks stay held when it ends by its length, until {@link Engine#free}. */
  public boolean pinned() {
    return pinned;
  }

  /** The choices it belongs to. */
  RequestGroup group() {
    return group;
  }

  /** Collects an {@link EngineRequest}. */
  public static final class Builder {

    private final int[] promptTokenIds;
    private int maxTokens;
    private int minTokens;
    private boolean ignoreEos;
    private @Nullable String cacheSalt;
    private @Nullable String adapter;
    private int priority;
    private long seed;
    private @Nullable RequestGroup group;
    private int externalTokens;
    private boolean pinned;

    private Builder(int[] promptTokenIds) {
      if (promptTokenIds.length == 0) {
        throw new IllegalArgumentException("the prompt has no tokens");
      }
      this.promptTokenIds = promptTokenIds;
    }

    /** Default 0: up to the model's length. */
    public Builder maxTokens(int tokens) {
      maxTokens = Math.max(0, tokens);
      return this;
    }

    /** Default 0. */
    public Builder minTokens(int tokens) {
      minTokens = tokens;
      return this;
    }

    /** Default false. */
    public Builder ignoreEos(boolean ignore) {
      ignoreEos = ignore;
      return this;
    }

    /** Default none. */
    public Builder cacheSalt(@Nullable String salt) {
      cacheSalt = salt;
      return this;
    }

    /** Default the base model. */
    public Builder adapter(@Nullable String name) {
      adapter = name;
      return this;
    }

    /** Default 0. */
    public Builder priority(int value) {
      priority = value;
      return this;
    }

    /** Default 0. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** Default 0. */
    public Builder externalTokens(int tokens) {
      externalTokens = tokens;
      return this;
    }

    /** Default false. */
    public Builder pinned(boolean value) {
      pinned = value;
      return this;
    }

    /** Default a group of its own. */
    public Builder group(RequestGroup choices) {
      group = choices;
      return this;
    }

    /** The request. */
    public EngineRequest build() {
      return new EngineRequest(this);
    }
  }
}
