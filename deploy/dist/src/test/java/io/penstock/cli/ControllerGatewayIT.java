package io.penstock.cli;

import static io.penstock.cli.ControlledCluster.soon;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
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
 * The controller on a real control plane that has the Gateway API, with a stand-in for the
 * Gateway's own controller, which says how Gateways, routes and pools are and moves no traffic.
 */
@Tag("kube")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ControllerGatewayIT {

  private static final String POOL = "llm/" + Mission.NAME + "-inference-pool";
  private static final String ACCOUNT = Mission.NAME + "-epp-sa";
  private static final String SCHEDULER = Mission.NAME + "-kserve-router-scheduler";

  private static Sdk sdk;
  private static ControlledCluster controlled;
  private static KubeCluster cluster;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    sdk = Sdk.python();
    controlled = ControlledCluster.start(folder);
    cluster = controlled.cluster();
    cluster.install("gateway-api");
    cluster.install("v1");
    cluster.kubectl("create", "namespace", "kserve");
    cluster.apply(
        "kserve",
        """
        apiVersion: gateway.networking.k8s.io/v1
        kind: Gateway
        metadata: {name: kserve-ingress-gateway}
        spec:
          gatewayClassName: stand-in
          listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]
        """);
  }

  @AfterAll
  static void takeDown() throws Exception {
    if (sdk != null) {
      sdk.close();
    }
    if (controlled != null) {
      controlled.takeDown();
    }
  }

  @Test
  @Order(1)
  void a_service_waits_for_its_gateway_and_says_so() throws Exception {
    controlled.applySeed("qwen2-7b-gpu");

    controlled.awaitCondition(Mission.NAME, "HTTPRoutesReady", "False HTTPRoutesNotReady");
    controlled.awaitCondition(Mission.NAME, "InferencePoolReady", "False WaitingForGateway");
    assertThat(controlled.why(Mission.NAME).output())
        .contains("Gateway kserve/kserve-ingress-gateway says nothing yet");
  }

  @Test
  @Order(2)
  void the_mission_with_a_gateway_of_others_from_acceptance_to_an_empty_namespace()
      throws Exception {
    try (var standIn = new StandInGateway(cluster, "kserve", "kserve-ingress-gateway")) {
      controlled.awaitReady(Mission.NAME);
      standIn.assertWell();
      assertThat(controlled.service(Mission.NAME, "{.status.url}"))
          .isEqualTo("http://203.0.113.7/llm/qwen2-7b");

      try (var mission = new Mission(controlled);
          var picker = picker()) {
        mission.awaitEngines(3);
        soon().until(() -> readyPods(picker) == 3);
        // In front of the pool, one that moves traffic.
        var serverName = Mission.NAME + "-kserve-workload-svc.llm.svc.cluster.local";
        try (var gateway = mission.gateway(ACCOUNT, POOL, serverName)) {
          mission.chat(sdk, gateway);
          mission.scaleToOneUnderLoad(gateway);
        }
        soon().until(() -> readyPods(picker) == 1);

        controlled.delete(Mission.NAME);
      }
      standIn.assertWell();
    }
  }

  @Test
  @Order(3)
  void a_config_map_that_a_scheduler_refers_to_is_followed_though_nobody_touches_the_service()
      throws Exception {
    controlled.apply(
        "follows",
        """
          model: {uri: "hf://a/b"}
          replicas: 1
          router: {gateway: {}, route: {}, scheduler: {config: {ref: {name: picker}}}}
        """);
    soon().until(() -> controlled.ready("follows", "{.reason}").equals("ConfigNotFound"));

    cluster.apply(configMap("queue-scorer"));
    soon().until(() -> schedulerArguments().contains("queue-scorer"));

    cluster.apply(configMap("kv-cache-utilization-scorer"));
    soon().until(() -> schedulerArguments().contains("kv-cache-utilization-scorer"));
    controlled.delete("follows");
  }

  private static String schedulerArguments() throws Exception {
    return controlled.children().contains("deployment.apps/follows-kserve-router-scheduler")
        ? Mission.arguments(controlled, "follows-kserve-router-scheduler").toString()
        : "";
  }

  private static String configMap(String scorer) {
    return """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: picker}
        data:
          epp: |
            apiVersion: llm-d.ai/v1alpha1
            kind: EndpointPickerConfig
            plugins: [{type: %s}, {type: max-score-picker}]
            schedulingProfiles: [{name: default, plugins: [{pluginRef: %s}, {pluginRef: max-score-picker}]}]
        """
        .formatted(scorer, scorer);
  }

  @Test
  @Order(4)
  void traffic_is_split_between_the_members_of_a_group_that_serve_the_same_model()
      throws Exception {
    try (var standIn = new StandInGateway(cluster, "kserve", "kserve-ingress-gateway")) {
      member("stable", "llama", 90);
      member("canary", "llama", 10);
      soon().until(() -> shares("stable").equals("canary 10 stable 90"));
      soon().until(() -> shares("canary").equals("canary 10 stable 90"));
      controlled.awaitReady("stable");
      soon()
          .untilAsserted(
              () ->
                  assertThat(controlled.condition("stable", "GroupReady", "{.status} {.message}"))
                      .isEqualTo("True group g: stable 90, canary 10"));
      assertThat(controlled.service("stable", "{.status.router.group.members[*].name}"))
          .isEqualTo("canary");

      controlled.patch("canary", "{\"spec\":{\"router\":{\"route\":{\"weight\":50}}}}");
      soon().until(() -> shares("stable").equals("canary 50 stable 90"));

      member("other", "mistral", 10);
      controlled.awaitReady("other");
      controlled.awaitCondition("stable", "GroupDegraded", "True MemberDivergence");
      assertThat(shares("stable")).isEqualTo("canary 50 stable 90");

      cluster.kubectl("annotate", "llmisvc", "canary", "serving.kserve.io/stop=true");
      soon().until(() -> shares("stable").equals("stable 90"));
      cluster.kubectl("annotate", "llmisvc", "canary", "serving.kserve.io/stop-");
      soon().until(() -> shares("stable").equals("canary 50 stable 90"));

      cluster.kubectl("delete", "llmisvc", "canary");
      soon().until(() -> shares("stable").equals("stable 90"));
      controlled.awaitReady("stable");
      standIn.assertWell();
    }
    cluster.kubectl("delete", "llmisvc", "--all");
    controlled.awaitNothingLeft();
  }

  private static void member(String name, String model, int weight) throws Exception {
    controlled.apply(
        name,
        """
          model: {uri: "hf://a/b", name: %s}
          replicas: 1
          router: {scheduler: {}, gateway: {}, route: {group: g, weight: %d}}
        """
            .formatted(model, weight));
  }

  /** Who gets which share of what a route sends by the model's name, as {@code canary 10}. */
  private static String shares(String service) throws Exception {
    var route = "httproute.gateway.networking.k8s.io/" + service + "-kserve-route";
    if (!controlled.children().contains(route)) {
      return "";
    }
    return controlled
        .field(
            "httproute",
            service + "-kserve-route",
            "{range .spec.rules[?(@.name==\"v1-model-routing\")].backendRefs[*]}"
                + "{.name} {.weight} {end}")
        .replace("-inference-pool", "");
  }

  /** The scheduler as it is rendered, but for ports and files that are others here. */
  private static PenstockProcess picker() throws Exception {
    Map<String, String> others =
        Map.of(
            "--grpc-port",
            "0",
            "--grpc-health-port",
            "0",
            "--metrics-port",
            "0",
            "--model-server-metrics-ca-file",
            controlled.ofSecret(Mission.SECRET, "ca.crt").toString());
    List<String> arguments = new ArrayList<>();
    for (var argument : Mission.arguments(controlled, SCHEDULER)) {
      var flag = argument.split("=", 2)[0];
      arguments.add(others.containsKey(flag) ? flag + "=" + others.get(flag) : argument);
    }
    assertThat(arguments).containsAll(others.entrySet().stream().map(Object::toString).toList());
    return PenstockProcess.start(
        Map.of("KUBECONFIG", cluster.account(ACCOUNT).toString()),
        arguments,
        "--bind-address=127.0.0.1");
  }

  private static double readyPods(PenstockProcess picker) throws Exception {
    return picker.pickerMetric("llm_d_epp_ready_endpoints");
  }
}
