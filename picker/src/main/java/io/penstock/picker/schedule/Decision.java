package io.penstock.picker.schedule;

import io.penstock.picker.pool.Endpoint;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the scheduler came to for one request. Immutable, but for a {@link Route} to be filled. */
public sealed interface Decision {

  /**
   * One endpoint answers the whole request. Immutable, but for a route that was handed to a pick to
   * be filled: it is as that pick left it until its owner hands it to the next, and who keeps what
   * it says for longer keeps a copy.
   */
  final class Route implements Decision {

    /** Most alternatives of one route. */
    public static final int MAX_ALTERNATIVES = 3;

    private long decisionId;
    private @Nullable Endpoint endpoint;
    private @Nullable Endpoint second;
    private @Nullable Endpoint third;
    private @Nullable Endpoint fourth;
    private int cachedTokens;
    private int promptTokens;
    private long predictedTtftNanos;

    /** A route for a pick to fill; it names no endpoint until then. */
    public Route() {}

    /**
     * A route.
     *
     * @param decisionId names the decision in the decision log
     * @param endpoint the best endpoint
     * @param cachedTokens tokens of the prompt that the endpoint is believed to hold
     * @param promptTokens tokens of the prompt, an estimate unless the client sent token ids
     * @param predictedTtftNanos time to first token expected there, from now
     */
    public Route(
        long decisionId,
        Endpoint endpoint,
        int cachedTokens,
        int promptTokens,
        long predictedTtftNanos) {
      fill(decisionId, endpoint, cachedTokens, promptTokens, predictedTtftNanos);
    }

    /** Becomes another route, without alternatives. */
    void fill(long id, Endpoint best, int cached, int prompt, long ttftNanos) {
      decisionId = id;
      endpoint = best;
      second = null;
      third = null;
      fourth = null;
      cachedTokens = cached;
      promptTokens = prompt;
      predictedTtftNanos = ttftNanos;
    }

    /** Takes the first so many, at most {@link #MAX_ALTERNATIVES}, as its alternatives. */
    void alternatives(Endpoint[] nextBest, int count) {
      second = count > 0 ? nextBest[0] : null;
      third = count > 1 ? nextBest[1] : null;
      fourth = count > 2 ? nextBest[2] : null;
    }

    /** Becomes the same as another. */
    public Route become(Route other) {
      decisionId = other.decisionId;
      endpoint = other.endpoint;
      second = other.second;
      third = other.third;
      fourth = other.fourth;
      cachedTokens = other.cachedTokens;
      promptTokens = other.promptTokens;
      predictedTtftNanos = other.predictedTtftNanos;
      return this;
    }

    /** Names the decision in the decision log. */
    public long decisionId() {
      return decisionId;
    }

    /** The best endpoint. */
    public Endpoint endpoint() {
      if (endpoint == null) {
        throw new IllegalStateException("no pick has filled this route");
      }
      return endpoint;
    }

    /** The next best, best first, at most {@link #MAX_ALTERNATIVES}. A list of its own. */
    public List<Endpoint> alternatives() {
      if (second == null) {
        return List.of();
      }
      if (third == null) {
        return List.of(second);
      }
      return fourth == null ? List.of(second, third) : List.of(second, third, fourth);
    }

    /** Tokens of the prompt that the endpoint is believed to hold. */
    public int cachedTokens() {
      return cachedTokens;
    }

    /** Tokens of the prompt, an estimate unless the client sent token ids. */
    public int promptTokens() {
      return promptTokens;
    }

    /** Time to first token expected there, from the decision on. */
    public long predictedTtftNanos() {
      return predictedTtftNanos;
    }

    @Override
    public String toString() {
      return "decision " + decisionId + ": " + endpoint + ", else " + alternatives();
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
