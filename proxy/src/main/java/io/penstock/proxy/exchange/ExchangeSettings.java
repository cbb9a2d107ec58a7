package io.penstock.proxy.exchange;

/**
 * The settings every exchange reads; replaced as a whole when the configuration is reloaded.
 * Immutable.
 *
 * @param timeouts time limits
 * @param requestBodyBytes {@code limits.requestBody}
 * @param retriesPerRequest {@code retries.perRequest}
 * @param decisionIdHeader {@code headers.decisionId}
 * @param serverTimingHeader {@code headers.serverTiming}
 */
public record ExchangeSettings(
    Timeouts timeouts,
    long requestBodyBytes,
    int retriesPerRequest,
    boolean decisionIdHeader,
    boolean serverTimingHeader) {

  /** The {@code timeouts} of the configuration, and {@code sse.keepAlive}, in nanoseconds. */
  public record Timeouts(
      long requestHeadNanos,
      long requestBodyNanos,
      long queueNanos,
      long firstByteNanos,
      long answerNanos,
      long streamIdleNanos,
      long totalNanos,
      long clientStallNanos,
      long sseKeepAliveNanos) {}
}
