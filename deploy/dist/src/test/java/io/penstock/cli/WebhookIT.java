package io.penstock.cli;

import static io.penstock.cli.ControlledCluster.soon;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.tools.beside.FreePort;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The CRDs and webhooks of {@code deploy} in a real API server, which calls a real controller that
 * runs with the rights it is given there. Each test has objects of its own.
 */
@Tag("kube")
class WebhookIT {

  private static final Path ROOT = Path.of(System.getProperty("penstock.root"));
  private static final String SYSTEM = "penstock-system";
  private static final String OLD = "llminferenceservices.v1alpha1.serving.kserve.io";
  private static final String HUB = "llminferenceservices.v1alpha2.serving.kserve.io";

  private static KubeCluster cluster;
  private static PenstockProcess controller;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    cluster = KubeCluster.start(folder);
    var crds = ROOT.resolve("deploy/crds").toString();
    cluster.kubectl("apply", "-f", crds);
    assertThat(cluster.kubectl("apply", "-f", crds)).doesNotContain("configured");
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", crds);
    cluster.kubectl("create", "namespace", SYSTEM);
    cluster.kubectl("apply", "-n", SYSTEM, "-k", ROOT + "/deploy/kustomize/controller");
    int port = FreePort.next();
    controller =
        PenstockProcess.start(
            Map.of("KUBECONFIG", cluster.account(SYSTEM, "penstock-controller").toString()),
            List.of(
                "controller",
                "--namespace",
                SYSTEM,
                "--admin",
                "127.0.0.1:0",
                "--webhook",
                "127.0.0.1:" + port,
                "--webhook-url",
                "https://127.0.0.1:" + port));
    assertThat(controller.said("webhooks on port ")).isEqualTo(Integer.toString(port));
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
  void the_owners_examples_are_taken_and_a_second_apply_changes_nothing() throws Exception {
    for (var name : List.of("opt-125m-cpu", "qwen2-7b-gpu")) {
      var yaml =
          Files.readString(ROOT.resolve("controller/src/test/resources/seed/" + name + ".yaml"));
      assertThat(cluster.kubectlOn(yaml, "apply")).contains("created");
      assertThat(cluster.kubectlOn(yaml, "apply")).contains("unchanged");
    }
    assertThat(field(HUB, "opt-125m-cpu", "{.spec.model.name}")).isEqualTo("opt-125m-cpu");
    assertThat(field(OLD, "qwen2-7b", "{.spec.template.spec.containers[0].name}"))
        .isEqualTo("main");
  }

  @Test
  void an_old_client_writes_a_new_object_and_loses_nothing() throws Exception {
    cluster.kubectlOn(
        service(
                "v1alpha2",
                "roundtrip",
                """
              replicas: 1
              kvCacheOffloading: {cpu: 1Gi}
              prefill: {kvCacheOffloading: {cpu: 2Gi, evictionPolicy: arc}}
              future: {field: [1, {of: two}]}
              router:
                scheduler:
                  pool: {spec: {targetPorts: [{number: 8000}, {number: 8001}]}}
            """)
            .replace(
                "model: {uri: \"hf://a/b\"}",
                "model: {uri: \"hf://a/b\", confidential: {resourceId: \"kbs:///a/b/c\"}}"),
        "create");
    var before = field(HUB, "roundtrip", "{.spec}");
    assertThat(field(OLD, "roundtrip", "{.spec.router.scheduler.pool.spec.targetPortNumber}"))
        .isEqualTo("8000");
    assertThat(field(OLD, "roundtrip", "{.spec.kvCacheOffloading}")).isEmpty();
    assertThat(field(OLD, "roundtrip", "{.spec.model.confidential}")).isEmpty();

    soon()
        .untilAsserted(
            () ->
                assertThat(field(OLD, "roundtrip", "{.status}"))
                    .contains("InferencePoolCRDMissing")
                    .isEqualTo(field(HUB, "roundtrip", "{.status}")));
    var old = cluster.kubectl("get", OLD, "roundtrip", "-o", "json");
    assertThat(old).contains("\"replicas\": 1");
    cluster.kubectlOn(old.replace("\"replicas\": 1", "\"replicas\": 2"), "replace");

    assertThat(field(HUB, "roundtrip", "{.spec}"))
        .isEqualTo(before.replace("\"replicas\":1", "\"replicas\":2"));
    assertThat(field(HUB, "roundtrip", "{.metadata.annotations}")).isEmpty();
    assertThat(field(HUB, "roundtrip", "{.spec.model.confidential.resourceId}"))
        .isEqualTo("kbs:///a/b/c");
  }

  @Test
  void criticality_comes_back_to_old_clients() throws Exception {
    cluster.kubectlOn(
        """
        apiVersion: serving.kserve.io/v1alpha1
        kind: LLMInferenceService
        metadata: {name: critical}
        spec: {model: {uri: "hf://a/b", criticality: Critical}}
        """,
        "create");

    assertThat(field(OLD, "critical", "{.spec.model.criticality}")).isEqualTo("Critical");
    assertThat(field(HUB, "critical", "{.spec.model.criticality}")).isEmpty();
  }

  @Test
  void all_that_is_wrong_is_refused_at_once_in_both_versions() throws Exception {
    for (var version : List.of("v1alpha1", "v1alpha2")) {
      var said =
          cluster.refused(
              service(version, "wrong", "  worker: {}\n  router: {scheduler: {replicas: 0}}\n"));
      assertThat(said)
          .contains("spec.parallelism: Required value: ")
          .contains("spec.router.scheduler.replicas: Invalid value: 0: must be 1 or more");
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("io.penstock.cli.RefusedManifests#all")
  void what_breaks_a_rule_is_refused_with_the_path_in_each_version_that_has_the_field(
      RefusedManifests.Row row) throws Exception {
    for (var version : row.hubOnly() ? List.of("v1alpha2") : List.of("v1alpha1", "v1alpha2")) {
      if (!row.before().isEmpty()) {
        cluster.kubectlOn(row.before(version, "broken"), "apply");
      }
      var said = cluster.refused(row.manifest(version, "broken"));
      assertThat(said).contains(row.paths().stream().map(path -> path + ": ").toList());
      if (!row.before().isEmpty()) {
        cluster.kubectl("delete", HUB, "broken");
      }
    }
  }

  @Test
  void every_rule_has_manifests_that_break_it() {
    assertThat(RefusedManifests.all().map(RefusedManifests.Row::rule).distinct())
        .containsExactlyInAnyOrderElementsOf(IntStream.rangeClosed(1, 24).boxed().toList());
  }

  @Test
  void the_size_of_a_replica_is_immutable() throws Exception {
    var two = service("v1alpha2", "sized", "  worker: {}\n  parallelism: {pipeline: 2}\n");
    cluster.kubectlOn(two, "apply");

    assertThat(cluster.refused(two.replace("pipeline: 2", "pipeline: 3")))
        .contains("spec.parallelism: Unsupported value: \"3\": ");
  }

  @Test
  void what_is_probably_not_meant_is_warned_about() throws Exception {
    assertThat(cluster.kubectlOn(service("v1alpha2", "strange", "  replica: 2\n"), "apply"))
        .contains("Warning: spec.replica: is unknown; it is kept and has no effect; did you mean")
        .contains("created");
    assertThat(field(HUB, "strange", "{.spec.replica}")).isEqualTo("2");
  }

  @Test
  void a_config_that_cannot_be_rendered_is_refused() throws Exception {
    var config =
        """
        apiVersion: serving.kserve.io/v1alpha2
        kind: LLMInferenceServiceConfig
        metadata: {name: broken}
        spec: {template: {nodeName: "{{ .Spec."}}
        """;
    assertThat(cluster.refused(config)).contains("spec.template.nodeName").contains("}}");
  }

  private static String service(String version, String name, String rest) {
    return """
        apiVersion: serving.kserve.io/%s
        kind: LLMInferenceService
        metadata: {name: %s}
        spec:
          model: {uri: "hf://a/b"}
        """
            .formatted(version, name)
        + rest;
  }

  private static String field(String kind, String name, String path) throws Exception {
    return cluster.kubectl("get", kind, name, "-o", "jsonpath=" + path);
  }
}
