package io.penstock.picker.cost;

import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;

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

  void read(
      int slot,
      long nowNanos,
      InFlight inFlight,
      EngineSignals signals,
      ForeignLoad foreign,
      double tokensPerRequest) {
    int ownDecoding = inFlight.decoding(slot);
    int ownPrefilling = Math.max(0, inFlight.requests(slot) - ownDecoding);
    pendingTokens = inFlight.pendingPrefillTokens(slot);
    pendingRequests = ownPrefilling;
    decoding = ownDecoding;
    contextTokens = inFlight.contextTokens(slot);
    capacityTokens = signals.kvCapacityTokens(slot);
    if (signals.fresh(slot, nowNanos)) {
      int others = foreign.waiting(slot);
      pendingTokens += others * tokensPerRequest;
      pendingRequests += others;
      decoding = Math.max(ownDecoding, signals.running(slot) - ownPrefilling);
      kvUse = signals.kvUsage(slot);
      contextTokens = Math.max(contextTokens, kvUse * capacityTokens);
    } else {
      kvUse = capacityTokens > 0 ? Math.min(1, contextTokens / capacityTokens) : 0;
    }
  }
}
