package io.penstock.tools.chart;

import java.util.List;
import java.util.Locale;

/**
 * Horizontal bars from 0 as one SVG document, in groups with a heading: each with its extremes as a
 * thin line and a tick where it should not be above. Immutable.
 *
 * @param title above the chart
 * @param subtitle below the title
 * @param bars at least one; those of a group follow one another
 */
public record BarChart(String title, String subtitle, List<Bar> bars) {

  private static final int WIDTH = 760;
  private static final int LEFT = 190;
  private static final int RIGHT = 70;
  private static final int TOP = 58;
  private static final int ROW = 20;
  private static final int HEADING = 24;
  private static final String WITHIN = "#4f8f3a";
  private static final String ABOVE = "#c0504d";

  /**
   * One bar.
   *
   * @param group its heading
   * @param name at its left
   * @param value its length, 0 or more
   * @param low least of what the value is made of
   * @param high greatest of it
   * @param limit where the tick is
   */
  public record Bar(
      String group, String name, double value, double low, double high, double limit) {

    /** Checks that it can be drawn. */
    public Bar {
      if (!(value >= 0 && low >= 0 && low <= high && high < Double.MAX_VALUE && limit >= 0)) {
        throw new IllegalArgumentException("the bar '" + name + "' has no length: " + value);
      }
    }

    private double end() {
      return Math.max(Math.max(value, high), limit);
    }
  }

  /** Copies the bars. */
  public BarChart {
    bars = List.copyOf(bars);
    if (bars.isEmpty()) {
      throw new IllegalArgumentException("a chart without bars");
    }
  }

  /** The document. */
  public String svg() {
    double longest = bars.stream().mapToDouble(Bar::end).max().orElse(1);
    double scale = (WIDTH - LEFT - RIGHT) / Math.max(longest, 1e-9);
    var rows = new StringBuilder();
    int y = TOP;
    String group = "";
    for (var bar : bars) {
      if (!bar.group().equals(group)) {
        group = bar.group();
        text(rows, 12, y + 16, "start", "font-weight='bold'", group);
        y += HEADING;
      }
      row(rows, bar, y, scale);
      y += ROW;
    }
    int height = y + 16;
    var out = new StringBuilder();
    out.append(
        format(
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d' height='%d'"
                + " font-family='sans-serif' font-size='12'>%n",
            WIDTH, height, WIDTH, height));
    out.append(format("<rect width='%d' height='%d' fill='white'/>%n", WIDTH, height));
    text(out, 12, 22, "start", "font-size='15' font-weight='bold'", title);
    text(out, 12, 42, "start", "fill='#555'", subtitle);
    return out.append(rows).append("</svg>\n").toString();
  }

  private static void row(StringBuilder out, Bar bar, int y, double scale) {
    double middle = y + ROW / 2.0;
    text(out, LEFT - 8, middle + 4, "end", "fill='#555'", bar.name());
    out.append(
        format(
            "<rect class='bar' x='%d' y='%d' width='%.1f' height='%d' fill='%s'/>%n",
            LEFT,
            y + 3,
            bar.value() * scale,
            ROW - 6,
            bar.value() <= bar.limit() ? WITHIN : ABOVE));
    out.append(
        format(
            "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' stroke='#333'/>%n",
            LEFT + bar.low() * scale, middle, LEFT + bar.high() * scale, middle));
    double limit = LEFT + bar.limit() * scale;
    out.append(
        format(
            "<line x1='%.1f' y1='%d' x2='%.1f' y2='%d' stroke='black' stroke-width='2'/>%n",
            limit, y + 1, limit, y + ROW - 1));
    text(
        out,
        LEFT + bar.end() * scale + 8,
        middle + 4,
        "start",
        "",
        format("%.2f (%s)", bar.value(), Svg.number(bar.limit())));
  }

  private static void text(
      StringBuilder out, double x, double y, String anchor, String style, String text) {
    Svg.text(out, x, y, anchor, style, text);
  }

  private static String format(String pattern, Object... values) {
    return String.format(Locale.ROOT, pattern.replace("%n", "\n"), values);
  }
}
