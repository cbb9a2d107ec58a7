package io.penstock.picker.schedule;

/**
 * Why a request of a pool with prefill endpoints is disaggregated, or not. Immutable.
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
    /** Several answers or prompts: the KV cache of a prefill is handed on once only. */
    ANSWERS,
    /** Log-probabilities of the prompt: who takes its KV cache over has none. */
    PROMPT_LOGPROBS,
    /** An API, or a continued response, that cannot be divided. */
    API,
    /** No prefill endpoint takes requests now. */
    NO_PREFILL_ENDPOINT
  }

  /** A reason for which no cost was looked at. */
  public static Weighing of(Reason reason) {
    return new Weighing(reason, Double.NaN, Double.NaN);
  }
}
