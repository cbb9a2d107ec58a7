package io.penstock.tools.beside;

import io.penstock.tools.chart.BarChart;
import java.util.ArrayList;
import java.util.List;

/** The ratios that have a bar, as a chart. Stateless. */
final class BesideChart {

  private BesideChart() {}

  /**
   * One bar for each ratio of each workload.
   *
   * @throws IllegalArgumentException when nothing was compared that has a bar
   */
  static BarChart of(List<Comparison> comparisons) {
    List<BarChart.Bar> bars = new ArrayList<>();
    for (var comparison : comparisons) {
      for (var subject : comparison.subjects()) {
        var base = comparison.baseOf(subject.target());
        var ratio = comparison.ratio(subject);
        double limit = Bars.of(comparison.workload(), subject);
        if (base != null && !Double.isNaN(ratio.median()) && !Double.isNaN(limit)) {
          bars.add(
              new BarChart.Bar(
                  subject.target().name(),
                  comparison.workload().name(),
                  ratio.median(),
                  ratio.min(),
                  ratio.max(),
                  limit));
        }
      }
    }
    return new BarChart(
        "CPU beside what it is compared with, in the same round",
        "median ratio; line: least to greatest round; tick: the bar",
        bars);
  }
}
