package io.penstock.tools.replay;

import io.penstock.tools.replay.trace.TraceRequest;
import java.time.Duration;
import java.util.Arrays;

/**
 * How the requests of a replay went. Confined to the replay's thread. The first tenth of the
 * requests finds cold caches and uncalibrated rates and is not judged.
 */
final class Outcomes {

  private static final double FREE_TTFT_SECONDS = 2;
  private static final double TTFT_SECONDS_PER_TOKEN = 0.2e-3;

  private final int unjudged;
  private final double mostTpotSeconds;
  private final double[] ttft;
  private final double[] tpot;
  private final double[] endToEnd;
  private final long[] computedTokens;
  private int answered;
  private int lost;
  private int good;
  private long promptTokens;
  private long cachedTokens;
  private int divided;

  Outcomes(int requests, int pods, Duration tpotObjective) {
    this.mostTpotSeconds = tpotObjective.toNanos() / 1e9;
    this.unjudged = unjudged(requests);
    this.ttft = new double[requests];
    this.tpot = new double[requests];
    this.endToEnd = new double[requests];
    this.computedTokens = new long[pods];
  }

  /** How many of the first requests are not judged. */
  static int unjudged(int requests) {
    return requests / 10;
  }

  /**
   * A request was answered.
   *
   * @param pod that computed its prompt
   * @param cached tokens of the prompt that were cached there
   * @param apart whether another pod answered
   */
  void completed(
      TraceRequest request,
      int pod,
      int cached,
      boolean apart,
      long firstTokenNanos,
      long endNanos) {
    if (request.number() < unjudged) {
      return;
    }
    double first = (firstTokenNanos - request.arrivalNanos()) / 1e9;
    int intervals = request.outputTokens() - 1;
    double perToken = intervals == 0 ? 0 : (endNanos - firstTokenNanos) / 1e9 / intervals;
    ttft[answered] = first;
    tpot[answered] = perToken;
    endToEnd[answered] = (endNanos - request.arrivalNanos()) / 1e9;
    answered++;
    good += meetsObjective(request.promptTokens(), first, perToken) ? 1 : 0;
    divided += apart ? 1 : 0;
    promptTokens += request.promptTokens();
    cachedTokens += cached;
    computedTokens[pod] += request.promptTokens() - cached;
  }

  /** First token within 2 s and 0.2 ms for each prompt token, and not too long for each further. */
  boolean meetsObjective(int promptTokens, double ttftSeconds, double tpotSeconds) {
    return ttftSeconds <= FREE_TTFT_SECONDS + TTFT_SECONDS_PER_TOKEN * promptTokens
        && tpotSeconds <= mostTpotSeconds;
  }

  void lost(TraceRequest request) {
    if (request.number() >= unjudged) {
      lost++;
    }
  }

  ReplayResult result(String policy, double tookSeconds) {
    var work = Arrays.stream(computedTokens).summaryStatistics();
    double mean = work.getAverage();
    return new ReplayResult(
        policy,
        answered + lost,
        lost,
        (double) good / Math.max(1, answered + lost),
        ReplayResult.Quantiles.of(Arrays.copyOf(ttft, answered)),
        ReplayResult.Quantiles.of(Arrays.copyOf(tpot, answered)),
        Arrays.stream(endToEnd, 0, answered).average().orElse(0),
        (double) cachedTokens / Math.max(1, promptTokens),
        (double) divided / Math.max(1, answered),
        mean == 0 ? 1 : work.getMax() / mean,
        tookSeconds);
  }
}
