package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import org.jspecify.annotations.Nullable;

/**
 * How far an endpoint's predicted latency is below what the request asks for, in milliseconds;
 * below 0 where it is above. What is not asked for counts as 0 ms. Immutable.
 *
 * @param bufferFactor share of the time per output token asked for that may be used
 * @param outputTokensCount whether the time per output token counts at all
 * @param roleLabel label that says {@code prefill} where no output token is waited for; null: none
 */
public record LatencyHeadroom(
    double bufferFactor, boolean outputTokensCount, @Nullable String roleLabel) {

  private static final double NANOS_PER_MILLI = 1e6;
  private static final String TTFT = "x-llm-d-slo-ttft-ms";
  private static final String OLDER_TTFT = "x-slo-ttft-ms";
  private static final String TPOT = "x-llm-d-slo-tpot-ms";
  private static final String OLDER_TPOT = "x-slo-tpot-ms";

  /** The time to first token that is asked for, in milliseconds; 0 where none is. */
  static double askedTtft(SchedulingContext context) {
    return asked(context, TTFT, OLDER_TTFT);
  }

  /** The time per output token that may be used, in milliseconds; 0 where none is asked for. */
  double askedTpot(SchedulingContext context) {
    return bufferFactor * asked(context, TPOT, OLDER_TPOT);
  }

  private static double asked(SchedulingContext context, String name, String older) {
    var text = context.header(name);
    if (text == null) {
      text = context.header(older);
    }
    if (text == null) {
      return 0;
    }
    try {
      double millis = Double.parseDouble(text);
      return millis > 0 && millis < Double.POSITIVE_INFINITY ? millis : 0;
    } catch (NumberFormatException none) {
      return 0;
    }
  }

  /** Time to first token predicted of candidate {@code i}, in milliseconds. */
  static double predictedTtft(SchedulingContext context, Candidates candidates, int i) {
    int cached = context.cachedTokens(candidates, i);
    return context.forecast().ttftNanos(context, candidates.slot(i), context.promptTokens(), cached)
        / NANOS_PER_MILLI;
  }

  /** Headroom of the time to first token. */
  static double ttft(SchedulingContext context, Candidates candidates, int i, double asked) {
    return asked - predictedTtft(context, candidates, i);
  }

  /** Headroom of the time per output token; 0 where that does not count. */
  double tpot(SchedulingContext context, Candidates candidates, int i, double asked) {
    if (!outputTokensCount
        || (roleLabel != null
            && "prefill".equals(candidates.endpoint(i).spec().labels().get(roleLabel)))) {
      return 0;
    }
    long nanos = context.forecast().tpotNanos(context, candidates.slot(i), context.promptTokens());
    return asked - nanos / NANOS_PER_MILLI;
  }
}
