package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code penstock render --diff} beside a real API server and what a real controller has made
 * there. The tests follow each other.
 */
@Tag("kube")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RenderDiffIT {

  private static final Path ROOT = Path.of(System.getProperty("penstock.root"));
  private static final Path SEED = ROOT.resolve("controller/src/test/resources/seed");
  private static final String CPU = "opt-125m-cpu";
  private static final String GPU = "qwen2-7b";

  private static ControlledCluster controlled;
  private static KubeCluster cluster;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    controlled = ControlledCluster.start(folder);
    cluster = controlled.cluster();
    cluster.install("v1");
  }

  @AfterAll
  static void takeDown() throws Exception {
    if (controlled != null) {
      controlled.takeDown();
    }
  }

  @Test
  @Order(1)
  void what_is_not_there_would_be_created_and_is_not() throws Exception {
    var done = diff(seed(CPU));

    assertThat(done.status()).as(done.output()).isEqualTo(1);
    assertThat(done.output())
        .contains(
            "--- /dev/null\n+++ rendered/apps/v1.Deployment.llm.opt-125m-cpu-kserve\n",
            // What only the API server knows.
            "+        terminationMessagePath: /dev/termination-log\n")
        .doesNotContainPattern("(?m)^-(?!-- /dev/null)");
    assertThat(cluster.kubectl("get", "deployments,services", "-o", "name")).doesNotContain("/");
  }

  @Test
  @Order(2)
  void what_the_controller_has_made_does_not_differ() throws Exception {
    for (var name : List.of(CPU, GPU)) {
      cluster.apply(Files.readString(seed(name)));
      await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> service(name, "{.status.phase}").equals("Ready"));
    }

    var done = diff(seed(CPU), seed(GPU));

    assertThat(done.output().lines())
        .allMatch(line -> line.isEmpty() || line.startsWith("penstock: "));
    assertThat(done.status()).isZero();
  }

  @Test
  @Order(3)
  void a_change_of_the_manifest_is_shown_by_what_it_changes() throws Exception {
    var before = deployment("{.metadata.resourceVersion}");
    var changed =
        file("changed.yaml", Files.readString(seed(CPU)).replace("replicas: 1", "replicas: 3"));

    var done = diff(changed);

    assertThat(done.status()).as(done.output()).isEqualTo(1);
    assertThat(done.output().lines().filter(line -> line.matches("[-+].*")))
        .containsExactly(
            "--- cluster/apps/v1.Deployment.llm.opt-125m-cpu-kserve",
            "+++ rendered/apps/v1.Deployment.llm.opt-125m-cpu-kserve",
            "-  replicas: 1",
            "+  replicas: 3");
    assertThat(deployment("{.metadata.resourceVersion}")).isEqualTo(before);
  }

  @Test
  @Order(4)
  void what_the_manifest_leaves_out_would_be_deleted_and_no_key_is_shown() throws Exception {
    var plain =
        file(
            "plain.yaml",
            """
            apiVersion: serving.kserve.io/v1alpha2
            kind: LLMInferenceService
            metadata: {name: qwen2-7b}
            spec: {model: {uri: "hf://Qwen/Qwen2-7B-Instruct"}, replicas: 3}
            """);

    var done = diff(plain);

    assertThat(done.status()).as(done.output()).isEqualTo(1);
    assertThat(done.output())
        .contains(
            "--- cluster/apps/v1.Deployment.llm.qwen2-7b-kserve-gateway\n+++ /dev/null\n",
            "--- cluster/v1.Secret.llm.qwen2-7b-kserve-self-signed-certs\n+++ /dev/null\n",
            "\n-kind: Secret\n")
        .containsPattern("-  tls.key: .?\\*\\*\\*")
        .doesNotContain("-----BEGIN", "LS0tLS1CRUdJTi");
  }

  @Test
  @Order(5)
  void configs_of_the_cluster_count_and_those_beside_the_manifest_come_first() throws Exception {
    cluster.apply(config("one"));
    var manifest = Files.readString(seed(CPU));
    var named = manifest.replace("spec:\n  model:", "spec:\n  baseRefs: [{name: team}]\n  model:");
    assertThat(named).isNotEqualTo(manifest);

    assertThat(diff(file("named.yaml", named)).output()).contains("team: one");
    assertThat(diff(file("named.yaml", named + "---\n" + config("two"))).output())
        .contains("team: two")
        .doesNotContain("team: one");
  }

  private static String config(String team) {
    return """
        apiVersion: serving.kserve.io/v1alpha2
        kind: LLMInferenceServiceConfig
        metadata: {name: team}
        spec: {labels: {team: %s}}
        """
        .formatted(team);
  }

  @Test
  @Order(6)
  void what_others_have_changed_would_be_put_back() throws Exception {
    controlled.endController();
    cluster.kubectl("scale", "deployment", CPU + "-kserve", "--replicas=4");

    var done = diff(seed(CPU));

    assertThat(done.status()).as(done.output()).isEqualTo(1);
    assertThat(done.output()).contains("\n-  replicas: 4\n+  replicas: 1\n");
  }

  @Test
  @Order(7)
  void what_cannot_be_told_ends_with_2() throws Exception {
    cluster.apply(
        """
        apiVersion: v1
        kind: Service
        metadata: {name: taken-kserve-workload-svc}
        spec: {selector: {app: other}, ports: [{port: 1}]}
        """);
    var taken =
        diff(
            file("taken.yaml", Files.readString(seed(CPU)).replace("name: " + CPU, "name: taken")));
    assertThat(taken.status()).isEqualTo(2);
    assertThat(taken.output())
        .contains("penstock: taken: NameTaken: Service taken-kserve-workload-svc")
        .contains("+++ rendered/apps/v1.Deployment.llm.taken-kserve");

    var wrong = diff(file("wrong.yaml", Files.readString(seed(CPU)).replace("uri:", "url:")));
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.output()).contains("InvalidRenderedConfig: spec.model.uri is ''");

    var told = diff(seed(CPU), List.of("--gateway-api=false"));
    assertThat(told.status()).isEqualTo(2);
    assertThat(told.output()).contains("--gateway-api goes without --diff only");

    cluster.stop("kube-apiserver");
    var alone = diff(seed(CPU));
    assertThat(alone.status()).isEqualTo(2);
    assertThat(alone.output()).contains("no answer of the API server");
  }

  private static Path seed(String name) {
    return SEED.resolve(name.equals(GPU) ? "qwen2-7b-gpu.yaml" : name + ".yaml");
  }

  private static Path file(String name, String text) throws Exception {
    return Files.writeString(folder.resolve(name), text);
  }

  private static PenstockProcess.Finished diff(Path... files) throws Exception {
    List<String> more = new ArrayList<>();
    for (var file : List.of(files).subList(1, files.length)) {
      more.addAll(List.of("-f", file.toString()));
    }
    return diff(files[0], more);
  }

  private static PenstockProcess.Finished diff(Path file, List<String> more) throws Exception {
    var admin = Kit.file(".cache/kube/run/admin.kubeconfig").toString();
    var command = List.of("render", "--diff", "-n", KubeCluster.NAMESPACE, "-f", file.toString());
    try (var process =
        PenstockProcess.start(Map.of("KUBECONFIG", admin), command, more.toArray(String[]::new))) {
      int status = process.exitStatus(Duration.ofMinutes(1));
      return new PenstockProcess.Finished(
          status, process.output().strip().isEmpty() ? "" : process.output());
    }
  }

  private static String deployment(String path) throws Exception {
    return cluster.kubectl("get", "deployment", CPU + "-kserve", "-o", "jsonpath=" + path);
  }

  private static String service(String name, String path) throws Exception {
    return cluster.kubectl(
        "get", "llminferenceservices.v1alpha2.serving.kserve.io", name, "-o", "jsonpath=" + path);
  }
}
