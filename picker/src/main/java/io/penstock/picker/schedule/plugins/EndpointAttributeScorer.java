package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;

/**
 * Where an attribute lies between two bounds, {@code (value − min) / (max − min)} cut off at 0 and
 * 1, or 1 minus that where less is better. The bounds are given, or the least and the most of the
 * candidates; where those are equal all that have it score 1. Without the attribute, or where its
 * page is too old, 0.
 */
public final class EndpointAttributeScorer implements Scorer {

  /** Type in configuration. */
  public static final String TYPE = "endpoint-attribute-scorer";

  private final String attribute;
  private final boolean lowerIsBetter;
  private final boolean adaptive;
  private final double min;
  private final double max;

  private EndpointAttributeScorer(
      String attribute, boolean lowerIsBetter, boolean adaptive, double min, double max) {
    this.attribute = attribute;
    this.lowerIsBetter = lowerIsBetter;
    this.adaptive = adaptive;
    this.min = min;
    this.max = max;
  }

  /** Between the least and the most of the candidates. */
  public static EndpointAttributeScorer adaptive(String attribute, boolean lowerIsBetter) {
    return new EndpointAttributeScorer(attribute, lowerIsBetter, true, 0, 0);
  }

  /**
   * Between bounds.
   *
   * @param min less than {@code max}
   */
  public static EndpointAttributeScorer fixed(
      String attribute, boolean lowerIsBetter, double min, double max) {
    return new EndpointAttributeScorer(attribute, lowerIsBetter, false, min, max);
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    var attributes = context.signals().attributes();
    int column = attributes.column(attribute);
    double least = Double.POSITIVE_INFINITY;
    double most = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < candidates.count(); i++) {
      double value = EngineView.attribute(context, attributes, candidates.slot(i), column);
      scores[i] = value;
      if (value < least) {
        least = value;
      }
      if (value > most) {
        most = value;
      }
    }
    double from = adaptive ? least : min;
    double range = (adaptive ? most : max) - from;
    for (int i = 0; i < candidates.count(); i++) {
      scores[i] = Double.isNaN(scores[i]) ? 0 : score(scores[i] - from, range);
    }
  }

  private double score(double above, double range) {
    if (range <= 0) {
      return 1;
    }
    double share = Math.clamp(above / range, 0.0, 1.0);
    return lowerIsBetter ? 1 - share : share;
  }
}
