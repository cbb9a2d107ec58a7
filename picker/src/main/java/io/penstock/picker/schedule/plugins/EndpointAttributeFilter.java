package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Decision;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/** Keeps endpoints whose attribute compares with a value as the operator says. */
public final class EndpointAttributeFilter implements Filter {

  /** Type in configuration. */
  public static final String TYPE = "endpoint-attribute-filter";

  private final String attribute;
  private final Operator operator;
  private final double value;
  private final boolean missingPass;
  private final boolean fallbackOnEmpty;

  /** How the attribute of an endpoint that stays compares with the value. */
  public enum Operator {
    /** Below it. */
    LESS,
    /** Not above it. */
    LESS_OR_EQUAL,
    /** Above it. */
    GREATER,
    /** Not below it. */
    GREATER_OR_EQUAL,
    /** The same. */
    EQUAL,
    /** Any other. */
    NOT_EQUAL;

    boolean holds(double left, double right) {
      return switch (this) {
        case LESS -> left < right;
        case LESS_OR_EQUAL -> left <= right;
        case GREATER -> left > right;
        case GREATER_OR_EQUAL -> left >= right;
        case EQUAL -> left == right;
        case NOT_EQUAL -> left != right;
      };
    }
  }

  /**
   * A filter.
   *
   * @param missingPass whether endpoints without the attribute, or with a page that is too old,
   *     stay
   * @param fallbackOnEmpty whether all stay when none would
   */
  public EndpointAttributeFilter(
      String attribute,
      Operator operator,
      double value,
      boolean missingPass,
      boolean fallbackOnEmpty) {
    this.attribute = attribute;
    this.operator = operator;
    this.value = value;
    this.missingPass = missingPass;
    this.fallbackOnEmpty = fallbackOnEmpty;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    var attributes = context.signals().attributes();
    int column = attributes.column(attribute);
    for (int i = 0; i < candidates.count(); i++) {
      double is = EngineView.attribute(context, attributes, candidates.slot(i), column);
      if (Double.isNaN(is) ? !missingPass : !operator.holds(is, value)) {
        candidates.drop(i);
      }
    }
    if (fallbackOnEmpty && candidates.remaining() == 0) {
      candidates.keepAll();
    }
  }

  /** What an engine tells of itself changes by waiting. */
  @Override
  public Decision.Reason whenNoneIsLeft() {
    return Decision.Reason.SATURATED;
  }
}
