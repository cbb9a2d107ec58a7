package io.penstock.tools.chart;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.tools.chart.BarChart.Bar;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

class BarChartTest {

  private static Document parse(BarChart chart) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new ByteArrayInputStream(chart.svg().getBytes(UTF_8)));
  }

  private static List<Element> elements(Document svg, String tag) {
    List<Element> found = new ArrayList<>();
    var nodes = svg.getElementsByTagName(tag);
    for (int i = 0; i < nodes.getLength(); i++) {
      found.add((Element) nodes.item(i));
    }
    return found;
  }

  private static final BarChart TWO =
      new BarChart(
          "t",
          "s",
          List.of(new Bar("a & b", "one", 2, 1, 4, 3), new Bar("a & b", "two", 4, 4, 4, 3)));

  @Test
  void lengths_are_in_proportion() throws Exception {
    var bars =
        elements(parse(TWO), "rect").stream()
            .filter(rect -> rect.getAttribute("class").equals("bar"))
            .map(rect -> Double.parseDouble(rect.getAttribute("width")))
            .toList();
    // The longest reaches from 190 to 690.
    assertThat(bars).containsExactly(250.0, 500.0);
  }

  @Test
  void what_is_above_its_limit_has_another_colour() throws Exception {
    var colours =
        elements(parse(TWO), "rect").stream()
            .filter(rect -> rect.getAttribute("class").equals("bar"))
            .map(rect -> rect.getAttribute("fill"))
            .toList();
    assertThat(colours).hasSize(2).doesNotHaveDuplicates();
  }

  @Test
  void a_group_has_its_heading_once_and_a_bar_its_numbers() throws Exception {
    var texts = elements(parse(TWO), "text").stream().map(Element::getTextContent).toList();
    assertThat(texts).containsOnlyOnce("a & b").contains("one", "two", "2.00 (3)", "4.00 (3)");
  }

  @Test
  void what_cannot_be_drawn_is_refused() {
    assertThatThrownBy(() -> new BarChart("t", "s", List.of()))
        .hasMessageContaining("without bars");
    assertThatThrownBy(() -> new Bar("g", "one", Double.NaN, 0, 1, 1))
        .hasMessageContaining("'one'");
  }
}
