package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.penstock.tools.beside.FreePort;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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
 * The chart and the kustomization on a real control plane, in a namespace that takes restricted
 * pods only. What the pods would run is run beside it: the arguments of each Deployment, as its
 * ServiceAccount. The tests follow each other: a release is installed, upgraded, used and taken
 * away.
 */
@Tag("kube")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class InstallIT {

  private static final Path ROOT = Path.of(System.getProperty("penstock.root"));
  private static final String SYSTEM = "penstock-system";
  private static final String CONTROLLER = "penstock-controller";
  private static final String SERVICE = "opt-125m-cpu";
  private static final String WEBHOOK = "0.0.0.0:9443";
  private static final List<String> WAIT = List.of("--wait", "--timeout", "2m");

  private static final List<PenstockProcess> running = new ArrayList<>();
  private static KubeCluster cluster;
  private static Helm helm;
  private static PenstockProcess standby;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    helm = Helm.bringUp(folder);
    cluster = KubeCluster.start(folder);
    cluster.kubectl("create", "namespace", SYSTEM);
    cluster.kubectl("label", "namespace", SYSTEM, "pod-security.kubernetes.io/enforce=restricted");
  }

  @AfterAll
  static void takeDown() throws Exception {
    running.forEach(PenstockProcess::close);
    if (cluster != null) {
      cluster.takeDown();
    }
  }

  @Test
  @Order(1)
  void the_chart_installs_and_its_pods_are_admitted() throws Exception {
    release("install", "penstock", SYSTEM);

    assertThat(
            cluster.kubectl(
                "get",
                "deployment",
                CONTROLLER,
                "-n",
                SYSTEM,
                "-o",
                "jsonpath={.status.readyReplicas}"))
        .isEqualTo("2");
  }

  private static void release(String verb, String name, String namespace, String... values)
      throws Exception {
    List<String> command = new ArrayList<>(List.of(verb, name, Helm.CHART, "-n", namespace));
    for (var value : values) {
      command.addAll(List.of("--set", value));
    }
    command.addAll(WAIT);
    helm.ok(command.toArray(String[]::new));
  }

  @Test
  @Order(2)
  void an_upgrade_leaves_alone_what_the_controller_has_written() throws Exception {
    var inside = controller("inside", Map.of(WEBHOOK, "127.0.0.1:" + FreePort.next()));
    soon().untilAsserted(() -> assertThat(trusted()).hasSize(8).doesNotContain(""));
    var before = trusted();

    release("upgrade", "penstock", SYSTEM, "controller.workers=8");

    assertThat(arguments(SYSTEM, CONTROLLER)).containsSequence("--workers", "8");
    assertThat(trusted()).isEqualTo(before);
    assertThat(inside.output()).doesNotContain("cannot be told");
    inside.terminate();
    assertThat(inside.exitStatus(Duration.ofSeconds(30))).isZero();
  }

  /** Whom the API server trusts in the two CRDs and in the six webhooks. */
  private static List<String> trusted() throws Exception {
    List<String> trusted = new ArrayList<>();
    for (var name : List.of("llminferenceservices", "llminferenceserviceconfigs")) {
      trusted.add(
          cluster.kubectl(
              "get",
              "crd",
              name + ".serving.kserve.io",
              "-o",
              "jsonpath={.spec.conversion.webhook.clientConfig.caBundle}"));
    }
    for (var kind : List.of("mutating", "validating")) {
      var bundles =
          cluster.kubectl(
              "get",
              kind + "webhookconfigurations",
              "-o",
              "jsonpath={range .items[*].webhooks[*]}{.clientConfig.caBundle}{\"\\n\"}{end}");
      trusted.addAll(bundles.lines().toList());
    }
    return trusted;
  }

  @Test
  @Order(3)
  void of_two_controllers_one_reconciles_and_the_other_takes_over() throws Exception {
    // The first serves no webhooks, so that nobody misses it there.
    var first = controller("first", Map.of("--webhook", "--preset-prefix", WEBHOOK, "kserve-"));
    soon().until(() -> holder().startsWith("first_"));
    standby = reachable("second");
    cluster.apply(
        Files.readString(ROOT.resolve("controller/src/test/resources/seed/" + SERVICE + ".yaml")));
    awaitReady("1/1");
    soon().until(() -> PenstockProcess.get(admin(standby) + "/readyz").statusCode() == 200);
    assertThat(writes(standby)).isZero();

    first.close();
    patch("{\"spec\":{\"replicas\":2}}");

    awaitReady("2/2");
    assertThat(writes(standby)).isPositive();
    assertThat(holder()).startsWith("second_");
  }

  private static String holder() throws Exception {
    return cluster.kubectl(
        "get",
        "lease",
        CONTROLLER,
        "-n",
        SYSTEM,
        "--ignore-not-found",
        "-o",
        "jsonpath={.spec.holderIdentity}");
  }

  /** A controller whose webhooks the API server finds where no Service leads anywhere. */
  private static PenstockProcess reachable(String identity) throws Exception {
    var address = "127.0.0.1:" + FreePort.next();
    return controller(identity, Map.of(WEBHOOK, address), "--webhook-url", "https://" + address);
  }

  private static PenstockProcess controller(
      String identity, Map<String, String> changes, String... more) throws Exception {
    List<String> all = new ArrayList<>(List.of("--admin", "127.0.0.1:0"));
    all.addAll(List.of(more));
    var controller = start(SYSTEM, CONTROLLER, identity, changes, all);
    admin(controller);
    return controller;
  }

  private static String admin(PenstockProcess controller) {
    return controller.said("admin on ");
  }

  private static double writes(PenstockProcess controller) throws Exception {
    var page = PenstockProcess.get(admin(controller) + "/metrics").body();
    return PenstockProcess.metric(page, "penstock_controller_writes_total");
  }

  @Test
  @Order(4)
  void a_second_release_is_a_gateway_and_a_picker_for_a_pool() throws Exception {
    cluster.install("v1");
    cluster.apply(
        """
        apiVersion: inference.networking.k8s.io/v1
        kind: InferencePool
        metadata: {name: tiny}
        spec:
          selector: {matchLabels: {app: tiny}}
          targetPorts: [{number: 8000}]
          endpointPickerRef: {name: tiny-picker, port: {number: 9002}}
        """);
    var pod = cluster.create("a", "app: tiny");
    cluster.ready("a", true);

    release(
        "install",
        "tiny",
        KubeCluster.NAMESPACE,
        "controller.enabled=false",
        "gateway.enabled=true",
        "gateway.pool=llm/tiny",
        "picker.enabled=true",
        "picker.replicas=2", // one leads
        "picker.pool=tiny");

    var gateway =
        start(
            KubeCluster.NAMESPACE,
            "tiny-gateway",
            "gateway",
            Map.of(
                ":8080", "127.0.0.1:0",
                "127.0.0.1:9090", "127.0.0.1:0",
                ":8081", "127.0.0.1:0"),
            List.of());
    soon().until(() -> gateway.admin("/readyz").statusCode() == 200);
    var answer =
        gateway.post(
            "/v1/chat/completions",
            "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(pod.stats().inferenceRequests()).isEqualTo(1);
    var picker =
        start(
            KubeCluster.NAMESPACE,
            "tiny-picker",
            "picker",
            Map.of(
                "--grpc-port=9002", "--grpc-port=0",
                "--grpc-health-port=9003", "--grpc-health-port=0",
                "--metrics-port=9090", "--metrics-port=0"),
            List.of("--bind-address=127.0.0.1"));
    var health = picker.said("health on ");
    soon().until(() -> PickerIT.readiness(health) == ServingStatus.SERVING);
    assertThat(cluster.kubectl("get", "lease", "epp-llm-tiny.llm-d.ai", "-o", "name")).isNotEmpty();

    helm.ok("uninstall", "tiny", "-n", KubeCluster.NAMESPACE, "--wait");
    cluster.end("a");
  }

  /**
   * Runs what a Deployment runs.
   *
   * @param identity name of the pod
   * @param changes arguments, and what stands in their places here
   * @param more arguments
   */
  private static PenstockProcess start(
      String namespace,
      String deployment,
      String identity,
      Map<String, String> changes,
      List<String> more)
      throws Exception {
    List<String> arguments = new ArrayList<>(arguments(namespace, deployment));
    assertThat(arguments).containsAll(changes.keySet());
    arguments.replaceAll(each -> changes.getOrDefault(each, each));
    arguments.addAll(more);
    var kubeconfig = cluster.account(namespace, deployment).toString();
    var process =
        PenstockProcess.start(
            Map.of("KUBECONFIG", kubeconfig, "NAMESPACE", namespace, "POD_NAME", identity),
            arguments);
    running.add(process);
    return process;
  }

  /** What a Deployment's container is started with. */
  private static List<String> arguments(String namespace, String deployment) throws Exception {
    return cluster
        .kubectl(
            "get",
            "deployment",
            deployment,
            "-n",
            namespace,
            "-o",
            "jsonpath={range .spec.template.spec.containers[0].args[*]}{@}{\"\\n\"}{end}")
        .lines()
        .toList();
  }

  @Test
  @Order(5)
  void what_is_uninstalled_leaves_services_and_their_kinds() throws Exception {
    standby.close();

    helm.ok("uninstall", "penstock", "-n", SYSTEM, "--wait");

    assertThat(
            cluster.kubectl(
                "get",
                "clusterroles,clusterrolebindings,mutatingwebhookconfigurations,"
                    + "validatingwebhookconfigurations,deployments,services,serviceaccounts,roles,"
                    + "rolebindings,networkpolicies,poddisruptionbudgets",
                "-A",
                "-l",
                "app.kubernetes.io/managed-by=Helm",
                "-o",
                "name"))
        .doesNotContain("/");
    assertThat(status("{.status.replicas}")).isEqualTo("2/2");
    assertThat(cluster.kubectl("get", "deployment", SERVICE + "-kserve", "-o", "name"))
        .isNotEmpty();
  }

  @Test
  @Order(6)
  void the_kustomization_takes_over_and_its_pods_are_admitted() throws Exception {
    cluster.kubectl("apply", "-n", SYSTEM, "-k", ROOT + "/deploy/kustomize/controller");

    cluster.kubectl(
        "rollout", "status", "deployment/" + CONTROLLER, "-n", SYSTEM, "--timeout", "1m");
    reachable("third");
    patch("{\"spec\":{\"replicas\":1}}");
    awaitReady("1/1");
  }

  private static void patch(String patch) throws Exception {
    cluster.kubectl(
        "patch",
        "llminferenceservices.v1alpha2.serving.kserve.io",
        SERVICE,
        "--type=merge",
        "-p",
        patch);
  }

  private static void awaitReady(String replicas) {
    soon()
        .untilAsserted(
            () ->
                assertThat(status("{.status.phase} {.status.replicas}"))
                    .isEqualTo("Ready " + replicas));
  }

  private static String status(String path) throws Exception {
    return cluster.kubectl(
        "get",
        "llminferenceservices.v1alpha2.serving.kserve.io",
        SERVICE,
        "-o",
        "jsonpath=" + path);
  }

  private static ConditionFactory soon() {
    return await().atMost(Duration.ofMinutes(1)).pollInterval(Duration.ofMillis(200));
  }
}
