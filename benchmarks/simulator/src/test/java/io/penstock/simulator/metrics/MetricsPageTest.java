package io.penstock.simulator.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.simulator.engine.Engine;
import io.penstock.simulator.engine.EngineConfig;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.engine.EngineRequest;
import io.penstock.simulator.engine.FinishReason;
import io.penstock.simulator.engine.Sequence;
import io.penstock.simulator.engine.SequenceListener;
import io.penstock.simulator.engine.VirtualClock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class MetricsPageTest {

  private final VirtualClock clock = new VirtualClock();
  private final Engine engine =
      new Engine(
          EngineConfig.builder(EngineProfile.LLAMA_8B)
              .blockSize(32)
              .numGpuBlocks(32_768)
              .maxModelLen(2048)
              .build(),
          clock);
  private final MetricsPage page = new MetricsPage(engine, false, 1.795345315296302e+09);

  @Test
  void hasTheSeriesOfARealServerInItsOrder() {
    List<String> recorded = vllmLines("metrics_before.txt");

    assertThat(rendered().lines().map(MetricsPageTest::withoutValue))
        .containsExactlyElementsOf(recorded.stream().map(MetricsPageTest::withoutValue).toList());
  }

  @Test
  void hasTheSameSeriesAfterWork() {
    submit(new int[1000], 20);
    clock.runUntilIdle();

    assertThat(rendered().lines().map(MetricsPageTest::withoutValue))
        .containsExactlyElementsOf(
            vllmLines("metrics_after.txt").stream().map(MetricsPageTest::withoutValue).toList());
  }

  @Test
  void ofAnEngineThatDidNothingIsTheRecordedOneButForTimes() {
    List<String> recorded =
        vllmLines("metrics_before.txt").stream().filter(line -> !isCreated(line)).toList();

    assertThat(rendered().lines().filter(line -> !isCreated(line)))
        .containsExactlyElementsOf(recorded);
  }

  @Test
  void movesWithTheEngine() {
    submit(new int[1000], 20);
    clock.runNext();
    assertThat(rendered())
        .contains("vllm:num_requests_running{engine=\"0\",model_name=\"tiny\"} 1.0");
    clock.runUntilIdle();
    submit(new int[1000], 20);
    clock.runUntilIdle();

    assertThat(rendered().lines())
        .contains(
            "vllm:num_requests_running{engine=\"0\",model_name=\"tiny\"} 0.0",
            "vllm:prefix_cache_queries_total{engine=\"0\",model_name=\"tiny\"} 2000.0",
            "vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"tiny\"} 992.0",
            "vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"tiny\","
                + "source=\"local_compute\"} 1008.0",
            "vllm:generation_tokens_total{engine=\"0\",model_name=\"tiny\"} 40.0",
            "vllm:iteration_tokens_total_sum{engine=\"0\",model_name=\"tiny\"} 1048.0",
            "vllm:request_success_total{engine=\"0\",finished_reason=\"length\","
                + "model_name=\"tiny\"} 2.0",
            "vllm:request_prompt_tokens_bucket{engine=\"0\",le=\"1000.0\",model_name=\"tiny\"} 2.0",
            "vllm:inter_token_latency_seconds_count{engine=\"0\",model_name=\"tiny\"} 38.0",
            "vllm:prefix_cache_hits_created{engine=\"0\",model_name=\"tiny\"}"
                + " 1.795345315296302e+09");
  }

  @Test
  void writesNumbersAsPythonDoes() {
    assertThat(PrometheusText.number(1.7953453152968023e9)).isEqualTo("1.7953453152968023e+09");
    assertThat(PrometheusText.number(1e6)).isEqualTo("1e+06");
    assertThat(PrometheusText.number(964022272)).isEqualTo("9.64022272e+08");
    assertThat(PrometheusText.number(999_999.5)).isEqualTo("999999.5");
    assertThat(PrometheusText.number(0.0005078089998278301)).isEqualTo("0.0005078089998278301");
    assertThat(PrometheusText.number(8.86)).isEqualTo("8.86");
  }

  private void submit(int[] prompt, int tokens) {
    engine.submit(
        EngineRequest.builder(prompt).maxTokens(tokens).build(),
        new SequenceListener() {
          @Override
          public boolean token(Sequence sequence, int tokenId) {
            return true;
          }

          @Override
          public void finished(Sequence sequence, FinishReason reason) {}
        });
  }

  private String rendered() {
    var out = new StringBuilder();
    page.render(out);
    return out.toString();
  }

  private static boolean isCreated(String line) {
    return !line.startsWith("#") && line.contains("_created{");
  }

  private static String withoutValue(String line) {
    return line.startsWith("#") ? line : line.substring(0, line.lastIndexOf(' '));
  }

  private static List<String> vllmLines(String recording) {
    try (var in = MetricsPageTest.class.getResourceAsStream("/vllm/" + recording)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> line.matches("vllm:.*|# (HELP|TYPE) vllm:.*"))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
