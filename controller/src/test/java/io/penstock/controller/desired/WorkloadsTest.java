package io.penstock.controller.desired;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Deployments and groups of nodes, one behaviour a test. */
class WorkloadsTest {

  private static final String MODEL = "  model: {uri: \"hf://a/b\"}\n";
  private static final String GPU =
      "  template: {containers: [{name: main, resources: {limits: {nvidia.com/gpu: \"1\"}}}]}\n";
  private static final String SPLIT = MODEL + GPU + "  prefill: {replicas: 2}\n  replicas: 4\n";
  private static final String ROUTER = "  router: {scheduler: {}, route: {}, gateway: {}}\n";

  private static Rendered render(String spec) {
    return Rendered.of(Rendered.serviceOf(spec));
  }

  private static JsonNode labels(JsonNode workload) {
    return workload.at("/spec/template/metadata/labels");
  }

  @Nested
  class Selectors {

    @Test
    void have_three_labels_whatever_a_user_adds() {
      var spec =
          MODEL + "  labels: {team: red, app.kubernetes.io/name: other, kserve.io/component: x}\n";

      var deployment = render(spec).child("Deployment", "llama-kserve");

      var selector = deployment.at("/spec/selector/matchLabels");
      assertThat(selector.fieldNames())
          .toIterable()
          .containsExactly(
              "app.kubernetes.io/name", "app.kubernetes.io/part-of", "app.kubernetes.io/component");
      assertThat(labels(deployment).path("team").asText()).isEqualTo("red");
      selector
          .properties()
          .forEach(
              each ->
                  assertThat(labels(deployment).path(each.getKey())).isEqualTo(each.getValue()));
      assertThat(labels(deployment).path("kserve.io/component").asText()).isEqualTo("workload");
    }

    @Test
    void stay_the_same_when_prefill_comes_later() {
      var before = render(MODEL).child("Deployment", "llama-kserve");
      var after = render(SPLIT).child("Deployment", "llama-kserve");

      assertThat(after.at("/spec/selector")).isEqualTo(before.at("/spec/selector"));
      assertThat(labels(before).path("llm-d.ai/role").asText()).isEqualTo("both");
      assertThat(labels(after).path("llm-d.ai/role").asText()).isEqualTo("decode");
    }

    @Test
    void of_prefill_and_decode_do_not_meet() {
      var rendered = render(SPLIT);

      assertThat(rendered.child("Deployment", "llama-kserve").at("/spec/selector"))
          .isNotEqualTo(rendered.child("Deployment", "llama-kserve-prefill").at("/spec/selector"));
    }
  }

  @Test
  void prefill_and_decode_are_scaled_apart_and_share_the_pool_only() throws Exception {
    var rendered = render(SPLIT + ROUTER);

    assertThat(rendered.child("Deployment", "llama-kserve").at("/spec/replicas").asInt())
        .isEqualTo(4);
    assertThat(rendered.child("Deployment", "llama-kserve-prefill").at("/spec/replicas").asInt())
        .isEqualTo(2);
    assertThat(
            rendered
                .child("Service", "llama-kserve-workload-svc")
                .at("/spec/selector/llm-d.ai~1role")
                .asText())
        .as("what is not picked never reaches prefill pods")
        .isEqualTo("decode");
    assertThat(
            rendered
                .child("InferencePool", "llama-inference-pool")
                .at("/spec/selector/matchLabels")
                .has("llm-d.ai/role"))
        .isFalse();
    rendered.isGolden("disaggregated.yaml");
  }

  @Test
  void behind_a_gateway_of_others_decode_pods_have_the_routing_sidecar() {
    var rendered = render(SPLIT + ROUTER);
    var pod = rendered.pod("Deployment", "llama-kserve");
    var sidecar = Rendered.named(pod.path("initContainers"), "llm-d-routing-sidecar");
    var engine = rendered.engine("Deployment", "llama-kserve");

    assertThat(sidecar.path("restartPolicy").asText()).isEqualTo("Always");
    assertThat(sidecar.path("args"))
        .extracting(JsonNode::asText)
        .contains(
            "--port=8000",
            "--vllm-port=8001",
            "--inference-pool=llm/llama-inference-pool",
            "--pool-group=inference.networking.k8s.io");
    assertThat(engine.at("/ports/0/containerPort").asInt()).isEqualTo(8001);
    assertThat(engine.at("/readinessProbe/httpGet/port").asInt()).isEqualTo(8001);
    assertThat(Rendered.named(engine.path("env"), "ENGINE_PORT").path("value").asText())
        .isEqualTo("8001");
    assertThat(pod.path("serviceAccountName").asText()).isEqualTo("llama-kserve");
    assertThat(rendered.names())
        .contains(
            "ServiceAccount/llama-kserve", "Role/llama-kserve-role", "RoleBinding/llama-kserve-rb");
    assertThat(rendered.pod("Deployment", "llama-kserve-prefill").toString())
        .doesNotContain("routing-sidecar");
  }

  @Test
  void with_penstocks_gateway_and_where_it_is_turned_off_there_is_no_sidecar() {
    var own =
        Rendered.of(
            Rendered.serviceOf(SPLIT + ROUTER), ClusterFacts.offline().withGatewayApi(false));
    var off =
        Rendered.of(
            Rendered.serviceOf(SPLIT + ROUTER)
                .replace(
                    "{name: llama}",
                    "{name: llama, annotations: {penstock.io/routing-sidecar: \"false\"}}"));

    for (var rendered : List.of(own, off)) {
      assertThat(rendered.result().children().toString()).doesNotContain("routing-sidecar");
      assertThat(rendered.engine("Deployment", "llama-kserve").at("/ports/0/containerPort").asInt())
          .isEqualTo(8000);
    }
    assertThat(own.child("Deployment", "llama-kserve-gateway").toString())
        .contains("llm/llama-inference-pool");
  }

  @Test
  void groups_of_nodes_have_leaders_that_serve_and_workers_that_do_not() throws Exception {
    var rendered =
        render(
            MODEL
                + GPU
                + "  parallelism: {data: 16, dataLocal: 8, tensor: 1}\n"
                + "  worker: {}\n"
                + "  replicas: 2\n"
                + ROUTER);
    var lws = rendered.child("LeaderWorkerSet", "llama-kserve-mn").path("spec");

    assertThat(lws.at("/leaderWorkerTemplate/size").asInt()).isEqualTo(2);
    assertThat(
            lws.at("/leaderWorkerTemplate/leaderTemplate/metadata/labels")
                .path("kserve.io/component")
                .asText())
        .isEqualTo("workload");
    assertThat(
            lws.at("/leaderWorkerTemplate/workerTemplate/metadata/labels")
                .has("kserve.io/component"))
        .isFalse();
    assertThat(rendered.names()).doesNotContain("Deployment/llama-kserve");
    rendered.isGolden("data-parallel.yaml");
  }

  @Test
  void groups_that_the_cluster_cannot_run_are_a_reason_of_their_own() {
    var refused =
        Rendered.refused(
            Rendered.serviceOf(MODEL + "  parallelism: {pipeline: 2}\n  worker: {}\n"),
            ClusterFacts.offline().withOptionalKinds(false, true));

    assertThat(refused.reason()).isEqualTo("LeaderWorkerSetCRDMissing");
    assertThat(refused.message()).contains("leaderworkerset.x-k8s.io/v1", "spec.worker");
  }

  @Test
  void replicas_are_left_to_whoever_scales() {
    assertThat(render(MODEL).child("Deployment", "llama-kserve").path("spec").has("replicas"))
        .isFalse();
    assertThat(
            render(MODEL + "  replicas: 0\n")
                .child("Deployment", "llama-kserve")
                .at("/spec/replicas")
                .asInt(-1))
        .isZero();
  }

  @Test
  void a_rollout_loses_no_answer() {
    var rendered = render(MODEL + ROUTER);
    var pod = rendered.pod("Deployment", "llama-kserve");
    var engine = rendered.engine("Deployment", "llama-kserve");
    var scheduler = rendered.pod("Deployment", "llama-kserve-router-scheduler");
    long grace = pod.path("terminationGracePeriodSeconds").asLong();

    assertThat(engine.at("/lifecycle/preStop/exec/command/1").asLong()).isEqualTo(15);
    assertThat(engine.at("/command/2").asText()).contains("--shutdown-timeout " + (grace - 20));
    assertThat(scheduler.path("terminationGracePeriodSeconds").asLong()).isGreaterThan(grace);
    assertThat(
            rendered
                .child("Deployment", "llama-kserve-router-scheduler")
                .at("/spec/strategy/rollingUpdate/maxUnavailable")
                .asInt(-1))
        .isZero();
    assertThat(rendered.names())
        .contains(
            "PodDisruptionBudget/llama-kserve",
            "PodDisruptionBudget/llama-kserve-router-scheduler");
  }

  @Test
  void a_scheduler_outlives_pods_with_a_longer_grace() {
    var rendered = render(MODEL + ROUTER + "  template: {terminationGracePeriodSeconds: 3600}\n");

    assertThat(
            rendered
                .pod("Deployment", "llama-kserve-router-scheduler")
                .path("terminationGracePeriodSeconds")
                .asLong())
        .isEqualTo(3630);
    assertThat(drains(rendered)).containsExactly("--drain-timeout=3600s");
    assertThat(rendered.engine("Deployment", "llama-kserve").at("/command/2").asText())
        .contains("--shutdown-timeout 3580");
  }

  @Test
  void a_scheduler_drains_for_as_long_as_its_pods_do_and_within_its_own_grace() {
    var pods = "  template: {terminationGracePeriodSeconds: %d}\n";

    assertThat(drains(render(MODEL + ROUTER + pods.formatted(60))))
        .containsExactly("--drain-timeout=300s");
    assertThat(drains(render(MODEL + ROUTER + pods.formatted(325))))
        .as("of 330 s")
        .containsExactly("--drain-timeout=320s");
    assertThat(
            drains(
                render(
                    MODEL
                        + "  router: {scheduler: {template: {containers: [{name: main, args:"
                        + " [picker, --drain-timeout=10s]}]}}}\n"
                        + pods.formatted(3600))))
        .as("the user's")
        .containsExactly("--drain-timeout=10s");
  }

  @Test
  void a_gateway_drains_for_as_long_as_its_pods_may_answer() {
    var pods = "  template: {terminationGracePeriodSeconds: 3600}\n";
    var rendered =
        Rendered.of(
            Rendered.serviceOf(MODEL + ROUTER + pods),
            ClusterFacts.offline().withGatewayApi(false));

    var pod = rendered.pod("Deployment", "llama-kserve-gateway");
    assertThat(pod.path("terminationGracePeriodSeconds").asLong()).isEqualTo(3630);
    assertThat(pod.at("/containers/0/args").valueStream().map(JsonNode::asText))
        .containsSequence("--timeouts.drain", "3600s");
  }

  private static List<String> drains(Rendered rendered) {
    return rendered
        .engine("Deployment", "llama-kserve-router-scheduler")
        .path("args")
        .valueStream()
        .map(JsonNode::asText)
        .filter(arg -> arg.startsWith("--drain-timeout"))
        .toList();
  }

  @Test
  void the_rollout_strategy_is_the_services() {
    var rendered = render(MODEL + "  rolloutStrategy: {maxUnavailable: 0, maxSurge: \"50%\"}\n");

    var rolling = rendered.child("Deployment", "llama-kserve").at("/spec/strategy/rollingUpdate");
    assertThat(rolling.path("maxUnavailable").asInt(-1)).isZero();
    assertThat(rolling.path("maxSurge").asText()).isEqualTo("50%");
  }

  @Test
  void one_https_probe_turns_tls_on_for_all_that_serve_or_call() {
    var rendered =
        Rendered.of(
            Rendered.serviceOf(
                MODEL
                    + "  prefill: {}\n"
                    + ROUTER
                    + "  template: {containers: [{name: main, livenessProbe: {httpGet: {path:"
                    + " /health, port: 8000, scheme: HTTPS}}}]}\n"));
    var decode = rendered.engine("Deployment", "llama-kserve");
    var prefill = rendered.engine("Deployment", "llama-kserve-prefill");

    for (var engine : List.of(decode, prefill)) {
      assertThat(engine.at("/command/2").asText()).contains("--ssl-certfile");
      for (var probe : Engine.PROBES) {
        assertThat(engine.path(probe).at("/httpGet/scheme").asText()).isEqualTo("HTTPS");
      }
      assertThat(
              Rendered.named(engine.path("volumeMounts"), "tls-certs").path("readOnly").asBoolean())
          .isTrue();
    }
    assertThat(rendered.pod("Deployment", "llama-kserve").toString())
        .contains("--secure-proxy=true", "--enable-tls=prefiller");
    var sidecar =
        Rendered.named(
            rendered.pod("Deployment", "llama-kserve").path("initContainers"),
            RoutingSidecar.CONTAINER);
    assertThat(Rendered.named(sidecar.path("env"), "SSL_CERT_DIR").path("value").asText())
        .as("where the issuer of its own engine's certificate is")
        .startsWith("/var/run/kserve/tls:");
    assertThat(sidecar.path("args"))
        .extracting(JsonNode::asText)
        .filteredOn(arg -> arg.startsWith("--tls-insecure-skip-verify"))
        .as("prefill pods are called by address, which no certificate names")
        .containsExactly("--tls-insecure-skip-verify=prefiller");
    var picker = rendered.engine("Deployment", "llama-kserve-router-scheduler");
    assertThat(picker.path("args"))
        .extracting(JsonNode::asText)
        .contains(
            "--model-server-metrics-scheme=https",
            "--model-server-metrics-server-name=llama-kserve-workload-svc.llm.svc.cluster.local");
    var ca =
        Rendered.named(
            rendered.pod("Deployment", "llama-kserve-router-scheduler").path("volumes"), "pods-ca");
    assertThat(ca.at("/secret/items").size()).as("never the key").isEqualTo(1);
    assertThat(
            rendered
                .child("Service", "llama-kserve-workload-svc")
                .at("/spec/ports/0/name")
                .asText())
        .isEqualTo("https");
    assertThat(rendered.result().certificate().orElseThrow().dnsNames())
        .startsWith("llama-kserve-workload-svc.llm.svc.cluster.local");
  }

  @Test
  void a_plain_probe_of_a_service_with_tls_is_warned_about() {
    var rendered =
        render(
            MODEL
                + "  template: {containers: [{name: main,"
                + " livenessProbe: {httpGet: {scheme: HTTPS}},"
                + " readinessProbe: {httpGet: {scheme: HTTP}}}]}\n");

    assertThat(rendered.result().warnings())
        .containsExactly("spec.template: readinessProbe asks over HTTP, but the pods serve TLS");
  }

  @Test
  void devices_that_parallelism_does_not_use_are_warned_about() {
    assertThat(render(MODEL + GPU + "  parallelism: {tensor: 2}\n").result().warnings())
        .containsExactly("spec.template asks for 1 devices, spec.parallelism uses 2");
  }

  @Test
  void metadata_goes_to_pods_where_queues_and_networks_look_for_it_and_nowhere_else() {
    var rendered =
        Rendered.of(
            Rendered.serviceOf(MODEL + "  annotations: {a.io/b: c}\n")
                .replace(
                    "{name: llama}",
                    "{name: llama, labels: {kueue.x-k8s.io/queue-name: q, other: x},"
                        + " annotations: {k8s.v1.cni.cncf.io/networks: n, other: x}}"));
    var metadata = rendered.child("Deployment", "llama-kserve").at("/spec/template/metadata");

    assertThat(metadata.at("/labels/kueue.x-k8s.io~1queue-name").asText()).isEqualTo("q");
    assertThat(metadata.at("/annotations/k8s.v1.cni.cncf.io~1networks").asText()).isEqualTo("n");
    assertThat(metadata.at("/annotations/a.io~1b").asText()).isEqualTo("c");
    assertThat(metadata.toString()).doesNotContain("other", "model-based-routing");
  }

  @Test
  void a_stopped_service_has_no_children_even_when_its_configs_are_gone() {
    var rendered =
        Rendered.of(
            Rendered.serviceOf(MODEL + "  baseRefs: [{name: gone}]\n")
                .replace(
                    "{name: llama}",
                    "{name: llama, annotations: {serving.kserve.io/stop: \"TRUE\"}}"));

    assertThat(rendered.result().children()).isEmpty();
  }
}
