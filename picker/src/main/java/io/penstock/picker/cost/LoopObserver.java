package io.penstock.picker.cost;

import io.penstock.picker.request.InferenceRequest;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;
import org.jspecify.annotations.Nullable;

/**
 * What one event loop tells the cost model. Confined to that loop; costs a few stores a call, and
 * the control thread does the rest.
 */
public final class LoopObserver {

  private final CostModel model;
  private final Observations observations;

  LoopObserver(CostModel model, Observations observations) {
    this.model = model;
    this.observations = observations;
  }

  /**
   * A request goes to an endpoint; what is in flight there does not yet include it. One that
   * continues a response says nothing of how long prompts are: most of its own is not in it.
   *
   * @param predictedCached tokens of the prompt believed cached there
   */
  public Sent sent(
      InferenceRequest request,
      int slot,
      InFlight inFlight,
      int promptTokens,
      int predictedCached) {
    double uncached = promptTokens - predictedCached;
    double ahead = inFlight.pendingPrefillTokens(slot);
    double aheadRequests = Math.max(1, inFlight.requests(slot) - inFlight.decoding(slot));
    double pairs =
        uncached * (predictedCached + uncached / 2) + ahead * ahead / (2 * aheadRequests);
    var rates = model.rates(request.model());
    double seconds = model.prefillFactor(slot) * rates.prefillSeconds(uncached, predictedCached);
    double routedAt = model.routed(seconds, uncached);
    var taught = request.previousResponseId() == null ? model.known(request.model()) : null;
    if (taught != null) {
      observations.add(Observations.Kind.ROUTED, taught, slot, uncached, promptTokens, 0);
    }
    var prefill =
        new Prefill(
            seconds,
            uncached,
            promptTokens,
            routedAt,
            taught,
            taught == null ? 0 : taught.routed());
    return new Sent(request.model(), slot, uncached + ahead, pairs, prefill);
  }

  /**
   * The endpoint has not computed the prompt and will not: it counts neither in the pool's load nor
   * in the model's means. At most once.
   */
  public void unsent(Sent sent) {
    var prefill = sent.prefill;
    if (prefill == null) {
      return;
    }
    model.unrouted(prefill.seconds, prefill.uncached, prefill.routedAt);
    if (prefill.taught != null) {
      observations.add(
          Observations.Kind.UNROUTED,
          prefill.taught,
          sent.slot,
          prefill.uncached,
          prefill.promptTokens,
          prefill.taughtBefore);
    }
  }

  /**
   * A request goes to an endpoint that gets its prompt's KV cache from another: it decodes there,
   * and says nothing of prefills.
   */
  public Sent decoding(InferenceRequest request, int slot) {
    return new Sent(request.model(), slot, 0, 0, null);
  }

  /** The first token of a streamed answer came. */
  public void firstToken(Sent sent, double seconds) {
    add(Observations.Kind.FIRST_TOKEN, sent, seconds, sent.tokens, sent.pairs);
  }

  /** Tokens of a streamed answer came at this mean interval. */
  public void interval(
      Sent sent, double secondsPerToken, InFlight inFlight, EngineSignals signals, long nowNanos) {
    double context = contextTokens(sent.slot, inFlight, signals, nowNanos);
    add(Observations.Kind.INTERVAL, sent, secondsPerToken, context, 0);
  }

  /** What a decode step takes where the request was sent, at the load that is there now. */
  public long stepNanos(Sent sent, InFlight inFlight, EngineSignals signals, long nowNanos) {
    var rates = model.rates(sent.model);
    double context = contextTokens(sent.slot, inFlight, signals, nowNanos);
    double seconds = rates.stepSeconds() + rates.decodeSecondsPerToken() * context;
    return Math.round(model.decodeFactor(sent.slot) * seconds * 1e9);
  }

  private static double contextTokens(
      int slot, InFlight inFlight, EngineSignals signals, long nowNanos) {
    double context = inFlight.contextTokens(slot);
    if (signals.fresh(slot, nowNanos)) {
      context = Math.max(context, signals.kvUsage(slot) * signals.kvCapacityTokens(slot));
    }
    return context;
  }

  /** An answer had this many tokens. */
  public void output(Sent sent, int tokens) {
    add(Observations.Kind.OUTPUT, sent, tokens, 0, 0);
  }

  /** The engine counted this many tokens in a prompt of text alone. */
  public void prompt(Sent sent, int bytes, int tokens) {
    add(Observations.Kind.PROMPT, sent, bytes, tokens, 0);
  }

  /**
   * The engine counted this many tokens of a prompt of text as cached.
   *
   * @param predicted as {@link #sent} was told
   * @param full whether the prefix index takes the endpoint's cache for full
   */
  public void cached(Sent sent, int tokens, int predicted, boolean full) {
    add(Observations.Kind.CACHED, sent, tokens, predicted, full ? 1 : 0);
  }

  /** What an answer tells is its model's own. */
  private void add(Observations.Kind kind, Sent sent, double first, double second, double third) {
    observations.add(kind, model.calibration(sent.model), sent.slot, first, second, third);
  }

  /** What a request met when it was sent. Immutable. */
  public static final class Sent {
    private final String model;
    private final int slot;
    private final double tokens;
    private final double pairs;
    private final @Nullable Prefill prefill;

    Sent(String model, int slot, double tokens, double pairs, @Nullable Prefill prefill) {
      this.model = model;
      this.slot = slot;
      this.tokens = tokens;
      this.pairs = pairs;
      this.prefill = prefill;
    }
  }

  /**
   * What the pool's load and the model's means were told of a prompt, to be taken back. Immutable.
   *
   * @param seconds that its prefill takes
   * @param routedAt when the load was told
   * @param taught whose means were told; null where none were
   * @param taughtBefore {@link ModelCalibration#routed()} by then
   */
  record Prefill(
      double seconds,
      double uncached,
      int promptTokens,
      double routedAt,
      @Nullable ModelCalibration taught,
      int taughtBefore) {}
}
