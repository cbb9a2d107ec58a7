package io.penstock.controller.desired;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What scales workloads. */
class ScalingTest {

  private static final String MODEL = "  model: {uri: \"hf://a/b\", name: base}\n";

  @Test
  void by_variant_through_an_autoscaler_for_each_workload() throws Exception {
    var rendered =
        Rendered.of(
            Rendered.serviceOf(
                MODEL
                    + """
                      labels: {inference.optimization/acceleratorName: H100}
                      scaling: {minReplicas: 2, maxReplicas: 8, wva: {variantCost: "12.5", hpa: {}}}
                      prefill: {scaling: {maxReplicas: 4, wva: {hpa: {behavior: {scaleDown: {}}}}}}
                    """));
    var main = rendered.child("HorizontalPodAutoscaler", "llama-kserve-hpa");
    var prefill = rendered.child("HorizontalPodAutoscaler", "llama-kserve-prefill-hpa");

    assertThat(main.at("/spec/scaleTargetRef/name").asText()).isEqualTo("llama-kserve");
    assertThat(prefill.at("/spec/scaleTargetRef/name").asText()).isEqualTo("llama-kserve-prefill");
    assertThat(main.at("/metadata/annotations/llm-d.ai~1variant-cost").asText()).isEqualTo("12.5");
    assertThat(prefill.at("/metadata/annotations/llm-d.ai~1variant-cost").asText())
        .isEqualTo("10.0");
    assertThat(main.at("/metadata/labels/inference.optimization~1acceleratorName").asText())
        .isEqualTo("H100");
    assertThat(
            main.at("/spec/metrics/0/external/metric/selector/matchLabels/variant_name").asText())
        .isEqualTo("llama-kserve-hpa");
    for (var scaler : List.of(main, prefill)) {
      assertThat(scaler.at("/spec/metrics/0/external/target").toString())
          .as("the metric is a number of pods, not a load to be divided by one")
          .isEqualTo("{\"type\":\"AverageValue\",\"averageValue\":\"1\"}");
    }
    assertThat(rendered.child("Deployment", "llama-kserve").path("spec").has("replicas")).isFalse();
    rendered.isGolden("scaling.yaml");
  }

  @Test
  void by_keda_with_the_services_own_triggers() {
    var rendered =
        Rendered.of(
            Rendered.serviceOf(
                MODEL
                    + """
                      parallelism: {pipeline: 2}
                      worker: {}
                      scaling:
                        minReplicas: 1
                        maxReplicas: 3
                        keda:
                          idleReplicaCount: 0
                          cooldownPeriod: 60
                          triggers: [{type: cron, metadata: {timezone: UTC}}]
                    """));
    var scaled = rendered.child("ScaledObject", "llama-kserve-keda").path("spec");

    assertThat(scaled.at("/scaleTargetRef/kind").asText()).isEqualTo("LeaderWorkerSet");
    assertThat(scaled.at("/scaleTargetRef/name").asText()).isEqualTo("llama-kserve-mn");
    assertThat(scaled.path("idleReplicaCount").asInt(-1)).isZero();
    assertThat(scaled.at("/triggers/0/type").asText()).isEqualTo("cron");
  }

  @Test
  void by_variant_through_keda_asks_the_prometheus_that_the_cluster_has() {
    var spec = MODEL + "  scaling: {maxReplicas: 3, wva: {keda: {}}}\n";
    var known = ClusterFacts.offline().withPrometheusUrl("https://prometheus:9090");

    var trigger =
        Rendered.of(Rendered.serviceOf(spec), known)
            .child("ScaledObject", "llama-kserve-keda")
            .at("/spec/triggers/0");

    assertThat(trigger.at("/metadata/serverAddress").asText()).isEqualTo("https://prometheus:9090");
    assertThat(trigger.at("/metadata/query").asText())
        .isEqualTo(
            "wva_desired_replicas{variant_name=\"llama-kserve-keda\",exported_namespace=\"llm\"}");
    assertThat(Rendered.refused(Rendered.serviceOf(spec), ClusterFacts.offline()).message())
        .contains("spec.scaling.wva.keda", "Prometheus");
  }

  @Test
  void without_keda_is_refused_for_that_reason() {
    var refused =
        Rendered.refused(
            Rendered.serviceOf(
                MODEL + "  scaling: {maxReplicas: 3, keda: {triggers: [{type: cron}]}}\n"),
            ClusterFacts.offline().withOptionalKinds(true, false));

    assertThat(refused.reason()).isEqualTo("ScalingCRDNotFound");
  }
}
