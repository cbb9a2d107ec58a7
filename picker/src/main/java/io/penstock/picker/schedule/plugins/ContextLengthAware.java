package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;
import java.util.Map;

/**
 * Prefers endpoints whose label {@code min-max} says that they are meant for prompts of this
 * length. Both filter and scorer.
 *
 * <pre>
 * inside        0.3 + 0.7·(0.7/(1 + width/10000) + 0.3·(max − length)/width)    1 where width is 0
 * outside       0.3 / (1 + distance/1000)
 * no label      0.5
 * a bad label   0
 * </pre>
 *
 * <p>The filter, where it is on, drops what is outside and what has a bad label.
 */
public final class ContextLengthAware implements Filter, Scorer {

  /** Type in configuration. */
  public static final String TYPE = "context-length-aware";

  /** Usual name of the label. */
  public static final String LABEL = "llm-d.ai/context-length-range";

  private static final double LEAST_INSIDE = 0.3;
  private static final double NO_LABEL = 0.5;

  private final String label;
  private final boolean filtering;

  /**
   * The plugin.
   *
   * @param label that holds an endpoint's range, {@code min-max} in tokens
   * @param filtering whether the filter drops anything
   */
  public ContextLengthAware(String label, boolean filtering) {
    this.label = label;
    this.filtering = filtering;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    if (!filtering) {
      return;
    }
    int length = context.promptTokens();
    for (int i = 0; i < candidates.count(); i++) {
      var range = labels(candidates, i).get(label);
      if (range != null && !inside(range, length)) {
        candidates.drop(i);
      }
    }
  }

  private static boolean inside(String range, int length) {
    long min = bound(range, true);
    long max = bound(range, false);
    return min >= 0 && min <= max && min <= length && length <= max;
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    int length = context.promptTokens();
    for (int i = 0; i < candidates.count(); i++) {
      var range = labels(candidates, i).get(label);
      scores[i] = range == null ? NO_LABEL : score(range, length);
    }
  }

  private static double score(String range, int length) {
    long min = bound(range, true);
    long max = bound(range, false);
    if (min < 0 || max < min) {
      return 0;
    }
    if (length < min || length > max) {
      double distance = length < min ? min - length : length - max;
      return LEAST_INSIDE / (1 + distance / 1_000);
    }
    double width = max - min;
    if (width == 0) {
      return 1;
    }
    double narrow = 0.7 / (1 + width / 10_000);
    double room = 0.3 * (max - length) / width;
    return LEAST_INSIDE + 0.7 * (narrow + room);
  }

  private static Map<String, String> labels(Candidates candidates, int i) {
    return candidates.endpoint(i).spec().labels();
  }

  /** The number on that side of the dash, -1 where there is none. */
  private static long bound(String range, boolean lower) {
    int dash = range.indexOf('-');
    int from = lower ? 0 : dash + 1;
    int to = lower ? dash : range.length();
    if (dash < 0 || from >= to || to - from > 18) {
      return -1;
    }
    long value = 0;
    for (int i = from; i < to; i++) {
      int digit = range.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return -1;
      }
      value = 10 * value + digit;
    }
    return value;
  }
}
