package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.http.PodConfig;
import io.penstock.simulator.metrics.EngineKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SGLang's own API, whose requests name no model, before pods that have it. */
class SglangTest {

  private static final String GENERATE = "/generate";

  @TempDir private Path folder;

  private static String body(int id, boolean stream) {
    return "{\"input_ids\":["
        + (id + ",").repeat(399)
        + id
        + "],\"sampling_params\":{\"max_new_tokens\":3,\"ignore_eos\":true},\"stream\":"
        + stream
        + "}";
  }

  private TestGateway gateway(String... pools) throws IOException {
    var fleet = Fleet.builder().build();
    var file = new StringBuilder("log: {access: false}\npools:\n");
    for (var pool : pools) {
      file.append("  - name: ").append(pool).append("\n    models: [").append(pool);
      file.append("]\n    discovery:\n      static:\n        endpoints:\n");
      for (int i = 0; i < 2; i++) {
        var pod = fleet.start(PodConfig.builder().models(pool).metrics(EngineKind.SGLANG).build());
        file.append("          - {address: \"").append(pod.hostPort());
        file.append("\", labels: {llm-d.ai/engine-type: sglang}}\n");
      }
    }
    var path = Files.writeString(folder.resolve("gateway.yaml"), file);
    return TestGateway.over(fleet, ConfigSources.builder().file(path));
  }

  @Test
  void goes_to_the_pod_that_holds_the_prompt_and_is_counted_by_meta_info() throws Exception {
    try (var gateway = gateway("tiny")) {
      for (int id = 11; id < 15; id++) {
        assertThat(gateway.post(GENERATE, body(id, false), "x-request-id", "a" + id).body())
            .contains("\"prompt_tokens\":400", "\"cached_tokens\":0");
        var again = gateway.post(GENERATE, body(id, true), "x-request-id", "b" + id);
        assertThat(again.statusCode()).isEqualTo(200);
        assertThat(again.body()).doesNotContain("\"cached_tokens\":0").endsWith("[DONE]\n\n");
        assertThat(gateway.answered("b" + id)).isSameAs(gateway.answered("a" + id));
      }
      await()
          .until(
              () ->
                  gateway
                      .admin("/metrics")
                      .lines()
                      .filter(line -> line.startsWith("penstock_tokens_total{"))
                      .filter(line -> line.contains("type=\"output\""))
                      .mapToDouble(
                          line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
                      .anyMatch(count -> count == 24));
    }
  }

  @Test
  void of_several_pools_one_must_be_named() throws Exception {
    try (var gateway = gateway("tiny", "small")) {
      var nameless = gateway.post(GENERATE, body(11, false));
      assertThat(nameless.statusCode()).isEqualTo(400);
      assertThat(nameless.body()).contains("missing_required_parameter");

      var named = gateway.post(GENERATE, "{\"model\":\"small\"," + body(11, false).substring(1));
      assertThat(named.statusCode()).isEqualTo(200);
      long there =
          gateway.pod(2).stats().inferenceRequests() + gateway.pod(3).stats().inferenceRequests();
      assertThat(there).isEqualTo(1);
    }
  }
}
