package io.penstock.controller.desired;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

/** The owner's two manifests, unchanged. */
class SeedManifestsTest {

  private static final String CPU = Rendered.resource("/seed/opt-125m-cpu.yaml");
  private static final String GPU = Rendered.resource("/seed/qwen2-7b-gpu.yaml");

  @Test
  void the_cpu_example_is_one_deployment_that_its_service_reaches() throws Exception {
    var rendered = Rendered.of(CPU);

    assertThat(rendered.names())
        .containsExactly(
            "Deployment/opt-125m-cpu-kserve",
            "PodDisruptionBudget/opt-125m-cpu-kserve",
            "Service/opt-125m-cpu-kserve-workload-svc");
    assertThat(rendered.engine("Deployment", "opt-125m-cpu-kserve").path("image").asText())
        .contains("cpu");
    assertThat(rendered.result().warnings()).isEmpty();
    assertThat(rendered.result().certificate()).isEmpty();
    rendered.isGolden("opt-125m-cpu.yaml");
  }

  @Test
  void the_gpu_example_has_a_pool_a_picker_and_a_route_and_serves_tls() throws Exception {
    var rendered = Rendered.of(GPU);

    assertThat(rendered.names())
        .contains(
            "Deployment/qwen2-7b-kserve",
            "InferencePool/qwen2-7b-inference-pool",
            "Deployment/qwen2-7b-kserve-router-scheduler",
            "HTTPRoute/qwen2-7b-kserve-route");
    assertThat(rendered.result().certificate().orElseThrow().secretName())
        .isEqualTo("qwen2-7b-kserve-self-signed-certs");
    rendered.isGolden("qwen2-7b-gpu.yaml");
  }

  @Test
  void without_the_gateway_api_the_gpu_example_has_penstocks_gateway() throws Exception {
    var rendered = Rendered.of(GPU, ClusterFacts.offline().withGatewayApi(false));

    assertThat(rendered.names())
        .contains(
            "Deployment/qwen2-7b-kserve-gateway",
            "Service/qwen2-7b-kserve-gateway",
            "InferencePool/qwen2-7b-inference-pool")
        .doesNotContain(
            "HTTPRoute/qwen2-7b-kserve-route", "Deployment/qwen2-7b-kserve-router-scheduler");
    rendered.isGolden("qwen2-7b-gpu-own-gateway.yaml");
  }

  @Test
  void without_inference_pools_the_gpu_example_is_refused_for_that_reason() {
    var refused = Rendered.refused(GPU, ClusterFacts.offline().withPoolVersions(Set.of()));

    assertThat(refused.reason()).isEqualTo("InferencePoolCRDMissing");
    assertThat(refused.message()).contains("inference.networking.k8s.io/v1");
  }
}
