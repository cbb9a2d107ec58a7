package io.penstock.controller.desired;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Defects of KServe's controller in what it renders, which users reported or its code shows, and
 * that are not here. Those with a test of their own beside the feature are not repeated.
 */
class KnownDefectsTest {

  private static final String MODEL = "  model: {uri: \"hf://a/b\", name: base}\n";
  private static final String ROUTER = "  router: {scheduler: {}, route: {}, gateway: {}}\n";

  private static Rendered render(String spec) {
    return Rendered.of(Rendered.serviceOf(spec));
  }

  @Test
  void scaling_pods_does_not_restart_the_picker() {
    for (var tls : List.of("HTTP", "HTTPS")) {
      var template =
          "  template: {containers: [{name: main, livenessProbe: {httpGet: {scheme: %s}}}]}\n"
              .formatted(tls);
      var one = render(MODEL + ROUTER + template + "  replicas: 1\n");
      var nine = render(MODEL + ROUTER + template + "  replicas: 9\n");

      assertThat(nine.child("Deployment", "llama-kserve-router-scheduler"))
          .isEqualTo(one.child("Deployment", "llama-kserve-router-scheduler"));
      assertThat(nine.result().certificate()).isEqualTo(one.result().certificate());
    }
  }

  @Test
  void liveness_is_more_patient_than_readiness() {
    var engine = render(MODEL).engine("Deployment", "llama-kserve");

    assertThat(patience(engine.path("livenessProbe")))
        .isGreaterThanOrEqualTo(patience(engine.path("readinessProbe")) * 3);
    assertThat(patience(engine.path("startupProbe"))).isGreaterThanOrEqualTo(1800);
  }

  private static long patience(JsonNode probe) {
    return probe.path("periodSeconds").asLong() * probe.path("failureThreshold").asLong();
  }

  @Test
  void a_topology_that_loses_the_merge_is_not_the_one_that_is_rendered() {
    var lookup =
        Rendered.lookup(
            """
            apiVersion: serving.kserve.io/v1alpha2
            kind: LLMInferenceServiceConfig
            metadata: {name: groups}
            spec: {worker: {}, parallelism: {pipeline: 4}, prefill: {}}
            """);

    var rendered =
        Rendered.of(
            Rendered.serviceOf(
                MODEL
                    + "  baseRefs: [{name: groups}]\n"
                    + "  worker: null\n  prefill: null\n  parallelism: null\n"),
            lookup,
            ClusterFacts.offline());

    assertThat(rendered.names())
        .containsExactly(
            "Deployment/llama-kserve",
            "PodDisruptionBudget/llama-kserve",
            "Service/llama-kserve-workload-svc");
  }

  @Test
  void one_pool_is_rendered_and_the_sidecar_watches_that_one() {
    for (var version : ClusterFacts.PoolVersion.values()) {
      var rendered =
          Rendered.of(
              Rendered.serviceOf(MODEL + ROUTER + "  prefill: {}\n"),
              ClusterFacts.offline().withPoolVersions(Set.of(version)));

      assertThat(rendered.names()).filteredOn(name -> name.startsWith("InferencePool/")).hasSize(1);
      assertThat(rendered.pod("Deployment", "llama-kserve").toString())
          .contains("--pool-group=" + version.group() + "\"");
    }
    var both =
        Rendered.of(
            Rendered.serviceOf(MODEL + ROUTER),
            ClusterFacts.offline().withPoolVersions(Set.of(ClusterFacts.PoolVersion.values())));
    assertThat(both.child("InferencePool", "llama-inference-pool").path("apiVersion").asText())
        .isEqualTo("inference.networking.k8s.io/v1");
  }

  @Test
  void nothing_is_rendered_outside_of_the_services_namespace() {
    for (var child : render(MODEL + ROUTER + "  prefill: {}\n").result().children()) {
      assertThat(child.at("/metadata/namespace").asText()).isEqualTo("llm");
      assertThat(child.path("kind").asText()).doesNotStartWith("Cluster");
    }
  }

  @Test
  void long_names_stay_within_a_labels_length_and_apart() {
    var name = "a-very-long-name-of-a-service-that-people-do-give-to-their-models";
    var rendered =
        Rendered.of(
            Rendered.serviceOf(MODEL + ROUTER + "  prefill: {}\n")
                .replace("{name: llama}", "{name: " + name.substring(0, 60) + "}"));

    assertThat(rendered.names()).doesNotHaveDuplicates();
    for (var child : rendered.result().children()) {
      assertThat(child.at("/metadata/name").asText()).hasSizeLessThanOrEqualTo(63);
    }
    var pool =
        rendered.result().children().stream()
            .filter(child -> child.path("kind").asText().equals("InferencePool"))
            .findFirst()
            .orElseThrow();
    assertThat(rendered.names())
        .contains("Service/" + pool.at("/spec/endpointPickerRef/name").asText());
  }

  @Test
  void devices_by_annotation_are_claimed_by_every_engine_and_the_engine_is_built_for_them() {
    var rendered =
        Rendered.of(
            Rendered.serviceOf(MODEL + "  prefill: {}\n")
                .replace(
                    "{name: llama}",
                    "{name: llama, annotations: {serving.kserve.io/exp-dra-device-class: gpu.io,"
                        + " serving.kserve.io/exp-dra-device-count: \"2\"}}"));

    var wanted =
        rendered
            .child("ResourceClaimTemplate", "llama-managed-dra")
            .at("/spec/spec/devices/requests/0/exactly");
    assertThat(wanted.path("deviceClassName").asText()).isEqualTo("gpu.io");
    assertThat(wanted.path("count").asInt()).isEqualTo(2);
    for (var name : List.of("llama-kserve", "llama-kserve-prefill")) {
      var engine = rendered.engine("Deployment", name);
      assertThat(engine.at("/resources/claims/0/name").asText()).isEqualTo("managed-device");
      assertThat(
              rendered
                  .pod("Deployment", name)
                  .at("/resourceClaims/0/resourceClaimTemplateName")
                  .asText())
          .isEqualTo("llama-managed-dra");
      assertThat(engine.path("image").asText()).doesNotContain("cpu");
    }
  }
}
