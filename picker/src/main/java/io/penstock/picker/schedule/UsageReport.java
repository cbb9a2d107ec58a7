package io.penstock.picker.schedule;

import io.penstock.picker.signals.TokenUsage;
import org.jspecify.annotations.Nullable;

/**
 * A number made of a response's token counts that its gateway is told. Immutable.
 *
 * @param namespace of the gateway's metadata
 * @param key in it
 * @param expression what is told
 * @param condition whether something is; null: always
 */
public record UsageReport(
    String namespace, String key, UsageExpression expression, @Nullable UsageExpression condition) {

  /** What is told of a response; 0 for nothing. A fraction is cut off. */
  public long value(TokenUsage usage) {
    if (condition != null && !condition.holds(usage)) {
      return 0;
    }
    double value = expression.number(usage);
    return Double.isFinite(value) ? (long) value : 0;
  }
}
