package io.penstock.picker.schedule;

import io.penstock.picker.request.ApiKind;
import io.penstock.picker.request.InferenceRequest;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Why a request that could be disaggregated is, or is not. Immutable.
 *
 * @param reason what settled it
 * @param localSeconds expected cost on one endpoint, NaN where it was not asked for
 * @param remoteSeconds expected cost with a prefill elsewhere, NaN where it was not asked for
 */
public record Weighing(Reason reason, double localSeconds, double remoteSeconds) {

  /** What settled it. */
  public enum Reason {
    /** The costs. */
    COST,
    /** Configuration: whatever can be disaggregated is. */
    ALWAYS,
    /** Configuration: nothing is. */
    NEVER,
    /** Configuration: the prompt, or what is not cached of it, is too short. */
    BOUND,
    /** Configuration: a decider of the policy said so. */
    DECIDER,
    /** Several answers or prompts: the KV cache of a prefill is handed on once only. */
    ANSWERS,
    /** Log-probabilities of the prompt: who takes its KV cache over has none. */
    PROMPT_LOGPROBS,
    /** An API, or a continued response, that cannot be divided. */
    API,
    /** Those that prefill for others answer too: one kind does not keep up, or is not there. */
    OVERFLOW,
    /** No prefill endpoint takes requests now. */
    NO_PREFILL_ENDPOINT,
    /** The endpoint that answers is the one that the prompt would be computed on. */
    SAME_ENDPOINT
  }

  private static final Map<Reason, Weighing> BARE = bare();

  private static Map<Reason, Weighing> bare() {
    Map<Reason, Weighing> bare = new EnumMap<>(Reason.class);
    for (var reason : Reason.values()) {
      bare.put(reason, new Weighing(reason, Double.NaN, Double.NaN));
    }
    return bare;
  }

  /** Why a request cannot be divided at all; null where it can. */
  public static @Nullable Reason whyWhole(InferenceRequest request) {
    if (!divides(request.api()) || request.previousResponseId() != null) {
      return Reason.API;
    }
    if (request.n() > 1 || request.prompts() > 1) {
      return Reason.ANSWERS;
    }
    return request.promptLogprobs() ? Reason.PROMPT_LOGPROBS : null;
  }

  private static boolean divides(ApiKind api) {
    return switch (api) {
      case CHAT, COMPLETIONS, RESPONSES, MESSAGES, GENERATE -> true;
      case SGLANG, EMBEDDINGS, OPAQUE -> false;
    };
  }

  /** A reason for which no cost was looked at. */
  public static Weighing of(Reason reason) {
    return Objects.requireNonNull(BARE.get(reason));
  }
}
