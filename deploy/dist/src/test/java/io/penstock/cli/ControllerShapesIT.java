package io.penstock.cli;

import static io.penstock.cli.ControlledCluster.soon;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Services of other shapes than one Deployment, on a real control plane, and kinds that come and go
 * while the controller runs. Each test has a service of its own.
 */
@Tag("kube")
class ControllerShapesIT {

  private static final String MODEL = "  model: {uri: \"hf://a/b\"}\n";
  private static final String ROUTER = "  router: {scheduler: {}, route: {}, gateway: {}}\n";

  private static ControlledCluster controlled;
  private static KubeCluster cluster;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    controlled = ControlledCluster.start(folder);
    cluster = controlled.cluster();
    cluster.install("v1");
  }

  @AfterEach
  void removeServices() throws Exception {
    cluster.kubectl("delete", "llmisvc", "--all");
    controlled.awaitNothingLeft();
  }

  @AfterAll
  static void takeDown() throws Exception {
    if (controlled != null) {
      controlled.takeDown();
    }
  }

  @Test
  void prefill_and_decode_are_two_deployments_of_one_pool_and_each_role_is_told_of()
      throws Exception {
    controlled.apply("pd", MODEL + ROUTER + "  replicas: 2\n  prefill: {replicas: 1}\n");

    controlled.awaitReady("pd");

    assertThat(role("pd-kserve")).isEqualTo("decode");
    assertThat(role("pd-kserve-prefill")).isEqualTo("prefill");
    assertThat(controlled.service("pd", "{.status.replicas}")).isEqualTo("3/3");
    assertThat(
            controlled.service(
                "pd",
                "{.status.workloads.primary.readyReplicas} {.status.workloads.prefill.name}"
                    + " {.status.workloads.prefill.readyReplicas}"))
        .isEqualTo("2 pd-kserve-prefill 1");
    assertThat(controlled.condition("pd", "PrefillWorkloadReady", "{.status}")).isEqualTo("True");
    assertThat(pods("pd-inference-pool")).hasSize(3);
    assertThat(selected("service", "pd-kserve-workload-svc", "{.spec.selector}")).hasSize(2);

    controlled.patch("pd", "{\"spec\":{\"prefill\":{\"replicas\":3}}}");
    soon().until(() -> controlled.service("pd", "{.status.replicas}").equals("5/5"));
    controlled.awaitReady("pd");
  }

  /** KServe has the role among the labels by which a Deployment selects, which cannot change. */
  @Test
  void prefill_is_added_to_a_service_that_runs_and_taken_away_again() throws Exception {
    controlled.apply("later", MODEL + ROUTER + "  replicas: 1\n");
    controlled.awaitReady("later");
    assertThat(role("later-kserve")).isEqualTo("both");
    var uid = controlled.field("deployment", "later-kserve", "{.metadata.uid}");

    controlled.patch("later", "{\"spec\":{\"prefill\":{\"replicas\":1}}}");
    soon().until(() -> controlled.children().contains("deployment.apps/later-kserve-prefill"));
    controlled.awaitReady("later");
    assertThat(role("later-kserve")).isEqualTo("decode");

    controlled.patch("later", "{\"spec\":{\"prefill\":null}}");
    soon().until(() -> !controlled.children().contains("deployment.apps/later-kserve-prefill"));
    controlled.awaitReady("later");
    assertThat(role("later-kserve")).isEqualTo("both");
    assertThat(controlled.condition("later", "PrefillWorkloadReady", "{.status}")).isEmpty();
    assertThat(controlled.field("deployment", "later-kserve", "{.metadata.uid}")).isEqualTo(uid);
  }

  private static String role(String deployment) throws Exception {
    return controlled.field(
        "deployment", deployment, "{.spec.template.metadata.labels.llm-d\\.ai/role}");
  }

  private static String[] pods(String pool) throws Exception {
    return selected("inferencepool", pool, "{.spec.selector.matchLabels}");
  }

  /** Names of the pods that stay and have the labels of a selector. */
  private static String[] selected(String kind, String name, String path) throws Exception {
    var labels = controlled.field(kind, name, path).replaceAll("[{}\"]", "").replace(":", "=");
    return cluster
        .kubectl("get", "pods", "--selector", labels, "-o", "jsonpath={.items[*].metadata.name}")
        .strip()
        .split(" ", -1);
  }

  @Test
  void a_service_of_several_pods_a_replica_begins_when_the_kind_comes_and_says_when_it_goes()
      throws Exception {
    controlled.apply(
        "groups", MODEL + "  replicas: 2\n  worker: {}\n  parallelism: {pipeline: 2}\n");
    soon().until(() -> controlled.ready("groups", "{.reason}").equals("LeaderWorkerSetCRDMissing"));

    cluster.install("lws");

    soon()
        .until(
            () ->
                controlled
                    .children()
                    .contains("leaderworkerset.leaderworkerset.x-k8s.io/groups-kserve-mn"));
    assertThat(
            controlled.field(
                "leaderworkerset",
                "groups-kserve-mn",
                "{.spec.replicas} {.spec.leaderWorkerTemplate.size}"))
        .isEqualTo("2 2");
    controlled.awaitCondition("groups", "WorkerWorkloadReady", "False Progressing");

    cluster.patchStatus(
        "leaderworkerset",
        KubeCluster.NAMESPACE,
        "groups-kserve-mn",
        """
        {"status":{"replicas":2,"updatedReplicas":2,"readyReplicas":2,"conditions":[{"type":"Available",
          "status":"True","reason":"AllGroupsReady","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}""");
    controlled.awaitReady("groups");
    assertThat(controlled.service("groups", "{.status.replicas}")).isEqualTo("2/2");

    cluster.kubectl("delete", "crd", "leaderworkersets.leaderworkerset.x-k8s.io");
    soon().until(() -> controlled.ready("groups", "{.reason}").equals("LeaderWorkerSetCRDMissing"));
  }

  @Test
  void a_service_that_scales_says_whether_its_scaler_does_and_leaves_the_count_to_it()
      throws Exception {
    controlled.apply("scaled", MODEL + "  scaling: {maxReplicas: 4, wva: {hpa: {}}}\n");
    soon()
        .until(
            () ->
                controlled
                    .children()
                    .contains("horizontalpodautoscaler.autoscaling/scaled-kserve-hpa"));
    // There is no metric in this cluster, and its own controller says so.
    controlled.awaitCondition("scaled", "ScalingReady", "False FailedGetExternalMetric");
    assertThat(controlled.ready("scaled", "{.reason}")).isEqualTo("FailedGetExternalMetric");
    assertThat(controlled.service("scaled", "{.status.phase}")).isEqualTo("Degraded");
    assertThat(controlled.why("scaled").output()).contains("because of ScalingReady: ");

    cluster.kubectl("scale", "deployment", "scaled-kserve", "--replicas=3");
    soon().until(() -> controlled.service("scaled", "{.status.replicas}").equals("3/3"));

    controlled.patch("scaled", "{\"spec\":{\"scaling\":null,\"replicas\":2}}");
    controlled.awaitReady("scaled");
    assertThat(controlled.service("scaled", "{.status.replicas}")).isEqualTo("2/2");
    assertThat(controlled.condition("scaled", "ScalingReady", "{.status}")).isEmpty();
    assertThat(controlled.children()).noneMatch(each -> each.contains("autoscaler"));
  }

  @Test
  void a_service_that_keda_scales_begins_when_the_kind_comes() throws Exception {
    controlled.apply(
        "driven",
        MODEL
            + """
              scaling:
                maxReplicas: 4
                keda: {triggers: [{type: cron, metadata: {timezone: UTC, start: "0 6 * * *", end: "0 8 * * *", desiredReplicas: "2"}}]}
            """);
    soon().until(() -> controlled.ready("driven", "{.reason}").equals("ScalingCRDNotFound"));

    cluster.install("keda");
    controlled.awaitCondition("driven", "ScalingReady", "Unknown ScaledObjectProgressing");
    cluster.patchStatus(
        "scaledobject",
        KubeCluster.NAMESPACE,
        "driven-kserve-keda",
        """
        {"status":{"conditions":[{"type":"Ready","status":"True","reason":"ScaledObjectReady","message":""}]}}""");
    controlled.awaitReady("driven");
  }

  @Test
  void what_the_api_server_refuses_is_told_in_its_words_until_it_is_mended() throws Exception {
    controlled.apply(
        "odd",
        MODEL
            + "  replicas: 1\n"
            + "  template: {containers: [{name: main, ports: [{containerPort: 99999}]}]}\n");

    soon().until(() -> controlled.ready("odd", "{.reason}").equals("InvalidDeployment"));
    assertThat(controlled.ready("odd", "{.message}")).contains("must be between 1 and 65535");
    assertThat(controlled.service("odd", "{.status.phase}")).isEqualTo("Failed");

    controlled.patch("odd", "{\"spec\":{\"template\":null}}");
    controlled.awaitReady("odd");
  }
}
