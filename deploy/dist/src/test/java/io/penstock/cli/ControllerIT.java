package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.http.PodConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
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
 * {@code penstock controller} against a real control plane with RBAC on, as the ServiceAccount and
 * with the rights of {@code deploy/kustomize/controller}; a whole life of each seed manifest. The
 * tests follow each other on one cluster, which has no Gateway API.
 */
@Tag("kube")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ControllerIT {

  private static final String SYSTEM = "penstock-system";
  private static final String CPU = "opt-125m-cpu";
  private static final String GPU = "qwen2-7b";
  private static final Path ROOT = Path.of(System.getProperty("penstock.root"));

  private static KubeCluster cluster;
  private static Map<String, String> account;
  private static PenstockProcess controller;
  private static int webhookPort;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    cluster = KubeCluster.start(folder);
    webhookPort = WebhookIT.freePort();
    cluster.kubectl("create", "namespace", SYSTEM);
    installCrds();
    cluster.kubectl(
        "apply",
        "--namespace",
        SYSTEM,
        "-k",
        ROOT.resolve("deploy/kustomize/controller").toString());
    account =
        Map.of(
            "KUBECONFIG",
            cluster.account(SYSTEM, "penstock-controller").toString(),
            "NAMESPACE",
            SYSTEM);
    startController();
  }

  private static void installCrds() throws Exception {
    cluster.kubectl("apply", "--server-side", "--filename", ROOT.resolve("deploy/crds").toString());
    cluster.kubectl("wait", "--for", "condition=established", "--timeout", "30s", "crd", "--all");
  }

  private static void startController() throws Exception {
    controller =
        PenstockProcess.start(
            account,
            List.of(
                "controller",
                "--admin",
                "127.0.0.1:0",
                "--kinds-every",
                "1s",
                "--webhook",
                "127.0.0.1:" + webhookPort,
                "--webhook-url",
                "https://127.0.0.1:" + webhookPort));
    controller.said("webhooks on port ");
  }

  @AfterAll
  static void takeDown() throws Exception {
    if (controller != null) {
      controller.close();
    }
    if (cluster != null) {
      cluster.takeDown();
    }
  }

  @Test
  @Order(1)
  void the_cpu_manifest_is_applied_unchanged_and_becomes_ready() throws Exception {
    applySeed(CPU + ".yaml");

    awaitReady(CPU);

    assertThat(status(CPU, "{.status.phase} {.status.replicas} {.status.url}"))
        .isEqualTo("Ready 1/1 http://opt-125m-cpu-kserve-workload-svc.llm.svc.cluster.local:8000");
    assertThat(cluster.kubectl("get", "deployment", CPU + "-kserve", "-o", image()))
        .contains("vllm");
    assertThat(cluster.kubectl("get", "events", "-o", "jsonpath={.items[*].reason}"))
        .contains("LLMInferenceServiceReady");
  }

  private static String image() {
    return "jsonpath={.spec.template.spec.containers[0].image}";
  }

  @Test
  @Order(2)
  void a_controller_that_starts_anew_looks_at_everything_and_writes_nothing() throws Exception {
    controller.terminate();
    assertThat(controller.exitStatus(Duration.ofSeconds(30))).isZero();

    startController();

    soon().until(() -> metric("penstock_controller_pass_seconds_count") >= 1);
    assertThat(metric("penstock_controller_writes_total")).isZero();
    assertThat(PenstockProcess.get(admin() + "/readyz").statusCode()).isEqualTo(200);
  }

  @Test
  @Order(3)
  void what_others_change_or_delete_is_put_right() throws Exception {
    cluster.kubectl("scale", "deployment", CPU + "-kserve", "--replicas=4");
    cluster.kubectl("delete", "service", CPU + "-kserve-workload-svc");
    cluster.kubectl(
        "label", "service,deployment", "--all", "app.kubernetes.io/component=other", "--overwrite");

    soon()
        .untilAsserted(
            () -> {
              assertThat(deployment("{.spec.replicas}")).isEqualTo("1");
              assertThat(deployment("{.metadata.labels.app\\.kubernetes\\.io/component}"))
                  .isEqualTo("llminferenceservice-workload");
              assertThat(
                      cluster.kubectl("get", "service", CPU + "-kserve-workload-svc", "-o", "name"))
                  .isNotEmpty();
            });
    awaitReady(CPU);
  }

  private static String deployment(String path) throws Exception {
    return cluster.kubectl("get", "deployment", CPU + "-kserve", "-o", "jsonpath=" + path);
  }

  @Test
  @Order(4)
  void an_update_is_ready_when_it_has_rolled_out_and_what_it_takes_away_is_gone() throws Exception {
    patch(
        CPU,
        """
        {"spec":{"replicas":2,"labels":{"team":"a"},
          "template":{"spec":{"containers":[{"name":"main","env":[{"name":"ONE","value":"1"}]}]}}}}""");
    awaitReady(CPU);
    assertThat(status(CPU, "{.status.replicas}")).isEqualTo("2/2");
    assertThat(deployment("{.spec.template.spec.containers[0].env[*].name}")).contains("ONE");
    assertThat(pods("{.items[*].metadata.labels.team}")).isEqualTo("a a");

    patch(
        CPU,
        """
        {"spec":{"replicas":1,"labels":null,"template":{"spec":{"containers":[{"name":"main"}]}}}}""");
    awaitReady(CPU);
    assertThat(status(CPU, "{.status.replicas}")).isEqualTo("1/1");
    assertThat(deployment("{.spec.template.spec.containers[0].env[*].name}")).doesNotContain("ONE");
    assertThat(deployment("{.spec.template.metadata.labels}")).doesNotContain("team");
  }

  private static String pods(String path) throws Exception {
    return cluster.kubectl(
        "get", "pods", "--field-selector", "status.phase=Running", "-o", "jsonpath=" + path);
  }

  @Test
  @Order(5)
  void an_image_that_cannot_be_pulled_is_named_by_why() throws Exception {
    // Two pods, of which one goes on serving.
    patch(CPU, "{\"spec\":{\"replicas\":2}}");
    soon().until(() -> status(CPU, "{.status.replicas}").equals("2/2"));
    awaitReady(CPU);
    var pod = podThatStays();
    cluster.kubectl(
        "patch",
        "pod",
        pod,
        "--subresource=status",
        "--patch",
        """
        {"status":{"conditions":[{"type":"Ready","status":"False"},
          {"type":"ContainersReady","status":"False"}],
          "containerStatuses":[{"name":"main","image":"x","imageID":"","restartCount":0,"ready":false,
          "state":{"waiting":{"reason":"ImagePullBackOff","message":"no such image"}}}]}}""");

    soon()
        .until(() -> status(CPU, "{.status.message}").contains("ImagePullBackOff: no such image"));
    soon().until(() -> status(CPU, "{.status.phase}").equals("Degraded"));
    var why = why(CPU);
    assertThat(why.status()).isEqualTo(1);
    assertThat(why.output()).contains("because of MainWorkloadReady", pod, "no such image");

    cluster.kubectl("delete", "pod", pod, "--grace-period=0", "--force");
    patch(CPU, "{\"spec\":{\"replicas\":1}}");
    soon().until(() -> status(CPU, "{.status.replicas}").equals("1/1"));
    awaitReady(CPU);
    assertThat(why(CPU).status()).isZero();
  }

  private static String podThatStays() throws Exception {
    return cluster.kubectl(
            "get",
            "pods",
            "--field-selector",
            "status.phase=Running",
            "-o",
            "go-template={{range .items}}{{if not .metadata.deletionTimestamp}}"
                + "{{.metadata.name}} {{end}}{{end}}")
        .split(" ", 2)[0];
  }

  private static PenstockProcess.Finished why(String name) throws Exception {
    try (var process =
        PenstockProcess.start(account, List.of("why", name, "-n", KubeCluster.NAMESPACE))) {
      int status = process.exitStatus(Duration.ofMinutes(1));
      return new PenstockProcess.Finished(status, process.output());
    }
  }

  @Test
  @Order(6)
  void a_stopped_service_has_no_children_until_it_is_started_again() throws Exception {
    cluster.kubectl("annotate", "llmisvc", CPU, "serving.kserve.io/stop=true");

    soon().until(() -> status(CPU, "{.status.phase}").equals("Stopped"));
    awaitNothingLeft();
    assertThat(status(CPU, "{.status.url}")).isEmpty();

    cluster.kubectl("annotate", "llmisvc", CPU, "serving.kserve.io/stop-");
    awaitReady(CPU);
  }

  @Test
  @Order(7)
  void an_object_of_somebody_else_with_a_childs_name_is_left_alone_and_named() throws Exception {
    cluster.apply(
        """
        apiVersion: v1
        kind: Service
        metadata: {name: taken-kserve-workload-svc}
        spec: {selector: {app: other}, ports: [{port: 1}]}
        """);
    cluster.apply(
        """
        apiVersion: serving.kserve.io/v1alpha2
        kind: LLMInferenceService
        metadata: {name: taken}
        spec:
          model: {uri: "hf://facebook/opt-125m"}
          replicas: 1
        """);

    soon().until(() -> ready("taken", "{.reason}").equals("NameTaken"));
    assertThat(ready("taken", "{.message}")).contains("taken-kserve-workload-svc");
    assertThat(
            cluster.kubectl(
                "get", "service", "taken-kserve-workload-svc", "-o", "jsonpath={.spec.selector}"))
        .isEqualTo("{\"app\":\"other\"}");

    cluster.kubectl("delete", "service", "taken-kserve-workload-svc");
    cluster.kubectl("annotate", "llmisvc", "taken", "note=the-name-is-free");
    awaitReady("taken");
    cluster.kubectl("delete", "llmisvc", "taken");
  }

  @Test
  @Order(8)
  void deleting_a_service_leaves_nothing_behind() throws Exception {
    cluster.kubectl("delete", "llmisvc", CPU);

    awaitNothingLeft();
  }

  private static void awaitNothingLeft() {
    soon()
        .untilAsserted(
            () -> {
              removeTerminatingPods();
              assertThat(children()).isEmpty();
            });
  }

  /** KWOK keeps a pod for its grace period; a kubelet removes it when its containers end. */
  private static void removeTerminatingPods() throws Exception {
    var list =
        cluster.kubectl(
            "get",
            "pods",
            "-o",
            "jsonpath={range .items[?(@.metadata.deletionTimestamp)]}{.metadata.name} {end}");
    for (var pod : list.strip().split(" +", -1)) {
      if (!pod.isEmpty()) {
        cluster.kubectl("delete", "pod", pod, "--grace-period=0", "--force", "--ignore-not-found");
      }
    }
  }

  /** Everything that a controller may have made in the namespace. */
  private static List<String> children() throws Exception {
    List<String> kinds =
        new ArrayList<>(
            List.of(
                "deployments",
                "replicasets",
                "pods",
                "services",
                "secrets",
                "serviceaccounts",
                "roles",
                "rolebindings",
                "poddisruptionbudgets"));
    if (!cluster.kubectl("api-resources", "-o", "name").contains("inferencepools")) {
      return labelled(kinds);
    }
    kinds.add("inferencepools");
    return labelled(kinds);
  }

  private static List<String> labelled(List<String> kinds) throws Exception {
    return cluster
        .kubectl(
            "get",
            String.join(",", kinds),
            "--selector",
            "app.kubernetes.io/part-of=llminferenceservice",
            "-o",
            "name")
        .lines()
        .filter(line -> line.contains("/"))
        .toList();
  }

  @Test
  @Order(9)
  void a_controller_that_is_killed_half_way_is_finished_by_the_next() throws Exception {
    for (int i = 0; i < 3; i++) {
      applySeed(CPU + ".yaml");
      int wanted = i;
      soon().until(() -> children().size() >= wanted);
      controller.close();
      startController();
      awaitReady(CPU);
      cluster.kubectl("delete", "llmisvc", CPU);
      awaitNothingLeft();
    }
  }

  @Test
  @Order(10)
  void a_kind_that_is_missing_is_named_and_its_arrival_is_noticed() throws Exception {
    applySeed("qwen2-7b-gpu.yaml");
    soon().until(() -> ready(GPU, "{.reason}").equals("InferencePoolCRDMissing"));

    cluster.install("v1");

    awaitReady(GPU);
    assertThat(
            cluster.kubectl(
                "get", "secret", GPU + "-kserve-self-signed-certs", "-o", "jsonpath={.type}"))
        .isEqualTo("kubernetes.io/tls");
  }

  @Test
  @Order(11)
  void from_the_gpu_manifest_to_a_streamed_answer_and_from_three_pods_to_one_without_loss()
      throws Exception {
    var tls = new PodConfig.Tls(ofSecret("tls.crt"), ofSecret("tls.key"));
    try (var engines = new ControlledPods(cluster, GPU, tls, GPU, "publishers/llm/models/" + GPU)) {
      soon().until(() -> engines.running().size() == 3);
      try (var gateway =
          PenstockProcess.serveUnready(
              gatewayAccount(),
              "--pool",
              argument("--pool"),
              "--pods-tls",
              "--pods-ca",
              ofSecret("ca.crt").toString(),
              "--pods-server-name",
              argument("--pods-server-name"),
              "--log.access",
              "false")) {
        soon().until(() -> gateway.admin("/readyz").statusCode() == 200);
        try (var stream = new OpenStream(gateway.url(), GPU, "Say something", 20)) {
          assertThat(stream.answer()).contains("data: [DONE]");
        }
        try (var load = new ChatLoad(gateway.url(), GPU, 4)) {
          load.awaitMore(100);
          patch(GPU, "{\"spec\":{\"replicas\":1}}");
          soon().until(() -> engines.running().size() == 1);
          soon().until(() -> status(GPU, "{.status.replicas}").equals("1/1"));
          load.awaitMore(100);
          load.stop();
          load.assertAllWhole();
        }
      }
      awaitReady(GPU);
      cluster.kubectl("delete", "llmisvc", GPU);
      awaitNothingLeft();
    }
  }

  /** The rights of the gateway that the controller has rendered. */
  private static Map<String, String> gatewayAccount() throws Exception {
    return Map.of("KUBECONFIG", cluster.account(GPU + "-kserve-gateway").toString());
  }

  /** What follows a flag of the gateway that the controller has rendered. */
  private static String argument(String flag) throws Exception {
    var arguments =
        List.of(
            cluster
                .kubectl(
                    "get",
                    "deployment",
                    GPU + "-kserve-gateway",
                    "-o",
                    "jsonpath={range .spec.template.spec.containers[0].args[*]}{@}{\"\\n\"}{end}")
                .split("\n", -1));
    assertThat(arguments).contains(flag);
    return arguments.get(arguments.indexOf(flag) + 1);
  }

  /** A file of the Secret that the pods mount. */
  private static Path ofSecret(String key) throws Exception {
    var data =
        cluster.kubectl(
            "get",
            "secret",
            GPU + "-kserve-self-signed-certs",
            "-o",
            "jsonpath={.data." + key.replace(".", "\\.") + "}");
    return Files.write(folder.resolve(key), Base64.getDecoder().decode(data.strip()));
  }

  private static void applySeed(String file) throws Exception {
    cluster.apply(
        Files.readString(ROOT.resolve("controller/src/test/resources/seed").resolve(file)));
  }

  private static void patch(String name, String patch) throws Exception {
    cluster.kubectl(
        "patch",
        "llminferenceservices.v1alpha2.serving.kserve.io",
        name,
        "--type=merge",
        "-p",
        patch);
  }

  /** Waits until the service is ready, as it is now asked for. */
  private static void awaitReady(String name) {
    soon()
        .untilAsserted(
            () -> {
              assertThat(ready(name, "{.status} {.observedGeneration}"))
                  .as(() -> said(name))
                  .isEqualTo("True " + status(name, "{.metadata.generation}"));
            });
  }

  private static String said(String name) {
    try {
      return status(name, "{.status}") + "\n" + controller.output();
    } catch (Exception e) {
      return e.toString();
    }
  }

  private static String ready(String name, String path) throws Exception {
    var fields =
        path.replace("{.", "{.status.conditions[?(@.type==\"LLMInferenceServiceReady\")].");
    return status(name, fields);
  }

  private static String status(String name, String path) throws Exception {
    return cluster
        .kubectl(
            "get",
            "llminferenceservices.v1alpha2.serving.kserve.io",
            name,
            "-o",
            "jsonpath=" + path)
        .strip();
  }

  private static String admin() {
    return controller.said("admin on ");
  }

  private static double metric(String name) throws Exception {
    return PenstockProcess.metric(PenstockProcess.get(admin() + "/metrics").body(), name);
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofMinutes(1)).pollInterval(Duration.ofMillis(200));
  }
}
