package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code penstock render} as a user calls it. */
class RenderIT {

  private static final Path CONTROLLER = Path.of("../../controller/src/test/resources");
  private static final Path SEED = CONTROLLER.resolve("seed");
  private static final Path GOLDEN = CONTROLLER.resolve("io/penstock/controller/desired/golden");

  @ParameterizedTest
  @ValueSource(strings = {"opt-125m-cpu.yaml", "qwen2-7b-gpu.yaml"})
  void prints_every_object_of_the_owners_examples(String manifest) throws Exception {
    var done = PenstockProcess.run("render", "-f", SEED.resolve(manifest).toString(), "-n", "llm");

    assertThat(done.status()).as(done.output()).isZero();
    assertThat(objects(done)).isEqualTo(Files.readString(GOLDEN.resolve(manifest)));
  }

  @Test
  void asks_what_the_cluster_has_by_flags() throws Exception {
    var gpu = SEED.resolve("qwen2-7b-gpu.yaml").toString();

    var own = PenstockProcess.run("render", "-f", gpu, "-n", "llm", "--gateway-api=false");
    assertThat(objects(own))
        .isEqualTo(Files.readString(GOLDEN.resolve("qwen2-7b-gpu-own-gateway.yaml")));

    var older = PenstockProcess.run("render", "-f", gpu, "--pool-version", "v1alpha2");
    assertThat(older.output()).contains("apiVersion: inference.networking.x-k8s.io/v1alpha2");

    var none = PenstockProcess.run("render", "-f", gpu, "--pool-version", "none");
    assertThat(none.status()).isEqualTo(1);
    assertThat(none.output()).contains("qwen2-7b: InferencePoolCRDMissing: ");
  }

  @Test
  void takes_configs_from_the_same_files(@TempDir Path folder) throws Exception {
    var file = folder.resolve("all.yaml");
    Files.writeString(
        file,
        """
        apiVersion: serving.kserve.io/v1alpha2
        kind: LLMInferenceServiceConfig
        metadata: {name: mine}
        spec: {labels: {team: "{{ .ObjectMeta.Name }}-team"}}
        ---
        apiVersion: serving.kserve.io/v1alpha2
        kind: LLMInferenceService
        metadata: {name: llama}
        spec: {model: {uri: "hf://a/b"}, baseRefs: [{name: mine}]}
        """);

    var done = PenstockProcess.run("render", "--filename", file.toString());

    assertThat(done.status()).as(done.output()).isZero();
    assertThat(done.output()).contains("team: llama-team", "namespace: default");
  }

  @Test
  void says_what_is_wrong_and_where(@TempDir Path folder) throws Exception {
    var file = folder.resolve("wrong.yaml");
    Files.writeString(
        file,
        """
        apiVersion: serving.kserve.io/v1alpha2
        kind: LLMInferenceService
        metadata: {name: llama}
        spec:
          model: {uri: "hf://a/b"}
          parallelism: {data: 2}
        """);

    var wrong = PenstockProcess.run("render", "-f", file.toString());
    assertThat(wrong.status()).isEqualTo(1);
    assertThat(wrong.output()).contains("wrong.yaml:6: spec.parallelism").doesNotContain("kind:");

    var nowhere = PenstockProcess.run("render", "-f", "no-such-file.yaml");
    assertThat(nowhere.status()).isEqualTo(2);
    assertThat(nowhere.output()).contains("there is no file no-such-file.yaml");
    assertThat(PenstockProcess.run("render").status()).isEqualTo(2);
  }

  private static String objects(PenstockProcess.Finished done) {
    return done.output()
        .lines()
        .filter(line -> !line.startsWith("penstock: "))
        .collect(Collectors.joining("\n", "", "\n"));
  }
}
