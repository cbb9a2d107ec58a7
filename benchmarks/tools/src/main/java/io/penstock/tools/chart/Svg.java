package io.penstock.tools.chart;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/** Text in an SVG document. Stateless. */
final class Svg {

  private Svg() {}

  /**
   * Appends one text.
   *
   * @param anchor which of its ends is at x: start, middle or end
   * @param style further attributes
   */
  static void text(
      StringBuilder out, double x, double y, String anchor, String style, String text) {
    String escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    out.append(
        String.format(
            Locale.ROOT,
            "<text x='%.1f' y='%.1f' text-anchor='%s' %s>%s</text>\n",
            x,
            y,
            anchor,
            style,
            escaped));
  }

  /** A number with three digits that count. */
  static String number(double value) {
    var digits = new BigDecimal(value).round(new MathContext(3)).stripTrailingZeros();
    return digits.signum() == 0 ? "0" : digits.toPlainString();
  }
}
