package io.penstock.picker.schedule;

import io.penstock.picker.pool.Endpoint;
import java.util.List;

/** What the scheduler came to for one request. Immutable. */
public sealed interface Decision {

  /**
   * One endpoint answers the whole request.
   *
   * @param decisionId names the decision in the decision log
   * @param endpoint the best endpoint
   * @param alternatives the next best, best first, at most {@link #MAX_ALTERNATIVES}
   * @param cachedTokens tokens of the prompt that the endpoint is believed to hold
   * @param promptTokens tokens of the prompt, an estimate unless the client sent token ids
   * @param predictedTtftNanos time to first token expected there, from now
   */
  record Route(
      long decisionId,
      Endpoint endpoint,
      List<Endpoint> alternatives,
      int cachedTokens,
      int promptTokens,
      long predictedTtftNanos)
      implements Decision {

    /** Most alternatives of one route. */
    public static final int MAX_ALTERNATIVES = 3;

    /** Copies the alternatives. */
    public Route {
      alternatives = List.copyOf(alternatives);
    }

    /** Tokens of the prompt that must be computed there. */
    public int uncachedTokens() {
      return promptTokens - cachedTokens;
    }
  }

  /**
   * One endpoint computes the prompt, and another takes its KV cache over and answers.
   *
   * @param decode the endpoint that answers, as a whole route: where no prefill comes about, it
   *     answers alone, and its alternatives take its place where it fails
   * @param prefill the endpoint that computes the prompt
   * @param prefillAlternatives the next best, best first, at most {@link Route#MAX_ALTERNATIVES}
   * @param prefillCachedTokens tokens of the prompt that {@code prefill} is believed to hold
   * @param predictedPrefillNanos time until the prompt is computed, from now
   * @param predictedTtftNanos time to first token from both, from now
   * @param weighing why
   */
  record Disaggregated(
      Route decode,
      Endpoint prefill,
      List<Endpoint> prefillAlternatives,
      int prefillCachedTokens,
      long predictedPrefillNanos,
      long predictedTtftNanos,
      Weighing weighing)
      implements Decision {

    /** Copies the alternatives. */
    public Disaggregated {
      prefillAlternatives = List.copyOf(prefillAlternatives);
    }
  }

  /** No endpoint can take the request now. */
  record NoEndpoint(Reason reason) implements Decision {}

  /** Why there is no endpoint, the first of these that holds. */
  enum Reason {
    /** The pool has no endpoints. */
    POOL_EMPTY,
    /**
     * No endpoint that accepts requests is known to serve the model, but one of them has not listed
     * its models yet, or those that serve it are shutting down.
     */
    NONE_READY,
    /** Every endpoint has listed its models, and none lists this one. */
    MODEL_NOT_SERVED,
    /** Every endpoint that serves the model was tried before, or is outside of the subset. */
    ALL_EXCLUDED,
    /** A filter left no candidate. */
    FILTERED,
    /** A filter left no candidate because all of them are too busy. */
    SATURATED
  }
}
