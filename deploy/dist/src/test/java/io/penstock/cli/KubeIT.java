package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonReader;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code penstock serve --pool} against a real API server with RBAC on, as the ServiceAccount and
 * with the rights that {@code deploy/kustomize/rbac} gives. The tests follow each other on one
 * cluster: the pool has the pods a and b after the first.
 */
@Tag("kube")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class KubeIT {

  private static final String LABELS = "app: llm";
  private static final int CLIENTS = 8;

  private static final List<String> PICKER =
      List.of(
          "picker",
          "--bind-address=127.0.0.1",
          "--secure-serving=false",
          "--grpc-port=0",
          "--grpc-health-port=0",
          "--metrics-port=0");

  private static KubeCluster cluster;
  private static Map<String, String> account;
  private static PenstockProcess gateway;
  private static SimulatedPod a;
  private static SimulatedPod b;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    cluster = KubeCluster.start(folder);
    cluster.kustomize("rbac");
    account = Map.of("KUBECONFIG", cluster.account("penstock").toString());
    gateway =
        PenstockProcess.serveUnready(
            account, "--pool", KubeCluster.NAMESPACE + "/llm", "--log.access", "false");
  }

  @AfterAll
  static void takeDown() throws Exception {
    if (gateway != null) {
      gateway.close();
    }
    if (cluster != null) {
      cluster.takeDown();
    }
  }

  @Test
  @Order(1)
  void a_pool_is_served_as_soon_as_its_kind_it_and_ready_pods_are_there() throws Exception {
    awaitTrouble("the API server answers 404");
    cluster.install("v1");
    cluster.apply(
        """
        apiVersion: inference.networking.k8s.io/v1
        kind: InferencePool
        metadata: {name: llm}
        spec: {selector: {matchLabels: {app: llm}}, targetPorts: [{number: 8000}]}
        """);
    awaitNoTrouble();
    a = cluster.create("a", LABELS);
    b = cluster.create("b", LABELS);
    assertThat(gateway.admin("/readyz").statusCode()).isEqualTo(503);

    cluster.ready("a", true);
    soon().until(() -> gateway.admin("/readyz").statusCode() == 200);
    assertThat(names()).containsExactly("llm/a-rank-0");
    cluster.ready("b", true);
    soon().until(() -> names().equals(List.of("llm/a-rank-0", "llm/b-rank-0")));

    try (var load = new ChatLoad(gateway.url(), CLIENTS)) {
      load.awaitMore(100);
      load.stop();
      load.assertAllWhole();
    }
    assertThat(a.stats().inferenceRequests()).isPositive();
    assertThat(b.stats().inferenceRequests()).isPositive();
  }

  @Test
  @Order(2)
  void pods_come_and_go_under_traffic_and_no_request_fails() throws Exception {
    try (var load = new ChatLoad(gateway.url(), CLIENTS)) {
      var c = cluster.create("c", LABELS);
      cluster.ready("c", true);
      soon().until(() -> c.stats().inferenceRequests() > 0);

      cluster.kubectl("label", "pod", "b", "app=other", "--overwrite");
      soon().until(() -> !names().contains("llm/b-rank-0"));
      assertNothingMoreReaches(b, load);
      cluster.kubectl("label", "pod", "b", "app=llm", "--overwrite");
      soon().until(() -> names().contains("llm/b-rank-0"));

      cluster.ready("b", false);
      soon().until(() -> !names().contains("llm/b-rank-0"));
      assertNothingMoreReaches(b, load);
      cluster.ready("b", true);
      soon().until(() -> names().contains("llm/b-rank-0"));

      cluster.delete("c");
      soon().until(() -> terminating().contains("llm/c-rank-0"));
      assertNothingMoreReaches(c, load);
      cluster.end("c");
      soon().until(() -> names().equals(List.of("llm/a-rank-0", "llm/b-rank-0")));

      load.awaitMore(100);
      load.stop();
      load.assertAllWhole();
    }
  }

  /** What is on its way when a change is seen ends; from then on nothing comes. */
  private static void assertNothingMoreReaches(SimulatedPod pod, ChatLoad load) {
    load.awaitMore(2 * CLIENTS);
    long before = pod.stats().inferenceRequests();
    load.awaitMore(20 * CLIENTS);
    assertThat(pod.stats().inferenceRequests()).isEqualTo(before);
  }

  @Test
  @Order(3)
  void an_api_server_that_is_down_costs_no_request_and_is_reported() throws Exception {
    try (var load = new ChatLoad(gateway.url(), CLIENTS)) {
      cluster.stop("kube-apiserver");
      awaitTrouble("not watched now, the last known state is kept; the API server cannot be asked");
      assertThat(gateway.admin("/readyz").statusCode()).isEqualTo(200);
      assertThat(names()).containsExactly("llm/a-rank-0", "llm/b-rank-0");
      load.awaitMore(100);

      cluster.startAgain();
      cluster.create("d", LABELS);
      cluster.ready("d", true);
      soon().until(() -> names().contains("llm/d-rank-0"));
      awaitNoTrouble();
      cluster.delete("d");
      soon().until(() -> terminating().contains("llm/d-rank-0"));
      load.stop();
      load.assertAllWhole();
      cluster.end("d");
    }
  }

  @Test
  @Order(4)
  void rights_that_are_taken_away_are_reported_and_the_last_pods_stay() throws Exception {
    assertThat(cluster.allows("penstock", "list", "pods")).isTrue();
    assertThat(cluster.allows("penstock", "list", "secrets")).isFalse();
    assertThat(cluster.allows("penstock", "delete", "pods")).isFalse();

    cluster.kubectl("delete", "rolebinding", "penstock");
    awaitTrouble("the API server answers 403");
    assertThat(names()).containsExactly("llm/a-rank-0", "llm/b-rank-0");

    cluster.kustomize("rbac");
    awaitNoTrouble();
    cluster.create("e", LABELS);
    cluster.ready("e", true);
    soon().until(() -> names().contains("llm/e-rank-0"));
    cluster.end("e");
    soon().until(() -> names().equals(List.of("llm/a-rank-0", "llm/b-rank-0")));
  }

  @Test
  @Order(5)
  void the_older_kind_of_pool_and_a_plain_selector_find_the_same_pods() throws Exception {
    cluster.install("v1alpha2");
    cluster.apply(
        """
        apiVersion: inference.networking.x-k8s.io/v1alpha2
        kind: InferencePool
        metadata: {name: old}
        spec:
          selector: {app: llm}
          targetPortNumber: 8000
          extensionRef: {name: picker}
        """);
    var config =
        Files.writeString(
            folder.resolve("gateway.yaml"),
            """
            pools:
              - name: old
                discovery: {kubernetes: {pool: llm/old, group: inference.networking.x-k8s.io}}
              - name: selected
                discovery: {kubernetes: {namespace: llm, selector: app=llm, ports: 8000}}
            """);
    try (var other = PenstockProcess.serveUnready(account, "--config", config.toString())) {
      soon()
          .untilAsserted(
              () ->
                  assertThat(endpoints(other))
                      .extracting(each -> each.text("pool", "") + " " + each.text("name", ""))
                      .containsExactlyInAnyOrder(
                          "old llm/a-rank-0",
                          "old llm/b-rank-0",
                          "selected llm/a-rank-0",
                          "selected llm/b-rank-0"));
    }
  }

  @Test
  @Order(6)
  void of_two_pickers_only_the_leader_is_ready_and_the_other_takes_over() throws Exception {
    try (var first = picker()) {
      soon().until(() -> isReady(first));
      try (var second = picker()) {
        // A standby knows the pods already.
        soon().until(() -> readyEndpoints(second) == 2);
        assertThat(isReady(second)).isFalse();
        assertThat(isReady(first)).isTrue();
        assertThat(PickerIT.pick(first.said("ext-proc on "))).isIn(a.hostPort(), b.hostPort());

        first.terminate();

        soon().until(() -> isReady(second));
        assertThat(first.exitStatus(Duration.ofSeconds(30))).isZero();
        assertThat(cluster.kubectl("get", "lease", "epp-llm-llm.llm-d.ai", "-o", "name"))
            .contains("lease.coordination.k8s.io/epp-llm-llm.llm-d.ai");
      }
    }
  }

  @Test
  @Order(7)
  void a_picker_finds_its_pods_by_labels_too() throws Exception {
    try (var picker =
        PenstockProcess.start(
            account,
            PICKER,
            "--pool-namespace=llm",
            "--endpoint-selector=app=llm",
            "--endpoint-target-ports=8000")) {
      soon().until(() -> isReady(picker) && readyEndpoints(picker) == 2);
    }
  }

  private static PenstockProcess picker() throws Exception {
    return PenstockProcess.start(
        account,
        PICKER,
        "--pool-name=llm",
        "--pool-namespace=llm",
        "--pool-group=inference.networking.k8s.io",
        "--ha-enable-leader-election",
        "--pre-stop=1s");
  }

  private static double readyEndpoints(PenstockProcess picker) throws Exception {
    var page = PenstockProcess.get(picker.said("metrics on ")).body();
    return PenstockProcess.metric(page, "llm_d_epp_ready_endpoints");
  }

  private static boolean isReady(PenstockProcess picker) {
    return PickerIT.readiness(picker.said("health on ")) == ServingStatus.SERVING;
  }

  @Test
  @Order(8)
  void rewrites_rule_as_soon_as_their_kind_and_they_are_there() throws Exception {
    assertThat(ask("chat").statusCode()).isEqualTo(404);
    cluster.install("objectives");
    cluster.apply(rewrite("inference.networking.x-k8s.io", "old", "old-name", "tiny"));
    awaitStatus("old-name", 200);
    assertThat(ask("old-name").body()).contains("\"model\":\"old-name\"");

    cluster.install("llm-d");
    cluster.apply(rewrite("llm-d.ai", "chat", "chat", "nothing-here"));
    awaitStatus("chat", 503);
    // The kind of llm-d's group goes before the older one.
    awaitStatus("old-name", 404);
    cluster.apply(rewrite("llm-d.ai", "chat", "chat", "tiny"));
    awaitStatus("chat", 200);
    assertThat(ask("chat").body()).contains("\"model\":\"chat\"");

    cluster.kubectl("delete", "inferencemodelrewrites.llm-d.ai", "chat");
    awaitStatus("chat", 404);
    awaitNoTrouble();
  }

  @Test
  @Order(9)
  void objectives_are_known_with_the_older_kinds_beside_them() throws Exception {
    cluster.apply(
        """
        apiVersion: llm-d.ai/v1alpha2
        kind: InferenceObjective
        metadata: {name: batch}
        spec: {priority: -10, poolRef: {name: llm}}
        """);
    soon().until(() -> gateway.admin("/debug/rules").body().contains("\"batch\":-10"));
    cluster.kubectl("delete", "inferenceobjectives.llm-d.ai", "batch");
    soon().until(() -> !gateway.admin("/debug/rules").body().contains("batch"));
  }

  private static void awaitStatus(String model, int status) {
    soon().until(() -> ask(model).statusCode() == status);
  }

  private static HttpResponse<String> ask(String model) throws Exception {
    return gateway.post(
        "/v1/completions", "{\"model\":\"" + model + "\",\"prompt\":\"hello\",\"max_tokens\":2}");
  }

  private static String rewrite(String group, String name, String model, String target) {
    return """
        apiVersion: %s/v1alpha2
        kind: InferenceModelRewrite
        metadata: {name: %s}
        spec:
          poolRef: {name: llm}
          rules:
            - matches: [{model: {type: Exact, value: %s}}]
              targets: [{modelRewrite: %s}]
        """
        .formatted(group, name, model, target);
  }

  @Test
  @Order(10)
  void a_pool_that_is_deleted_is_served_no_more() throws Exception {
    cluster.kubectl("delete", "inferencepools.inference.networking.k8s.io", "llm");
    soon().until(() -> gateway.admin("/readyz").statusCode() == 503);
    awaitTrouble("InferencePool llm/llm of inference.networking.k8s.io does not exist");
  }

  private static void awaitTrouble(String sentence) {
    soon()
        .untilAsserted(
            () -> assertThat(gateway.admin("/readyz?verbose").body()).contains(sentence));
    soon().until(() -> gateway.metric("penstock_discovery_troubled") == 1);
  }

  private static void awaitNoTrouble() {
    soon().until(() -> gateway.metric("penstock_discovery_troubled") == 0);
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofMinutes(1));
  }

  /** Names of the endpoints that take requests, sorted. */
  private static List<String> names() throws Exception {
    return endpoints(gateway).stream()
        .filter(each -> each.flag("accepts"))
        .map(each -> each.text("name", ""))
        .sorted()
        .toList();
  }

  private static List<String> terminating() throws Exception {
    return endpoints(gateway).stream()
        .filter(each -> !each.flag("accepts"))
        .map(each -> each.text("name", ""))
        .toList();
  }

  private static List<Json.Obj> endpoints(PenstockProcess of) throws Exception {
    var page = (Json.Arr) JsonReader.parse(of.admin("/debug/endpoints").body());
    return page.items().stream().map(Json.Obj.class::cast).toList();
  }
}
