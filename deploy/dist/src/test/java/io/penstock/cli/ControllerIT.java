package io.penstock.cli;

import static io.penstock.cli.ControlledCluster.soon;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * A whole life of the owner's CPU manifest with {@code penstock controller} on a real control
 * plane, which has no Gateway API. The tests follow each other.
 */
@Tag("kube")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ControllerIT {

  private static final String CPU = "opt-125m-cpu";

  private static ControlledCluster controlled;
  private static KubeCluster cluster;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    controlled = ControlledCluster.start(folder);
    cluster = controlled.cluster();
  }

  @AfterAll
  static void takeDown() throws Exception {
    if (controlled != null) {
      controlled.takeDown();
    }
  }

  @Test
  @Order(1)
  void the_cpu_manifest_is_applied_unchanged_and_becomes_ready() throws Exception {
    controlled.applySeed(CPU);

    controlled.awaitReady(CPU);

    assertThat(controlled.service(CPU, "{.status.phase} {.status.replicas} {.status.url}"))
        .isEqualTo("Ready 1/1 http://opt-125m-cpu-kserve-workload-svc.llm.svc.cluster.local:8000");
    assertThat(deployment("{.spec.template.spec.containers[0].image}")).contains("vllm");
    assertThat(cluster.kubectl("get", "events", "-o", "jsonpath={.items[*].reason}"))
        .contains("LLMInferenceServiceReady");
  }

  @Test
  @Order(2)
  void a_controller_that_starts_anew_looks_at_everything_and_writes_nothing() throws Exception {
    controlled.endController();

    controlled.startController();

    soon().until(() -> controlled.metric("penstock_controller_pass_seconds_count") >= 1);
    assertThat(controlled.metric("penstock_controller_writes_total")).isZero();
    assertThat(controlled.admin("/readyz").statusCode()).isEqualTo(200);
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
              assertThat(controlled.children()).contains("service/" + CPU + "-kserve-workload-svc");
            });
    controlled.awaitReady(CPU);
  }

  @Test
  @Order(4)
  void a_child_that_has_lost_the_label_by_which_it_is_watched_gets_it_back() throws Exception {
    cluster.kubectl("label", "deployment", CPU + "-kserve", "app.kubernetes.io/part-of-");

    soon()
        .untilAsserted(
            () ->
                assertThat(deployment("{.metadata.labels.app\\.kubernetes\\.io/part-of}"))
                    .isEqualTo("llminferenceservice"));
    controlled.awaitReady(CPU);
  }

  private static String deployment(String path) throws Exception {
    return controlled.field("deployment", CPU + "-kserve", path);
  }

  @Test
  @Order(5)
  void an_update_is_ready_when_it_has_rolled_out_and_what_it_takes_away_is_gone() throws Exception {
    controlled.patch(
        CPU,
        """
        {"spec":{"replicas":2,"labels":{"team":"a"},
          "template":{"spec":{"containers":[{"name":"main","env":[{"name":"ONE","value":"1"}]}]}}}}""");
    controlled.awaitReady(CPU);
    assertThat(controlled.service(CPU, "{.status.replicas}")).isEqualTo("2/2");
    assertThat(deployment("{.spec.template.spec.containers[0].env[*].name}")).contains("ONE");
    assertThat(pods("{.items[*].metadata.labels.team}")).isEqualTo("a a");

    controlled.patch(
        CPU,
        """
        {"spec":{"replicas":1,"labels":null,"template":{"spec":{"containers":[{"name":"main"}]}}}}""");
    controlled.awaitReady(CPU);
    assertThat(controlled.service(CPU, "{.status.replicas}")).isEqualTo("1/1");
    assertThat(deployment("{.spec.template.spec.containers[0].env[*].name}")).doesNotContain("ONE");
    assertThat(deployment("{.spec.template.metadata.labels}")).doesNotContain("team");
  }

  private static String pods(String path) throws Exception {
    return cluster.kubectl(
        "get", "pods", "--field-selector", "status.phase=Running", "-o", "jsonpath=" + path);
  }

  @Test
  @Order(6)
  void an_image_that_cannot_be_pulled_is_named_by_why() throws Exception {
    // Two pods, of which one goes on serving.
    controlled.patch(CPU, "{\"spec\":{\"replicas\":2}}");
    soon().until(() -> controlled.service(CPU, "{.status.replicas}").equals("2/2"));
    controlled.awaitReady(CPU);
    var pod = controlled.podThatStays();
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
        .until(
            () ->
                controlled
                    .service(CPU, "{.status.message}")
                    .contains("ImagePullBackOff: no such image"));
    soon().until(() -> controlled.service(CPU, "{.status.phase}").equals("Degraded"));
    var why = controlled.why(CPU);
    assertThat(why.status()).isEqualTo(1);
    assertThat(why.output()).contains("because of MainWorkloadReady", pod, "no such image");

    cluster.kubectl("delete", "pod", pod, "--grace-period=0", "--force");
    controlled.patch(CPU, "{\"spec\":{\"replicas\":1}}");
    soon().until(() -> controlled.service(CPU, "{.status.replicas}").equals("1/1"));
    controlled.awaitReady(CPU);
    assertThat(controlled.why(CPU).status()).isZero();
  }

  @Test
  @Order(7)
  void a_stopped_service_has_no_children_and_no_url_until_it_is_started_again() throws Exception {
    cluster.kubectl("annotate", "llmisvc", CPU, "serving.kserve.io/stop=true");

    soon().until(() -> controlled.service(CPU, "{.status.phase}").equals("Stopped"));
    controlled.awaitNothingLeft();
    assertThat(controlled.service(CPU, "{.status.url}")).isEmpty();

    cluster.kubectl("annotate", "llmisvc", CPU, "serving.kserve.io/stop-");
    controlled.awaitReady(CPU);
  }

  @Test
  @Order(8)
  void an_object_of_somebody_else_with_a_childs_name_is_left_alone_and_named() throws Exception {
    cluster.apply(
        """
        apiVersion: v1
        kind: Service
        metadata: {name: taken-kserve-workload-svc}
        spec: {selector: {app: other}, ports: [{port: 1}]}
        """);
    controlled.apply("taken", "  model: {uri: \"hf://facebook/opt-125m\"}\n  replicas: 1\n");

    soon().until(() -> controlled.ready("taken", "{.reason}").equals("NameTaken"));
    assertThat(controlled.ready("taken", "{.message}")).contains("taken-kserve-workload-svc");
    assertThat(controlled.field("service", "taken-kserve-workload-svc", "{.spec.selector}"))
        .isEqualTo("{\"app\":\"other\"}");

    cluster.kubectl("delete", "service", "taken-kserve-workload-svc");
    cluster.kubectl("annotate", "llmisvc", "taken", "note=the-name-is-free");
    controlled.awaitReady("taken");
    cluster.kubectl("delete", "llmisvc", "taken");
  }

  @Test
  @Order(9)
  void deleting_a_service_leaves_nothing_behind() throws Exception {
    controlled.delete(CPU);
  }
}
