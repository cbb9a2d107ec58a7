package io.penstock.controller.desired;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;

/** How models and adapters come into pods. */
class StorageTest {

  private static final String DEPLOYMENT = "Deployment";
  private static final String NAME = "llama-kserve";

  private static Rendered render(String spec) {
    return Rendered.of(Rendered.serviceOf(spec));
  }

  private static JsonNode initializer(Rendered rendered) {
    return Rendered.named(
        rendered.pod(DEPLOYMENT, NAME).path("initContainers"), "storage-initializer");
  }

  private static JsonNode mount(Rendered rendered, String volume) {
    return Rendered.named(rendered.engine(DEPLOYMENT, NAME).path("volumeMounts"), volume);
  }

  @Test
  void hugging_face_is_downloaded_before_the_engine_starts_with_a_token_if_there_is_one() {
    var rendered = render("  model: {uri: \"hf://a/b:main\"}\n");

    var container = initializer(rendered);
    assertThat(container.path("args"))
        .extracting(JsonNode::asText)
        .containsExactly("hf://a/b:main", "/mnt/models");
    var token = Rendered.named(container.path("env"), "HF_TOKEN").at("/valueFrom/secretKeyRef");
    assertThat(token.path("name").asText()).isEqualTo("hf-token");
    assertThat(token.path("optional").asBoolean()).isTrue();
    assertThat(mount(rendered, "kserve-provision-location").path("readOnly").asBoolean()).isTrue();
  }

  @Test
  void the_secret_is_the_one_that_the_service_names() {
    var rendered =
        Rendered.of(
            Rendered.serviceOf("  model: {uri: \"s3://bucket/model\"}\n")
                .replace(
                    "{name: llama}",
                    "{name: llama, annotations: {serving.kserve.io/storageSecretName: keys}}"));

    assertThat(initializer(rendered).at("/envFrom/0/secretRef/name").asText()).isEqualTo("keys");
    assertThat(initializer(rendered).path("args").get(0).asText()).isEqualTo("s3://bucket/model");
  }

  @Test
  void a_claim_is_mounted_read_only_at_its_path() {
    var rendered = render("  model: {uri: \"pvc://models/llama/8b/\"}\n");

    assertThat(mount(rendered, "kserve-pvc-source").path("subPath").asText()).isEqualTo("llama/8b");
    assertThat(mount(rendered, "kserve-pvc-source").path("mountPath").asText())
        .isEqualTo("/mnt/models");
    assertThat(rendered.pod(DEPLOYMENT, NAME).has("initContainers")).isFalse();
  }

  @Test
  void an_image_is_a_volume() {
    var rendered = render("  model: {uri: \"oci://registry.io/models/llama:1\"}\n");

    var volume = Rendered.named(rendered.pod(DEPLOYMENT, NAME).path("volumes"), "model-image");
    assertThat(volume.at("/image/reference").asText()).isEqualTo("registry.io/models/llama:1");
    assertThat(mount(rendered, "model-image").path("subPath").asText()).isEqualTo("models");
  }

  @Test
  void without_an_initializer_the_engine_gets_the_model_itself() {
    var rendered = render("  model: {uri: \"hf://a/b\"}\n  storageInitializer: {enabled: false}\n");

    assertThat(rendered.engine(DEPLOYMENT, NAME).at("/command/2").asText())
        .contains("exec vllm serve 'a/b'");
    assertThat(rendered.pod(DEPLOYMENT, NAME).toString())
        .doesNotContain("storage-initializer", "kserve-provision-location");
  }

  @Test
  void without_an_initializer_the_engine_gets_revision_and_adapters_itself() {
    var rendered =
        render(
            """
              model: {uri: "hf://a/b:v1", lora: {adapters: [{name: sql, uri: "hf://x/sql"}]}}
              storageInitializer: {enabled: false}
            """);

    assertThat(rendered.engine(DEPLOYMENT, NAME).at("/command/2").asText())
        .contains("exec vllm serve 'a/b' ");
    assertThat(rendered.engine(DEPLOYMENT, NAME).path("args"))
        .extracting(JsonNode::asText)
        .containsSequence("--revision", "v1")
        .contains("{\"name\":\"sql\",\"path\":\"x/sql\"}");
  }

  @Test
  void without_an_initializer_an_adapter_of_a_revision_is_refused() {
    var refused =
        Rendered.refused(
            Rendered.serviceOf(
                """
                  model: {uri: "hf://a/b", lora: {adapters: [{name: sql, uri: "hf://x/sql:v1"}]}}
                  storageInitializer: {enabled: false}
                """),
            ClusterFacts.offline());

    assertThat(refused.reason()).isEqualTo("InvalidRenderedConfig");
    assertThat(refused.message()).contains("spec.model.lora.adapters[sql].uri", "hf://x/sql:v1");
  }

  @Test
  void a_users_own_initializer_counts_except_for_what_is_brought_where() {
    var rendered =
        render(
            """
              model: {uri: "hf://a/b"}
              template:
                initContainers:
                  - name: storage-initializer
                    image: mine:1
                    command: [sh]
                    args: [elsewhere]
                    env: [{name: HF_TOKEN, value: mine}, {name: X, value: y}]
            """);

    var container = initializer(rendered);
    assertThat(container.path("image").asText()).isEqualTo("mine:1");
    assertThat(container.has("command")).isFalse();
    assertThat(container.path("args").get(0).asText()).isEqualTo("hf://a/b");
    assertThat(Rendered.named(container.path("env"), "HF_TOKEN").path("value").asText())
        .isEqualTo("mine");
    assertThat(Rendered.named(container.path("env"), "HOME").path("value").asText())
        .isEqualTo("/tmp");
  }

  @Test
  void a_users_own_initializer_reads_the_services_secret_beside_its_own_variables() {
    for (var own : new String[] {"", "{secretRef: {name: keys}}, "}) {
      var rendered =
          Rendered.of(
              Rendered.serviceOf(
                      """
                        model: {uri: "s3://bucket/model"}
                        template: {initContainers: [{name: storage-initializer, envFrom: [%s{configMapRef: {name: proxy}}]}]}
                      """
                          .formatted(own))
                  .replace(
                      "{name: llama}",
                      "{name: llama, annotations: {serving.kserve.io/storageSecretName: keys}}"));

      assertThat(initializer(rendered).path("envFrom").toString())
          .isEqualTo(
              "[{\"secretRef\":{\"name\":\"keys\"}},{\"configMapRef\":{\"name\":\"proxy\"}}]");
    }
  }

  @Test
  void a_scheme_that_nobody_knows_is_refused_with_those_that_are() {
    var refused =
        Rendered.refused(
            Rendered.serviceOf("  model: {uri: \"ftp://a/b\"}\n"), ClusterFacts.offline());

    assertThat(refused.reason()).isEqualTo("InvalidRenderedConfig");
    assertThat(refused.message()).contains("spec.model.uri", "ftp://a/b", "hf://");
  }

  @Test
  void adapters_are_brought_and_announced_in_the_order_of_their_names() throws Exception {
    var rendered =
        render(
            """
              model:
                uri: "pvc://models/base"
                name: base
                lora:
                  maxRank: 64
                  adapters:
                    - {name: sql, uri: "hf://x/sql"}
                    - {name: "Law $(HOME)", uri: "pvc://adapters/law"}
              router: {scheduler: {}, route: {}, gateway: {}}
            """);

    var args = rendered.engine(DEPLOYMENT, NAME).path("args");
    assertThat(args)
        .extracting(JsonNode::asText)
        .startsWith("--enable-lora", "--max-lora-rank=64", "--lora-modules")
        .anyMatch(
            arg -> arg.startsWith("{\"name\":\"Law $$(HOME)\",\"path\":\"/mnt/lora/law-home-"))
        .contains(
            "{\"name\":\"sql\",\"path\":\"/mnt/lora/sql\"}",
            "{\"name\":\"publishers/llm/models/sql\",\"path\":\"/mnt/lora/sql\"}");
    assertThat(initializer(rendered).path("args"))
        .extracting(JsonNode::asText)
        .containsExactly("hf://x/sql", "/mnt/lora/sql");
    rendered.isGolden("adapters.yaml");
  }

  @Test
  void adapters_that_the_user_announces_are_not_announced_again() {
    var rendered =
        render(
            """
              model: {uri: "hf://a/b", lora: {adapters: [{name: sql, uri: "hf://x/sql"}]}}
              template: {containers: [{name: main, args: [--lora-modules, mine]}]}
            """);

    assertThat(rendered.engine(DEPLOYMENT, NAME).path("args"))
        .extracting(JsonNode::asText)
        .containsExactly("--lora-modules", "mine");
  }

  @Test
  void tiers_of_offloaded_blocks_are_mounted() {
    var rendered =
        render(
            """
              model: {uri: "hf://a/b"}
              kvCacheOffloading:
                cpu: 8Gi
                secondary:
                  - {fileSystem: {emptyDir: {size: 10Gi}}}
                  - {fileSystem: {pvc: {ref: {name: disk, path: kv}}}}
                  - {fileSystem: {pvc: {spec: {accessModes: [ReadWriteOnce]}}}}
            """);
    var volumes = rendered.pod(DEPLOYMENT, NAME).path("volumes");

    assertThat(Rendered.named(volumes, "kv-cache-secondary-0").at("/emptyDir/sizeLimit").asText())
        .isEqualTo("10Gi");
    assertThat(
            Rendered.named(volumes, "kv-cache-secondary-1")
                .at("/persistentVolumeClaim/claimName")
                .asText())
        .isEqualTo("disk");
    assertThat(Rendered.named(volumes, "kv-cache-secondary-2").toString())
        .contains("volumeClaimTemplate", "ReadWriteOnce");
    assertThat(mount(rendered, "kv-cache-secondary-1").path("subPath").asText()).isEqualTo("kv");
    assertThat(
            rendered.engine(DEPLOYMENT, NAME).at("/resources/requests/ephemeral-storage").asText())
        .isEqualTo(String.valueOf(10L << 30));
  }

  @Test
  void traces_are_on_with_the_usual_values_and_the_users_variables_win() {
    var rendered =
        render(
            """
              model: {uri: "hf://a/b"}
              tracing: {samplerArg: "1"}
              template: {containers: [{name: main, env: [{name: OTEL_SERVICE_NAME, value: mine}]}]}
            """);
    var engine = rendered.engine(DEPLOYMENT, NAME);

    assertThat(engine.path("args"))
        .extracting(JsonNode::asText)
        .startsWith("--otlp-traces-endpoint", "http://otel-collector:4317");
    assertThat(Rendered.named(engine.path("env"), "OTEL_SERVICE_NAME").path("value").asText())
        .isEqualTo("mine");
    assertThat(Rendered.named(engine.path("env"), "OTEL_TRACES_SAMPLER_ARG").path("value").asText())
        .isEqualTo("1");
    assertThat(Rendered.named(engine.path("env"), "OTEL_TRACES_SAMPLER").path("value").asText())
        .isEqualTo("parentbased_traceidratio");
  }
}
