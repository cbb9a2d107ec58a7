package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * Keeps endpoints with less in flight from here than a bound, raised by the headroom: requests,
 * tokens that wait for their prefill, or both. It may leave none.
 */
public final class ConcurrencyDetector implements Filter {

  /** Type in configuration. */
  public static final String TYPE = "concurrency-detector";

  /** What is counted. */
  public enum Mode {
    /** Requests. */
    REQUESTS,
    /** Tokens that wait for their prefill. */
    TOKENS,
    /** Each of the two by its own bound. */
    HYBRID
  }

  private final Mode mode;
  private final double mostRequests;
  private final double mostTokens;

  /**
   * A detector.
   *
   * @param maxConcurrency requests of a saturated endpoint, at least 1
   * @param maxTokenConcurrency tokens of a saturated endpoint, at least 1
   * @param headroom share by which the filter raises both, at least 0
   */
  public ConcurrencyDetector(
      Mode mode, long maxConcurrency, long maxTokenConcurrency, double headroom) {
    this.mode = mode;
    this.mostRequests = maxConcurrency * (1 + headroom);
    this.mostTokens = maxTokenConcurrency * (1 + headroom);
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    var inFlight = context.inFlight();
    for (int i = 0; i < candidates.count(); i++) {
      int slot = candidates.slot(i);
      boolean requests = inFlight.requests(slot) < mostRequests;
      boolean tokens = inFlight.pendingPrefillTokens(slot) < mostTokens;
      boolean free =
          switch (mode) {
            case REQUESTS -> requests;
            case TOKENS -> tokens;
            case HYBRID -> requests && tokens;
          };
      if (!free) {
        candidates.drop(i);
      }
    }
  }

  @Override
  public Decision.Reason whenNoneIsLeft() {
    return Decision.Reason.SATURATED;
  }
}
