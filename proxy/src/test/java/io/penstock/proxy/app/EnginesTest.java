package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static io.penstock.proxy.app.TestGateway.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.engine.EngineProfile;
import io.penstock.simulator.http.PodConfig;
import io.penstock.simulator.metrics.EngineKind;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One pool with pods of three engines: each is read by its own names, and picked by its load. */
class EnginesTest {

  private static final String CHAT = "/v1/chat/completions";

  @TempDir private Path folder;

  private static SimulatedPod start(Fleet fleet, EngineKind kind) {
    return fleet.start(
        PodConfig.builder()
            .profile(EngineProfile.LLAMA_8B)
            .metrics(kind)
            .engine(engine -> engine.maxNumSeqs(1))
            .build());
  }

  private Path gatewayFile(Fleet fleet) throws IOException {
    return Files.writeString(
        folder.resolve("gateway.yaml"),
        """
        log: {access: false}
        pools:
          - name: tiny
            models: [tiny]
            scrape: {interval: 20ms}
            picker:
              allowExperimentalPlugins: true
              config:
                plugins:
                  - type: queue-scorer
                  - type: core-metrics-extractor
                    parameters:
                      engineConfigs:
                        - name: sglang
                          queuedRequestsSpec: sglang:num_queue_reqs
                          runningRequestsSpec: sglang:num_running_reqs
                          kvUsageSpec: sglang:token_usage
                          customMetrics:
                            - {attributeKey: used, metricSpec: sglang:num_used_tokens}
                  - type: endpoint-attribute-filter
                    parameters:
                      attribute: used
                      algorithm: {type: threshold, threshold: {operator: LessThan, value: 1e9}}
            discovery:
              static:
                endpoints:
                  - {address: "%s"}
                  - {address: "%s", labels: {llm-d.ai/engine-type: sglang}}
                  - {address: "%s", labels: {llm-d.ai/engine-type: triton-tensorrt-llm}}
        """
            .formatted(fleet.pod(0).hostPort(), fleet.pod(1).hostPort(), fleet.pod(2).hostPort()));
  }

  /** Streams that are at a pod without the gateway's doing: one runs, the others wait. */
  private static List<Socket> streams(SimulatedPod pod, int count) throws IOException {
    List<Socket> streams = new ArrayList<>();
    byte[] body = request(CHAT, chat("runs", 4_000, true)).getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < count; i++) {
      var socket = new Socket(pod.address().getAddress(), pod.port());
      socket.getOutputStream().write(body);
      streams.add(socket);
    }
    return streams;
  }

  @Test
  void each_is_read_by_its_names_and_the_one_with_the_shortest_queue_is_picked() throws Exception {
    var fleet = Fleet.builder().build();
    for (var kind : EngineKind.values()) {
      start(fleet, kind);
    }
    try (var gateway = TestGateway.over(fleet, ConfigSources.builder().file(gatewayFile(fleet)))) {
      var signals = gateway.app.picker("tiny").signals();
      for (int free = 0; free < 3; free++) {
        List<Socket> streams = new ArrayList<>();
        for (int pod = 0; pod < 3; pod++) {
          streams.addAll(streams(fleet.pod(pod), pod == free ? 0 : 2 + pod));
        }
        for (int pod = 0; pod < 3; pod++) {
          int slot = slot(gateway, fleet.pod(pod));
          int waiting = pod == free ? 0 : 1 + pod;
          int running = pod == free ? 0 : 1;
          await()
              .atMost(Duration.ofSeconds(10))
              .until(() -> signals.waiting(slot) == waiting && signals.running(slot) == running);
          assertThat(signals.kvUsage(slot) > 0).as("%d at %d", free, pod).isEqualTo(running > 0);
        }
        var used = signals.attributes();
        int column = used.column("used");
        assertThat(used.value(slot(gateway, fleet.pod(1)), column) > 0).isEqualTo(free != 1);
        assertThat(used.value(slot(gateway, fleet.pod(0)), column)).isNaN();

        var answer = gateway.post(CHAT, chat("hello", 2, false), "x-request-id", "free-" + free);

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(gateway.answered("free-" + free)).isSameAs(fleet.pod(free));
        for (var stream : streams) {
          stream.close();
        }
      }
    }
  }

  private static int slot(TestGateway gateway, SimulatedPod pod) {
    return gateway.app.picker("tiny").snapshot().endpoints().stream()
        .filter(endpoint -> endpoint.address().equals(pod.hostPort()))
        .findFirst()
        .orElseThrow()
        .slot();
  }
}
