package io.penstock.picker.cost;

import io.penstock.picker.signals.EngineLoad;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlightTotals;

/**
 * One endpoint's load as a pick sees it: what this process sent, and on top what fresh signals say
 * others did. Mutable, so that reading a thousand endpoints allocates nothing; confined to its
 * maker's thread.
 */
final class EndpointLoad {

  /** Uncached prompt tokens that wait for their prefill, and the requests they belong to. */
  double pendingTokens;

  double pendingRequests;

  /** D: requests that decode. */
  double decoding;

  /** K: tokens of context that are held for requests. */
  double contextTokens;

  /** Tokens that fit into the KV cache, 0 if unknown. */
  double capacityTokens;

  /** Used share of the KV cache, 0..1; 0 if unknown. */
  double kvUse;

  private final EngineLoad engine = new EngineLoad();

  void read(
      int slot,
      long nowNanos,
      InFlightTotals inFlight,
      EngineSignals signals,
      ForeignLoad foreign,
      double tokensPerRequest) {
    int ownDecoding = inFlight.decoding(slot);
    int ownPrefilling = Math.max(0, inFlight.requests(slot) - ownDecoding);
    pendingTokens = inFlight.pendingPrefillTokens(slot);
    pendingRequests = ownPrefilling;
    decoding = ownDecoding;
    contextTokens = inFlight.contextTokens(slot);
    signals.read(slot, nowNanos, engine);
    capacityTokens = engine.kvCapacityTokens();
    if (engine.fresh()) {
      int others = foreign.waiting(slot);
      pendingTokens += others * tokensPerRequest;
      pendingRequests += others;
      decoding = Math.max(ownDecoding, engine.running() - ownPrefilling);
      kvUse = engine.kvUsage();
      contextTokens = Math.max(contextTokens, kvUse * capacityTokens);
    } else {
      kvUse = capacityTokens > 0 ? Math.min(1, contextTokens / capacityTokens) : 0;
    }
  }

  /**
   * Of the context, what those hold, or will, who wait for their prefill or to begin here: taken as
   * equally long. 0 where the signals are old, since the used share is all of the context then.
   */
  double waitingContextTokens() {
    double requests = pendingRequests + decoding;
    return !engine.fresh() || requests == 0 ? 0 : contextTokens * (pendingRequests / requests);
  }
}
