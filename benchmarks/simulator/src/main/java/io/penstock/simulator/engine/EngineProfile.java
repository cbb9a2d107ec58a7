package io.penstock.simulator.engine;

import java.util.List;
import java.util.stream.Collectors;

/**
 * How fast one engine is and how much it holds: the constants of the step-time model.
 *
 * <p>A step that computes prefill chunks of n tokens behind ctx computed ones, and one token for
 * each of d decoding sequences, takes {@code overhead + max(weights, Σ(c·n + a·n·(ctx + n/2)) +
 * c·d) + kv·Σ ctx_decode} seconds.
 *
 * @param name how {@link #named} finds it
 * @param tokenSeconds c: compute per token
 * @param attentionSeconds a: attention per token and token of context
 * @param weightSeconds least time of a pass over the weights
 * @param kvSeconds reading of one context token's keys and values in decode
 * @param overheadSeconds fixed cost of a step
 * @param capacityTokens tokens the KV cache holds
 * @param maxNumBatchedTokens token budget of a step
 * @param maxNumSeqs sequences in one batch
 */
public record EngineProfile(
    String name,
    double tokenSeconds,
    double attentionSeconds,
    double weightSeconds,
    double kvSeconds,
    double overheadSeconds,
    int capacityTokens,
    int maxNumBatchedTokens,
    int maxNumSeqs) {

  /** Llama-3.1-8B on one H100. */
  public static final EngineProfile LLAMA_8B =
      new EngineProfile("8b", 32e-6, 1.1e-9, 6e-3, 49e-9, 2e-3, 790 * 512, 8192, 256);

  /** Llama-3.1-70B on four H100, tensor parallel. */
  public static final EngineProfile LLAMA_70B =
      new EngineProfile("70b", 75e-6, 1.4e-9, 14e-3, 31e-9, 3e-3, 805 * 512, 2048, 256);

  /** An engine without cost to speak of: 10 µs a step, so that time still moves. */
  public static final EngineProfile INSTANT =
      new EngineProfile("instant", 0, 0, 0, 0, 10e-6, 790 * 512, 8192, 256);

  private static final List<EngineProfile> BUILT_IN = List.of(LLAMA_8B, LLAMA_70B, INSTANT);

  public EngineProfile {
    if (!(tokenSeconds >= 0
        && attentionSeconds >= 0
        && weightSeconds >= 0
        && kvSeconds >= 0
        && overheadSeconds >= 0)) {
      throw new IllegalArgumentException("profile " + name + ": times must not be negative");
    }
    if (capacityTokens <= 0 || maxNumBatchedTokens <= 0 || maxNumSeqs <= 0) {
      throw new IllegalArgumentException("profile " + name + ": sizes must be positive");
    }
  }

  /**
   * The built-in profile of that name.
   *
   * @throws IllegalArgumentException naming the allowed ones
   */
  public static EngineProfile named(String name) {
    for (EngineProfile profile : BUILT_IN) {
      if (profile.name.equals(name)) {
        return profile;
      }
    }
    throw new IllegalArgumentException(
        "unknown profile \"" + name + "\"; known are " + String.join(", ", names()));
  }

  /** Names of the built-in profiles. */
  public static List<String> names() {
    return BUILT_IN.stream().map(EngineProfile::name).collect(Collectors.toUnmodifiableList());
  }

  /** Compute seconds of a prefill chunk of {@code tokens} behind {@code contextTokens}. */
  public double chunkSeconds(int tokens, int contextTokens) {
    return tokenSeconds * tokens + attentionSeconds * tokens * (contextTokens + tokens / 2.0);
  }

  /**
   * Seconds of a whole step.
   *
   * @param chunkSeconds sum of {@link #chunkSeconds} over the step's chunks
   * @param decodes sequences that decode one token
   * @param decodeContextTokens sum of their contexts
   */
  public double stepSeconds(double chunkSeconds, int decodes, long decodeContextTokens) {
    return overheadSeconds
        + Math.max(weightSeconds, chunkSeconds + tokenSeconds * decodes)
        + kvSeconds * decodeContextTokens;
  }
}
