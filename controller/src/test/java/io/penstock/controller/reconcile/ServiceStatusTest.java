package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.penstock.controller.api.Json;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.Rendering;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class ServiceStatusTest {

  private static final YAMLMapper YAML = new YAMLMapper();
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05.678Z");

  private ObjectNode service =
      tree("{metadata: {name: s, namespace: n, generation: 2}, spec: {model: {uri: 'hf://a/b'}}}");
  private Rendering rendering =
      new Rendering.Rendered(Trees.newObject(), List.of(), List.of(), List.of(), Optional.empty());
  private final List<ObjectNode> live = new ArrayList<>();
  private final List<Children.Problem> problems = new ArrayList<>();
  private final List<ObjectNode> pods = new ArrayList<>();
  private ObjectNode gateway;
  private boolean stopped;

  @Nested
  class A_workload {

    @Test
    void that_has_rolled_out_makes_the_service_ready() {
      live.add(deployment(3, 3, 3, 3, 7));

      var status = status();

      assertThat(ready(status)).isEqualTo("True Ready");
      assertThat(condition(status, "LLMInferenceServiceReady")).isEqualTo("True Ready");
      assertThat(condition(status, "MainWorkloadReady")).isEqualTo("True RolledOut");
      assertThat(status.path("phase").asText()).isEqualTo("Ready");
      assertThat(status.path("replicas").asText()).isEqualTo("3/3");
      assertThat(status.path("observedGeneration").asInt()).isEqualTo(2);
    }

    @Test
    void whose_controller_has_not_seen_the_new_template_is_not_ready_however_many_pods_are() {
      live.add(deployment(3, 3, 3, 3, 6));

      assertThat(ready(status())).isEqualTo("False Progressing");
      assertThat(phase()).isEqualTo("Rolling");
    }

    @Test
    void with_pods_of_an_older_template_is_rolling() {
      live.add(deployment(3, 4, 3, 3, 7));

      assertThat(ready(status())).isEqualTo("False Progressing");
      assertThat(phase()).isEqualTo("Rolling");
    }

    @Test
    void that_loses_a_pod_is_degraded_and_one_that_never_was_ready_is_starting() {
      live.add(deployment(3, 3, 3, 2, 7));
      assertThat(phase()).isEqualTo("Pending");

      service.putObject("status").put("phase", "Ready");

      assertThat(phase()).isEqualTo("Degraded");
      assertThat(ready(status())).isEqualTo("False MinimumReplicasUnavailable");
    }

    @Test
    void with_no_pods_wanted_is_ready() {
      live.add(deployment(0, 0, 0, 0, 7));

      assertThat(ready(status())).isEqualTo("True Ready");
      assertThat(status().path("replicas").asText()).isEqualTo("0/0");
    }

    @Test
    void that_gives_up_is_failed() {
      var deployment = deployment(1, 1, 1, 0, 7);
      Trees.with(deployment, "status")
          .putArray("conditions")
          .addObject()
          .put("type", "Progressing")
          .put("status", "False")
          .put("reason", "ProgressDeadlineExceeded");
      live.add(deployment);

      assertThat(ready(status())).isEqualTo("False ProgressDeadlineExceeded");
      assertThat(phase()).isEqualTo("Failed");
    }

    @Test
    void that_is_not_there_leaves_the_service_unknown() {
      assertThat(ready(status())).isEqualTo("Unknown NotCreated");
      assertThat(phase()).isEqualTo("Pending");
    }

    @Test
    void of_prefill_pods_counts_as_much_as_that_of_decode_pods() {
      live.add(deployment(1, 1, 1, 1, 7));
      var prefill = deployment(2, 2, 2, 1, 7);
      Trees.with(prefill, "metadata").put("name", "s-kserve-prefill");
      live.add(prefill);

      assertThat(condition(status(), "PrefillWorkloadReady"))
          .isEqualTo("False MinimumReplicasUnavailable");
      assertThat(ready(status())).isEqualTo("False MinimumReplicasUnavailable");
      assertThat(status().path("replicas").asText()).isEqualTo("2/3");
      assertThat(status().path("workloads").path("prefill").path("readyReplicas").asInt())
          .isEqualTo(1);
    }

    @Test
    void of_pickers_that_elect_a_leader_serves_once_the_leader_does() {
      live.add(deployment(1, 1, 1, 1, 7));
      var pickers = deployment(2, 2, 2, 0, 7);
      Trees.with(pickers, "metadata").put("name", "s-kserve-router-scheduler");
      // What a Deployment says of which all may be away.
      Trees.with(pickers, "status")
          .putArray("conditions")
          .addObject()
          .put("type", "Available")
          .put("status", "True");
      live.add(pickers);
      assertThat(ready(status())).isEqualTo("False MinimumReplicasUnavailable");

      Trees.with(pickers, "status").put("readyReplicas", 1);

      assertThat(condition(status(), "SchedulerWorkloadReady")).isEqualTo("True RolledOut");
      assertThat(ready(status())).isEqualTo("True Ready");
    }
  }

  @Nested
  class Pods {

    @Test
    void that_bring_their_model_make_it_downloading() {
      live.add(deployment(1, 1, 1, 0, 7));
      pods.add(
          tree(
              """
              metadata: {name: s-kserve-x}
              status:
                initContainerStatuses: [{name: storage-initializer, state: {running: {}}}]
                containerStatuses: [{name: main, state: {waiting: {reason: PodInitializing}}}]
              """));

      assertThat(phase()).isEqualTo("Downloading");
      assertThat(message()).doesNotContain("PodInitializing");
    }

    @Test
    void whose_engine_runs_and_does_not_serve_make_it_loading() {
      live.add(deployment(1, 1, 1, 0, 7));
      pods.add(
          tree(
              """
              metadata: {name: s-kserve-x}
              status: {containerStatuses: [{name: main, ready: false, state: {running: {}}}]}
              """));

      assertThat(phase()).isEqualTo("Loading");
    }

    @Test
    void that_crash_are_named_with_how_they_ended() {
      live.add(deployment(1, 1, 1, 0, 7));
      pods.add(
          tree(
              """
              metadata: {name: s-kserve-x}
              status:
                containerStatuses:
                - name: main
                  ready: false
                  state: {waiting: {reason: CrashLoopBackOff, message: back-off 10s}}
                  lastState: {terminated: {reason: OOMKilled, exitCode: 137}}
              """));

      assertThat(message())
          .contains(
              "pod s-kserve-x, container main: CrashLoopBackOff: back-off 10s after OOMKilled,"
                  + " exit code 137");
    }

    @Test
    void that_find_no_node_are_named_with_the_schedulers_words() {
      live.add(deployment(1, 1, 1, 0, 7));
      pods.add(
          tree(
              """
              metadata: {name: s-kserve-x}
              status:
                conditions: [{type: PodScheduled, status: "False", message: Insufficient nvidia.com/gpu}]
              """));

      assertThat(message())
          .contains("pod s-kserve-x cannot be scheduled: Insufficient nvidia.com/gpu");
    }

    @Test
    void that_are_leaving_are_nobodys_trouble() {
      live.add(deployment(1, 1, 1, 1, 7));
      pods.add(
          tree(
              """
              metadata: {name: s-kserve-x, deletionTimestamp: "2026-01-01T00:00:00Z"}
              status: {phase: Failed, reason: Evicted}
              """));

      assertThat(message()).isEmpty();
    }
  }

  @Nested
  class A_router {

    @Test
    void whose_pool_no_gateway_has_accepted_yet_is_waiting() {
      live.add(deployment(1, 1, 1, 1, 7));
      live.add(route("Accepted", 3));
      live.add(tree("{apiVersion: inference.networking.k8s.io/v1, kind: InferencePool}"));

      assertThat(condition(status(), "HTTPRoutesReady")).isEqualTo("True Accepted");
      assertThat(ready(status())).isEqualTo("False WaitingForGateway");
    }

    @Test
    void that_is_accepted_gives_the_gateways_address() {
      live.add(deployment(1, 1, 1, 1, 7));
      live.add(route("Accepted", 3));
      gateway =
          tree(
              """
              spec: {listeners: [{protocol: HTTP, port: 80}, {protocol: TCP, port: 9}]}
              status: {addresses: [{value: 192.0.2.1}]}
              """);

      assertThat(ready(status())).isEqualTo("True Ready");
      assertThat(status().path("url").asText()).isEqualTo("http://192.0.2.1/n/s");
    }

    @Test
    void whose_acceptance_is_about_an_older_route_is_not_ready() {
      live.add(deployment(1, 1, 1, 1, 7));
      live.add(route("Accepted", 2));

      assertThat(ready(status())).isEqualTo("False HTTPRoutesNotReady");
      assertThat(message()).contains("older generation");
    }

    @Test
    void is_as_ready_as_the_worst_of_its_routes() {
      live.add(deployment(1, 1, 1, 1, 7));
      live.add(route("Accepted", 2));
      live.add(route("Accepted", 3));

      assertThat(condition(status(), "HTTPRoutesReady")).isEqualTo("False HTTPRoutesNotReady");
    }

    @Test
    void of_a_gateway_that_does_not_exist_says_so() {
      live.add(deployment(1, 1, 1, 1, 7));
      service.withObject("/spec/router/gateway").putArray("refs").addObject().put("name", "absent");

      assertThat(ready(status())).isEqualTo("False RefsInvalid");
      assertThat(message()).contains("Gateway n/absent does not exist");
    }

    @Test
    void whose_change_cannot_be_rendered_is_as_ready_as_it_is() {
      service.withObject("/spec/router/route");
      live.add(deployment(1, 1, 1, 1, 7));
      live.add(route("Accepted", 3));
      rendering = new Rendering.Refused("ConfigNotFound", "no config x");

      assertThat(condition(status(), "HTTPRoutesReady")).isEqualTo("True Accepted");
      assertThat(condition(status(), "RouterReady")).isEqualTo("True Routed");
      assertThat(ready(status())).isEqualTo("False ConfigNotFound");
    }

    @Test
    void that_is_not_created_is_not_ready_because_its_gateway_is() {
      service.withObject("/spec/router/gateway").putArray("refs").addObject().put("name", "g");
      gateway = tree("{status: {conditions: [{type: Programmed, status: 'True'}]}}");
      rendering = new Rendering.Refused("ConfigNotFound", "no config x");

      assertThat(condition(status(), "RouterReady")).isEqualTo("Unknown NotCreated");
    }

    private ObjectNode route(String type, int observed) {
      return tree(
          """
          apiVersion: gateway.networking.k8s.io/v1
          kind: HTTPRoute
          metadata: {name: r, namespace: n, generation: 3}
          spec:
            parentRefs: [{name: g, namespace: gs}]
            rules:
            - {matches: [{path: {value: /n/s/v1}}]}
            - {matches: [{path: {value: /n/s}}]}
            - {matches: [{path: {value: /}, headers: [{name: model, value: a}]}]}
          status:
            parents:
            - parentRef: {name: g, namespace: gs}
              conditions:
              - {type: %s, status: "True", observedGeneration: %d}
              - {type: ResolvedRefs, status: "True", observedGeneration: %d}
          """
              .formatted(type, observed, observed));
    }
  }

  @Test
  void what_cannot_be_rendered_fails_with_its_reason_and_leaves_the_router_open() {
    service.withObject("/spec/router/route");
    rendering = new Rendering.Refused("ConfigNotFound", "no config x");

    assertThat(ready(status())).isEqualTo("False ConfigNotFound");
    assertThat(condition(status(), "RouterReady")).isEqualTo("Unknown NotCreated");
    assertThat(phase()).isEqualTo("Failed");
    assertThat(message()).isEqualTo("no config x");
  }

  @Test
  void what_cannot_be_rendered_while_the_old_pods_serve_is_degraded_not_failed() {
    live.add(deployment(1, 1, 1, 1, 7));
    rendering = new Rendering.Refused("ConfigNotFound", "no config x");

    assertThat(phase()).isEqualTo("Degraded");
  }

  @Test
  void what_cannot_be_rendered_hides_no_pods_that_fail() {
    live.add(deployment(1, 1, 1, 0, 7));
    rendering = new Rendering.Refused("ConfigNotFound", "no config x");

    assertThat(condition(status(), "MainWorkloadReady"))
        .isEqualTo("False MinimumReplicasUnavailable");
    assertThat(condition(status(), "WorkloadsReady")).isEqualTo("False MinimumReplicasUnavailable");
    assertThat(ready(status())).isEqualTo("False ConfigNotFound");
  }

  @Test
  void what_cannot_be_rendered_still_stands_on_the_configs_that_it_was_made_of() {
    var base = tree("{name: kserve-config-llm-template, namespace: system, source: Preset}");
    service.putObject("status").putArray("appliedConfigs").add(base);
    rendering = new Rendering.Refused("CombineBaseError", "its template fails");

    assertThat(status().path("appliedConfigs")).containsExactly(base);
  }

  @Test
  void a_child_that_is_refused_is_told_where_it_belongs() {
    problems.add(new Children.Problem("HTTPRoute", "r", "InvalidHTTPRoute", "no", true));
    live.add(deployment(1, 1, 1, 1, 7));

    assertThat(condition(status(), "HTTPRoutesReady")).isEqualTo("False InvalidHTTPRoute");
    assertThat(ready(status())).isEqualTo("False InvalidHTTPRoute");
  }

  @Test
  void a_stopped_service_is_stopped_and_has_no_address() {
    stopped = true;

    assertThat(status().path("conditions"))
        .extracting(each -> each.path("type").asText())
        .contains("PresetsCombined", "WorkloadsReady", "Ready");
    assertThat(status().path("conditions"))
        .extracting(each -> each.path("status").asText() + " " + each.path("reason").asText())
        .containsOnly("False Stopped");
    assertThat(phase()).isEqualTo("Stopped");
    assertThat(status().has("url")).isFalse();
  }

  @Test
  void a_condition_keeps_its_time_until_its_status_changes() {
    live.add(deployment(1, 1, 1, 1, 7));
    service
        .putObject("status")
        .putArray("conditions")
        .addObject()
        .put("type", "MainWorkloadReady")
        .put("status", "True")
        .put("lastTransitionTime", "2025-01-01T00:00:00Z");

    assertThat(time("MainWorkloadReady")).isEqualTo("2025-01-01T00:00:00Z");
    assertThat(time("Ready")).isEqualTo("2026-01-02T03:04:05Z");
  }

  @Test
  void the_same_sight_gives_the_same_status_whenever_it_is_seen() {
    live.add(deployment(1, 1, 1, 1, 7));
    var first = status();
    service.set("status", first);

    assertThat(ServiceStatus.of(sight(), NOW.plusSeconds(99))).isEqualTo(first);
  }

  private ObjectNode status() {
    return ServiceStatus.of(sight(), NOW);
  }

  private ServiceStatus.Sight sight() {
    return new ServiceStatus.Sight(
        service,
        rendering,
        new Children.Brought(live, problems),
        pods,
        stopped,
        "cluster.local",
        key -> Optional.ofNullable(gateway),
        Optional.empty());
  }

  @Nested
  class What_scales_it {

    @Test
    void is_ready_when_it_says_so_and_unknown_until_then() {
      live.add(deployment(1, 1, 1, 1, 7));
      var scaler = scaler("HorizontalPodAutoscaler", "s-kserve-hpa");
      live.add(scaler);
      assertThat(condition(status(), "ScalingReady")).isEqualTo("Unknown HPAProgressing");
      assertThat(ready(status())).isEqualTo("Unknown HPAProgressing");

      say(scaler, "AbleToScale", "True", "ReadyForNewScale");
      say(scaler, "ScalingActive", "True", "ValidMetricFound");

      assertThat(condition(status(), "ScalingReady")).isEqualTo("True Scaling");
      assertThat(ready(status())).isEqualTo("True Ready");
    }

    @Test
    void that_gets_no_metric_makes_a_service_that_serves_degraded_and_says_why() {
      live.add(deployment(1, 1, 1, 1, 7));
      var scaler = scaler("HorizontalPodAutoscaler", "s-kserve-hpa");
      say(scaler, "AbleToScale", "True", "SucceededGetScale");
      say(scaler, "ScalingActive", "False", "FailedGetExternalMetric");
      live.add(scaler);

      assertThat(condition(status(), "ScalingReady")).isEqualTo("False FailedGetExternalMetric");
      assertThat(ready(status())).isEqualTo("False FailedGetExternalMetric");
      assertThat(phase()).isEqualTo("Degraded");
    }

    private ObjectNode scaler(String kind, String name) {
      return tree("{kind: %s, metadata: {name: %s, namespace: n}}".formatted(kind, name));
    }

    private void say(ObjectNode scaler, String type, String status, String reason) {
      var all = Trees.with(scaler, "status").withArray("conditions");
      all.addObject().put("type", type).put("status", status).put("reason", reason);
    }
  }

  private String phase() {
    return status().path("phase").asText();
  }

  private String message() {
    return status().path("message").asText();
  }

  private String time(String type) {
    return find(status(), type).path("lastTransitionTime").asText();
  }

  private static String ready(ObjectNode status) {
    return condition(status, "Ready");
  }

  private static String condition(ObjectNode status, String type) {
    var condition = find(status, type);
    return condition.path("status").asText() + " " + condition.path("reason").asText();
  }

  private static ObjectNode find(ObjectNode status, String type) {
    for (var condition : status.path("conditions")) {
      if (condition.path("type").asText().equals(type)) {
        return (ObjectNode) condition;
      }
    }
    return Json.MAPPER.createObjectNode();
  }

  /** A Deployment of generation 7, whose status is about a generation. */
  private static ObjectNode deployment(
      int desired, int all, int updated, int ready, int observedGeneration) {
    return tree(
        """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: s-kserve, namespace: n, generation: 7}
        spec: {replicas: %d}
        status:
          observedGeneration: %d
          replicas: %d
          updatedReplicas: %d
          readyReplicas: %d
          conditions: [{type: Available, status: "%s"}]
        """
            .formatted(
                desired,
                observedGeneration,
                all,
                updated,
                ready,
                ready == desired ? "True" : "False"));
  }

  private static ObjectNode tree(String yaml) {
    try {
      return (ObjectNode) YAML.readTree(yaml);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
