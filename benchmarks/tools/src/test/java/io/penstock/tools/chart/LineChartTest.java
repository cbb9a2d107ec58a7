package io.penstock.tools.chart;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.penstock.tools.chart.LineChart.Point;
import io.penstock.tools.chart.LineChart.Scale;
import io.penstock.tools.chart.LineChart.Series;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

class LineChartTest {

  private static Document parse(LineChart chart) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(chart.svg().getBytes(UTF_8)));
  }

  private static List<Double> attributes(Document svg, String tag, String name) {
    List<Double> values = new ArrayList<>();
    var elements = svg.getElementsByTagName(tag);
    for (int i = 0; i < elements.getLength(); i++) {
      values.add(Double.valueOf(((Element) elements.item(i)).getAttribute(name)));
    }
    return values;
  }

  @Test
  void points_stand_where_the_axes_say() throws Exception {
    var chart =
        new LineChart(
            "a < b & c",
            "x",
            "y",
            Scale.LINEAR,
            List.of(new Series("one", List.of(new Point(1, 0), new Point(3, 100)))));
    var svg = parse(chart);
    // The plot reaches from 60 to 620 and from 372 up to 56.
    assertThat(attributes(svg, "circle", "cx")).containsExactly(60.0, 620.0);
    assertThat(attributes(svg, "circle", "cy")).containsExactly(372.0, 56.0);
    assertThat(svg.getElementsByTagName("text").item(0).getTextContent()).isEqualTo("a < b & c");
  }

  @Test
  void the_axes_are_labelled_without_needless_digits() throws Exception {
    var points = List.of(new Point(0.8, 1), new Point(1.25, 40), new Point(2, 62));
    var texts =
        parse(new LineChart("t", "x", "y", Scale.LINEAR, List.of(new Series("one", points))))
            .getElementsByTagName("text");
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < texts.getLength(); i++) {
      labels.add(texts.item(i).getTextContent());
    }
    assertThat(labels).contains("0", "20", "100", "0.8", "1.25", "2").doesNotContain("120");
  }

  @Test
  void names_do_not_cover_one_another() throws Exception {
    List<Series> series = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      series.add(new Series("s" + i, List.of(new Point(0, 1), new Point(1, 1))));
    }
    var svg = parse(new LineChart("t", "x", "y", Scale.LINEAR, series));
    List<Double> places = new ArrayList<>();
    var texts = svg.getElementsByTagName("text");
    for (int i = 0; i < texts.getLength(); i++) {
      if (texts.item(i).getTextContent().matches("s\\d")) {
        places.add(Double.valueOf(((Element) texts.item(i)).getAttribute("y")));
      }
    }
    assertThat(places).hasSize(10).isSorted();
    for (int i = 1; i < 10; i++) {
      assertThat(places.get(i) - places.get(i - 1)).isGreaterThanOrEqualTo(14);
    }
    assertThat(places.getLast()).isLessThan(420);
  }

  @Test
  void without_points_there_is_no_chart() {
    assertThatThrownBy(() -> new LineChart("t", "x", "y", Scale.LINEAR, List.of()))
        .hasMessageContaining("without points");
  }

  @Test
  void a_logarithmic_chart_puts_equal_ratios_equally_far_apart() throws Exception {
    var points = List.of(new Point(1, 2), new Point(10, 20), new Point(100, 200));
    var svg =
        parse(new LineChart("t", "x", "y", Scale.LOGARITHMIC, List.of(new Series("one", points))));

    assertThat(attributes(svg, "circle", "cx")).containsExactly(60.0, 340.0, 620.0);
    var y = attributes(svg, "circle", "cy");
    assertThat(y.get(0) - y.get(1)).isCloseTo(y.get(1) - y.get(2), within(0.11));
    assertThat(svg.getElementsByTagName("line").getLength())
        .as("1, 10, 100, 1000")
        .isEqualTo(4 + 3);
  }

  @Test
  void a_logarithmic_chart_refuses_what_has_no_logarithm() {
    var series = List.of(new Series("one", List.of(new Point(0, 1))));

    assertThatThrownBy(() -> new LineChart("t", "x", "y", Scale.LOGARITHMIC, series))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("above 0");
  }
}
