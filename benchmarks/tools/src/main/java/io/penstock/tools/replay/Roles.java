package io.penstock.tools.replay;

import io.penstock.picker.cost.DisaggregationPolicy;
import io.penstock.simulator.engine.EngineProfile;
import java.time.Duration;

/**
 * Which pods of a replay compute prompts for the others, and what lies between two pods. Immutable.
 *
 * <p>The first pods have the role prefill, all others decode: those answer, and compute prompts
 * themselves where the policy has them do so.
 *
 * @param prefills how many pods have the role prefill, at least 1
 * @param kvBytesPerToken size of a token's KV cache
 * @param bytesPerSecond that a pod can send, and another take in, of one transfer after the other
 * @param overhead of a second leg whatever the prompt
 */
public record Roles(int prefills, long kvBytesPerToken, long bytesPerSecond, Duration overhead) {

  private static final Duration USUAL_OVERHEAD = Duration.ofMillis(10);
  private static final long LAYER_HEAD_BYTES = 2L * 2 * 8 * 128; // K and V, bfloat16, 8 heads

  /** Checks the bounds, naming the flag that sets each. */
  public Roles {
    if (prefills < 1) {
      throw new IllegalArgumentException("--prefill is " + prefills + ", allowed: 1 or more");
    }
    if (kvBytesPerToken < 1 || bytesPerSecond < 1) {
      throw new IllegalArgumentException(
          "a transfer of %d bytes a token at %d a second, allowed: at least 1 and 1"
              .formatted(kvBytesPerToken, bytesPerSecond));
    }
  }

  /** So many prefill pods of that profile's model, over that network. */
  public static Roles of(int prefills, EngineProfile profile, long bytesPerSecond) {
    int layers = profile.name().equals(EngineProfile.LLAMA_70B.name()) ? 80 : 32;
    return new Roles(prefills, layers * LAYER_HEAD_BYTES, bytesPerSecond, USUAL_OVERHEAD);
  }

  /** What a gateway of such pods would have in its configuration. */
  DisaggregationPolicy policy(DisaggregationPolicy.Decider decider) {
    return new DisaggregationPolicy(decider, 0, 0, kvBytesPerToken, bytesPerSecond, overhead, true);
  }
}
