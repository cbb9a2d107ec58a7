package io.penstock.tools.chart;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * Lines over a common x axis as one SVG document: the first series is drawn strongest, names stand
 * at the right ends of the lines. Immutable.
 *
 * @param title above the chart
 * @param xLabel below the x axis
 * @param yLabel above the y axis
 * @param scale of both axes
 * @param series at least one; of a logarithmic chart all values are above 0
 */
public record LineChart(
    String title, String xLabel, String yLabel, Scale scale, List<Series> series) {

  /** How values become places. */
  public enum Scale {
    /** Equal differences are equally far apart; the y axis begins at 0. */
    LINEAR,
    /** Equal ratios are equally far apart: growth in proportion is a line at 45 degrees. */
    LOGARITHMIC;

    double of(double value) {
      return this == LINEAR ? value : Math.log10(value);
    }
  }

  private static final int WIDTH = 760;
  private static final int HEIGHT = 420;
  private static final int LEFT = 60;
  private static final int RIGHT = 140;
  private static final int TOP = 56;
  private static final int BOTTOM = 48;
  private static final int LABEL_HEIGHT = 14;
  private static final int Y_STEPS = 5;

  private static final List<String> COLORS =
      List.of(
          "#0b5cad", "#c0504d", "#7f6a00", "#4f8f3a", "#8064a2", "#e0812b", "#2f9e9e", "#a0527e",
          "#6b6b6b", "#9c8b5a");

  /**
   * One line.
   *
   * @param name of the line
   * @param points ascending in x, at least one
   */
  public record Series(String name, List<Point> points) {

    /** Copies the points. */
    public Series {
      points = List.copyOf(points);
    }
  }

  /** A point in the units of the axes. */
  public record Point(double x, double y) {}

  /** Copies the series. */
  public LineChart {
    series = List.copyOf(series);
    if (series.isEmpty() || series.stream().anyMatch(line -> line.points().isEmpty())) {
      throw new IllegalArgumentException("a chart without points");
    }
    if (scale == Scale.LOGARITHMIC
        && series.stream()
            .flatMap(line -> line.points().stream())
            .anyMatch(point -> point.x() <= 0 || point.y() <= 0)) {
      throw new IllegalArgumentException("a logarithmic chart of values that are not above 0");
    }
  }

  /** The document. */
  public String svg() {
    var axes = Axes.of(scale, series);
    var out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d' height='%d'"
                + " font-family='sans-serif' font-size='12'>\n",
            WIDTH,
            HEIGHT,
            WIDTH,
            HEIGHT));
    out.append(
        String.format(Locale.ROOT, "<rect width='%d' height='%d' fill='white'/>\n", WIDTH, HEIGHT));
    Svg.text(out, LEFT, 22, "start", "font-size='15' font-weight='bold'", title);
    Svg.text(out, LEFT, 44, "start", "fill='#555'", yLabel);
    Svg.text(out, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 10, "middle", "fill='#555'", xLabel);
    grid(out, axes);
    for (int i = series.size() - 1; i >= 0; i--) {
      line(out, axes, series.get(i), COLORS.get(i % COLORS.size()), i == 0);
    }
    names(out, axes);
    return out.append("</svg>\n").toString();
  }

  private void grid(StringBuilder out, Axes axes) {
    for (double value : axes.yMarks()) {
      double y = axes.y(value);
      out.append(
          String.format(
              Locale.ROOT,
              "<line x1='%d' y1='%.1f' x2='%d' y2='%.1f' stroke='#ddd'/>\n",
              LEFT,
              y,
              WIDTH - RIGHT,
              y));
      Svg.text(out, LEFT - 8, y + 4, "end", "fill='#555'", Svg.number(value));
    }
    series.getFirst().points().stream()
        .map(Point::x)
        .forEach(
            x -> {
              double at = axes.x(x);
              int bottom = HEIGHT - BOTTOM;
              out.append(
                  String.format(
                      Locale.ROOT,
                      "<line x1='%.1f' y1='%d' x2='%.1f' y2='%d' stroke='#999'/>\n",
                      at,
                      bottom,
                      at,
                      bottom + 4));
              Svg.text(out, at, bottom + 18, "middle", "fill='#555'", Svg.number(x));
            });
  }

  private static void line(
      StringBuilder out, Axes axes, Series line, String color, boolean strong) {
    var path = new StringBuilder();
    for (var point : line.points()) {
      path.append(path.isEmpty() ? "M" : " L")
          .append(String.format(Locale.ROOT, "%.1f %.1f", axes.x(point.x()), axes.y(point.y())));
    }
    out.append(
        String.format(
            Locale.ROOT,
            "<path d='%s' fill='none' stroke='%s' stroke-width='%s'/>\n",
            path,
            color,
            strong ? "3" : "1.5"));
    for (var point : line.points()) {
      out.append(
          String.format(
              Locale.ROOT,
              "<circle cx='%.1f' cy='%.1f' r='%s' fill='%s'/>\n",
              axes.x(point.x()),
              axes.y(point.y()),
              strong ? "4" : "2.5",
              color));
    }
  }

  /** At the ends of the lines, moved apart where they would cover one another. */
  private void names(StringBuilder out, Axes axes) {
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < series.size(); i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingDouble(i -> -series.get(i).points().getLast().y()));
    double lowest = HEIGHT - BOTTOM - (double) LABEL_HEIGHT * (series.size() - 1);
    double next = TOP;
    for (int i : order) {
      double end = axes.y(series.get(i).points().getLast().y()) + 4;
      double y = Math.min(Math.max(end, next), lowest);
      String style =
          String.format(Locale.ROOT, "fill='%s'", COLORS.get(i % COLORS.size()))
              + (i == 0 ? " font-weight='bold'" : "");
      Svg.text(out, WIDTH - RIGHT + 10, y, "start", style, series.get(i).name());
      next = y + LABEL_HEIGHT;
      lowest += LABEL_HEIGHT;
    }
  }

  /** From values to places. */
  private record Axes(Scale scale, double lowX, double highX, double lowY, double highY) {

    static Axes of(Scale scale, List<Series> series) {
      double lowX = Double.MAX_VALUE;
      double highX = -Double.MAX_VALUE;
      double lowY = Double.MAX_VALUE;
      double highY = 0;
      for (var line : series) {
        for (var point : line.points()) {
          lowX = Math.min(lowX, point.x());
          highX = Math.max(highX, point.x());
          lowY = Math.min(lowY, point.y());
          highY = Math.max(highY, point.y());
        }
      }
      return scale == Scale.LINEAR
          ? new Axes(scale, lowX, highX, 0, roundUp(highY))
          : new Axes(scale, lowX, highX, powerOfTen(lowY, false), powerOfTen(highY, true));
    }

    /** The nearest power of ten below or above; at least one decade lies between the two. */
    private static double powerOfTen(double value, boolean above) {
      double exponent = Math.log10(value);
      return Math.pow(10, above ? Math.floor(exponent) + 1 : Math.floor(exponent));
    }

    /** Where the y axis has a line and a number. */
    List<Double> yMarks() {
      List<Double> marks = new ArrayList<>();
      if (scale == Scale.LOGARITHMIC) {
        for (double mark = lowY; mark <= highY * 1.001; mark *= 10) {
          marks.add(mark);
        }
        return marks;
      }
      for (int k = 0; k <= Y_STEPS; k++) {
        marks.add(lowY + k * (highY - lowY) / Y_STEPS);
      }
      return marks;
    }

    /** The least of 1, 2 and 5 times a power of ten that is not below. */
    private static double roundUp(double value) {
      if (value <= 0) {
        return 1;
      }
      double power = Math.pow(10, Math.floor(Math.log10(value)));
      for (double times : new double[] {1, 2, 5}) {
        if (times * power >= value) {
          return times * power;
        }
      }
      return 10 * power;
    }

    double x(double value) {
      double from = scale.of(lowX);
      double share = highX == lowX ? 0.5 : (scale.of(value) - from) / (scale.of(highX) - from);
      return LEFT + share * (WIDTH - LEFT - RIGHT);
    }

    double y(double value) {
      double from = scale.of(lowY);
      double share = (scale.of(value) - from) / (scale.of(highY) - from);
      return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
    }
  }
}
