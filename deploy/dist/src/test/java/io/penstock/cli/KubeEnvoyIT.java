package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.SimulatedPod;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What takes the place of another endpoint picker in a cluster: a real Envoy with the shipped
 * {@code fail-close.yaml}, {@code penstock picker --pool-name} under its ServiceAccount, and pods
 * that a real API server knows.
 */
@Tag("kube")
@Tag("envoy")
class KubeEnvoyIT {

  private static final String CHAT = "/v1/chat/completions";
  private static final String LABELS = "app: llm";
  private static final int CLIENTS = 8;

  private static KubeCluster cluster;
  private static PenstockProcess picker;
  private static EnvoyProcess envoy;
  private static SimulatedPod a;
  private static SimulatedPod b;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    cluster = KubeCluster.start(folder);
    cluster.kustomize("rbac");
    cluster.install("v1");
    cluster.apply(
        """
        apiVersion: inference.networking.k8s.io/v1
        kind: InferencePool
        metadata: {name: llm}
        spec:
          selector: {matchLabels: {app: llm}}
          targetPorts: [{number: 8000}]
          endpointPickerRef: {name: picker, port: {number: 9002}}
        """);
    a = cluster.create("a", LABELS);
    b = cluster.create("b", LABELS);
    cluster.ready("a", true);
    cluster.ready("b", true);
    picker =
        PenstockProcess.start(
            Map.of("KUBECONFIG", cluster.account("penstock").toString()),
            List.of("picker", "--pool-name=llm", "--pool-namespace=llm"),
            "--bind-address=127.0.0.1",
            "--grpc-port=0",
            "--grpc-health-port=0",
            "--metrics-port=0");
    envoy = EnvoyProcess.start(folder, "fail-close", picker.said("ext-proc on "), Map.of());
    awaitReadyEndpoints(2);
  }

  @AfterAll
  static void takeDown() throws Exception {
    if (envoy != null) {
      envoy.close();
    }
    if (picker != null) {
      picker.close();
    }
    if (cluster != null) {
      cluster.takeDown();
    }
  }

  @Test
  void chats_stream_from_the_pods_of_the_pool() throws Exception {
    long before = a.stats().inferenceRequests() + b.stats().inferenceRequests();
    try (var stream = new OpenStream(envoy.url(), "hello", 40)) {
      assertThat(stream.answer())
          .startsWith("HTTP/1.1 200 OK")
          .contains("\"completion_tokens\":40", "data: [DONE]\n\n")
          .endsWith("0\r\n\r\n");
    }
    assertThat(a.stats().inferenceRequests() + b.stats().inferenceRequests()).isEqualTo(before + 1);
  }

  @Test
  void the_same_prefix_lands_on_the_same_pod() throws Exception {
    long beforeA = a.stats().inferenceRequests();
    long beforeB = b.stats().inferenceRequests();
    String document = "one long document ".repeat(400);
    for (int i = 0; i < 12; i++) {
      var answer =
          PenstockProcess.post(
              envoy.url(),
              CHAT,
              """
              {"model":"tiny","messages":[{"role":"user","content":"%squestion %d"}],\
              "max_tokens":2}"""
                  .formatted(document, i));
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }
    assertThat(
            List.of(
                a.stats().inferenceRequests() - beforeA, b.stats().inferenceRequests() - beforeB))
        .containsExactlyInAnyOrder(12L, 0L);
  }

  @Test
  void a_pod_that_is_deleted_under_traffic_gets_nothing_more_and_no_request_fails()
      throws Exception {
    try (var load = new ChatLoad(envoy.url(), CLIENTS)) {
      var c = cluster.create("c", LABELS);
      cluster.ready("c", true);
      soon().until(() -> c.stats().inferenceRequests() > 0);

      cluster.delete("c");
      soon().until(() -> nothingReaches(c, load));
      assertThat(nothingReaches(c, load)).isTrue();
      cluster.end("c");
      awaitReadyEndpoints(2);

      load.awaitMore(100);
      load.stop();
      load.assertAllWhole();
    }
  }

  /** Whether many answers long no request comes to a pod. */
  private static boolean nothingReaches(SimulatedPod pod, ChatLoad load) {
    long before = pod.stats().inferenceRequests();
    load.awaitMore(20 * CLIENTS);
    return pod.stats().inferenceRequests() == before;
  }

  private static void awaitReadyEndpoints(int count) {
    soon().until(() -> picker.pickerMetric("llm_d_epp_ready_endpoints") == count);
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofMinutes(1));
  }
}
