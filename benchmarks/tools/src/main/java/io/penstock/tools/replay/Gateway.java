package io.penstock.tools.replay;

import io.penstock.simulator.engine.EngineStats;
import io.penstock.tools.replay.trace.TraceRequest;
import java.time.Duration;

/**
 * One simulated router: decides where requests go, and hears of them and of the pods what a router
 * hears. Confined to the replay's thread; {@code nowNanos} is virtual time.
 */
interface Gateway {

  /** Where a request goes: to one pod, or to two. */
  sealed interface Plan {}

  /** The prompt goes to one pod, and its cache to another, which answers. */
  non-sealed interface Divided extends Plan {

    /** Who computes the prompt. */
    int prefillPod();

    /** The prompt is computed: its cache goes to the pod that answers, and so does the request. */
    Delivery prefilled(int cachedTokens, long nowNanos);
  }

  /** How a request that was sent to the pod that answers it goes on, as the router sees it. */
  non-sealed interface Delivery extends Plan {

    /** Where it went. */
    int pod();

    /** One more token of the answer came. */
    void token(long nowNanos);

    /** The whole answer came. */
    void completed(int cachedTokens, long nowNanos);

    /** The pod died. */
    void failed(long nowNanos);
  }

  /** Chooses among live pods for the request and takes note that it goes there now. */
  Plan send(TraceRequest request, long nowNanos);

  /** A pod's metrics page was read. */
  void scraped(int pod, EngineStats stats, long nowNanos, long intervalNanos);

  /** A pod is gone for good. Requests in flight to it fail after this. */
  void lost(int pod);

  /** About ten times a second. */
  void tick(long nowNanos);

  /** Pause between two metrics pages that this router has by default. */
  Duration scrapeInterval();
}
