package io.penstock.tools.growth;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GrowthChartsTest {

  private static final String SAMPLE = "{\"gateway\":{\"cpu_us\":%s},\"haproxy\":{\"cpu_us\":%s}}";

  @TempDir Path folder;

  private void write(String name, String json) throws IOException {
    Files.writeString(folder.resolve(name), json);
  }

  private static String workload(String name, String rounds) {
    return "{\"workload\":\"" + name + "\",\"rounds\":[" + rounds + "]}";
  }

  private void writeAll() throws IOException {
    String three =
        SAMPLE.formatted(30, 9) + "," + SAMPLE.formatted(10, 8) + "," + SAMPLE.formatted(20, 7);
    write(
        "prompts.json",
        "[%s,%s,%s]"
            .formatted(
                workload("16 KB distinct, saturated", SAMPLE.formatted(80, 16)),
                workload("1 KB distinct, saturated", three),
                workload("1 KB shared, saturated", SAMPLE.formatted(1, 1))));
    write("streams.json", "[%s]".formatted(workload("50 streams", SAMPLE.formatted(12, 9))));
    write(
        "pick.json",
        """
        [{"benchmark":"io.penstock.jmh.PickBench.pick","mode":"sample",
          "params":{"endpoints":"8","policy":"expected-cost"},
          "primaryMetric":{"score":9.0,"scorePercentiles":{"50.0":2.0}}},
         {"benchmark":"io.penstock.jmh.PickBench.pick","mode":"sample",
          "params":{"endpoints":"8","policy":"llm-d-default"},
          "primaryMetric":{"score":9.0,"scorePercentiles":{"50.0":3.0}}}]
        """);
    write(
        "index.json",
        """
        [{"benchmark":"PrefixIndexBench.learnAlone","mode":"avgt","params":{"entries":"1000"},
          "primaryMetric":{"score":4.0,"scorePercentiles":{"50.0":0.0}}},
         {"benchmark":"PrefixIndexBench.matchAlone","mode":"avgt","params":{"entries":"1000"},
          "primaryMetric":{"score":1.5,"scorePercentiles":{"50.0":0.0}}}]
        """);
  }

  private String draw() throws IOException {
    var printed = new ByteArrayOutputStream();
    GrowthCharts.draw(folder, folder.resolve("charts"), new PrintStream(printed, true, UTF_8));
    return printed.toString(UTF_8);
  }

  @Test
  void medians_and_slopes_are_printed_in_the_order_of_the_cause() throws IOException {
    writeAll();

    assertThat(draw())
        .contains("penstock      1: 20.0 [0.50] 16: 80.0")
        .contains("haproxy       1: 8.00 [0.25] 16: 16.0")
        .containsPattern("expected-cost +8: 2.00")
        .containsPattern("llm-d-default +8: 3.00")
        .contains("learn         1000: 4.00");
  }

  @Test
  void each_cause_has_its_chart() throws IOException {
    writeAll();

    draw();

    for (String cause : new String[] {"prompt", "streams", "endpoints", "index"}) {
      assertThat(folder.resolve("charts/growth-" + cause + ".svg")).content().contains("<path");
    }
  }

  @Test
  void a_benchmark_without_results_is_named() throws IOException {
    writeAll();
    write("pick.json", "[]");

    assertThatThrownBy(this::draw)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'expected-cost'");
  }
}
