package io.penstock.picker.flow;

import io.penstock.picker.schedule.plugins.ConcurrencyDetector;
import io.penstock.picker.schedule.plugins.UtilizationDetector;
import io.penstock.picker.signals.EngineSignals;
import io.penstock.picker.signals.InFlight;

/**
 * How busy an endpoint is, 1 and more for saturated; a pool is as busy as its endpoints on average.
 * Immutable; reads what it is given.
 */
public sealed interface Detector {

  /** Bytes of a prompt that make a token, before anything better is known. */
  int BYTES_PER_TOKEN = 4;

  /**
   * By what engines tell: waiting requests or used KV cache, whichever is nearer to its threshold.
   *
   * @param queueDepth waiting requests of a saturated endpoint, above 0
   * @param kvUsage used share of its KV cache, above 0
   * @param staleNanos age from which on metrics are stale, if they are not fresh by the picker's
   *     own measure either
   */
  record Utilization(
      double queueDepth, double kvUsage, long staleNanos, UtilizationDetector.Staleness staleness)
      implements Detector {

    boolean stale(EngineSignals signals, int slot, long nowNanos) {
      return signals.updates(slot) == 0
          || (!signals.fresh(slot, nowNanos)
              && nowNanos - signals.lastUpdateNanos(slot) > staleNanos);
    }

    private double ratio(double waiting, double used) {
      return Math.max(waiting / queueDepth, used / kvUsage);
    }
  }

  /**
   * By what is in flight from here.
   *
   * @param maxRequests of a saturated endpoint, at least 1
   * @param maxTokens that wait for their prefill at a saturated endpoint, at least 1
   */
  record Concurrency(ConcurrencyDetector.Mode mode, double maxRequests, double maxTokens)
      implements Detector {}

  /** As configuration and metrics call it. */
  default String type() {
    return switch (this) {
      case Utilization _ -> UtilizationDetector.TYPE;
      case Concurrency _ -> ConcurrencyDetector.TYPE;
    };
  }

  /**
   * The load of an endpoint.
   *
   * @param sinceScrape requests that have come to wait there since the engine told of itself, less
   *     those that have stopped waiting
   */
  default double load(
      EngineSignals signals, InFlight inFlight, int slot, int sinceScrape, long nowNanos) {
    return switch (this) {
      case Utilization by -> {
        if (!by.stale(signals, slot, nowNanos)) {
          yield by.ratio(Math.max(0, signals.waiting(slot) + sinceScrape), signals.kvUsage(slot));
        }
        yield switch (by.staleness()) {
          case SATURATED -> 1;
          case IGNORE -> 0;
          case IN_FLIGHT -> by.ratio(waiting(inFlight, slot), heldHere(signals, inFlight, slot));
        };
      }
      case Concurrency by -> {
        double requests = inFlight.requests(slot) / by.maxRequests();
        double tokens = inFlight.pendingPrefillTokens(slot) / by.maxTokens();
        yield switch (by.mode()) {
          case REQUESTS -> requests;
          case TOKENS -> tokens;
          case HYBRID -> Math.max(requests, tokens);
        };
      }
    };
  }

  /** The load that a request will be, wherever it goes, as far as that can be said before. */
  default double share(long bodyBytes) {
    return switch (this) {
      case Utilization by -> 1 / by.queueDepth();
      case Concurrency by -> {
        double requests = 1 / by.maxRequests();
        double tokens = bodyBytes / (double) BYTES_PER_TOKEN / by.maxTokens();
        yield switch (by.mode()) {
          case REQUESTS -> requests;
          case TOKENS -> tokens;
          case HYBRID -> Math.max(requests, tokens);
        };
      }
    };
  }

  /** Requests from here that have no first token yet. */
  static int waiting(InFlight inFlight, int slot) {
    return Math.max(0, inFlight.requests(slot) - inFlight.decoding(slot));
  }

  private static double heldHere(EngineSignals signals, InFlight inFlight, int slot) {
    long capacity = signals.kvCapacityTokens(slot);
    return capacity > 0 ? Math.min(1, inFlight.contextTokens(slot) / (double) capacity) : 0;
  }
}
