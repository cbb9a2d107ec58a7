package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pods that only encode, for which the gateway has no use. */
class EncodePodsTest {

  private static final String CHAT = "/v1/chat/completions";

  @TempDir private Path folder;

  @Test
  void are_no_endpoints_and_are_asked_for_nothing() throws Exception {
    var fleet = Fleet.builder().build();
    var both = fleet.start(PodConfig.builder().seed(1).build());
    var encoder = fleet.start(PodConfig.builder().seed(2).build());
    try (var gateway =
        gateway(fleet, endpoint("both", both, "both"), endpoint("encoder", encoder, "encode"))) {
      for (int i = 0; i < 5; i++) {
        assertThat(gateway.post(CHAT, chat("hello " + i, 1, false)).statusCode()).isEqualTo(200);
      }

      assertThat(gateway.admin("/debug/endpoints"))
          .contains("default/both")
          .doesNotContain("default/encoder");
      assertThat(gateway.admin("/metrics")).contains("default/both").doesNotContain("encoder");
      assertThat(encoder.received()).as("not even scraped").isEmpty();
    }
  }

  @Test
  void leave_the_pool_where_they_become_so_and_nobody_is_left_to_answer() throws Exception {
    var fleet = Fleet.builder().build();
    var pod = fleet.start(PodConfig.builder().seed(1).build());
    try (var gateway = gateway(fleet, endpoint("pod", pod, "decode"))) {
      assertThat(gateway.post(CHAT, chat("hello", 1, false)).statusCode()).isEqualTo(200);

      write(endpoint("pod", pod, "encode"));
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> gateway.admin("/debug/endpoints").startsWith("[]"));

      assertThat(gateway.admin("/readyz?verbose")).contains("no_endpoints");
      var answer = gateway.post(CHAT, chat("hello", 1, false));
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.body()).contains("\"code\":\"no_healthy_endpoints\"");
    }
  }

  private TestGateway gateway(Fleet fleet, String... endpoints) throws IOException {
    write(endpoints);
    var config = folder.resolve("gateway.yaml");
    Files.writeString(
        config,
        """
        pools:
          - name: tiny
            discovery: {file: {path: "%s"}}
            scrape: {interval: 50ms}
        """
            .formatted(folder.resolve("endpoints.yaml")));
    return TestGateway.over(
        fleet, ConfigSources.builder().file(config).flag("--log.access", "false"));
  }

  /** Replaces the file of endpoints as a whole. */
  private void write(String... endpoints) throws IOException {
    var next = folder.resolve("next.yaml");
    Files.writeString(next, "endpoints:\n" + String.join("", endpoints));
    Files.move(next, folder.resolve("endpoints.yaml"), StandardCopyOption.REPLACE_EXISTING);
  }

  private static String endpoint(String name, SimulatedPod pod, String role) {
    return "- {name: %s, address: 127.0.0.1, port: \"%d\", labels: {llm-d.ai/role: %s}}\n"
        .formatted(name, pod.port(), role);
  }
}
