package io.penstock.controller.desired;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.penstock.controller.preset.Kubelet;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The commands of rendered engines, run by a real bash with a {@code vllm} that tells its words.
 */
class EngineScriptTest {

  private static final String SPEC =
      """
        model: {uri: "hf://meta/llama", name: "meta/Llama 3"}
        template:
          containers:
            - name: main
              args: [--max-model-len, "8 k"]
              resources: {limits: {nvidia.com/gpu: "2"}}
      """;

  @TempDir private Path folder;

  @BeforeEach
  void putAnEngineThere() throws Exception {
    executable("vllm", "printf '%s\\0' \"$@\"");
    executable("python3", "echo \"$VLLM_VERSION\"");
    executable("getent", "echo 10.0.0.7 STREAM \"$2\"");
    executable("sleep", "exit 0");
  }

  private void executable(String name, String body) throws Exception {
    var file = folder.resolve(name);
    Files.writeString(file, "#!/bin/bash\n" + body + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
  }

  /** What the engine of a container is started with. */
  private List<String> words(JsonNode container, Map<String, String> more) throws Exception {
    Map<String, String> variables = new HashMap<>();
    container
        .path("env")
        .forEach(each -> variables.put(each.path("name").asText(), each.path("value").asText()));
    variables.putAll(more);
    List<String> command = new ArrayList<>();
    container.path("command").forEach(word -> command.add(word.asText()));
    container.path("args").forEach(word -> command.add(word.asText()));
    command.replaceAll(word -> Kubelet.expand(word, variables));
    var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(variables);
    builder.environment().putIfAbsent("VLLM_VERSION", "0.32.0");
    builder.environment().put("PATH", folder + ":" + System.getenv("PATH"));
    var process = builder.start();
    process.getOutputStream().close();
    var out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(out).isZero();
    return Arrays.asList(out.substring(0, out.length() - 1).split("\0", -1));
  }

  private List<String> words(String spec, Map<String, String> more) throws Exception {
    var rendered = Rendered.of(Rendered.serviceOf(spec));
    return words(rendered.engine("Deployment", "llama-kserve"), more);
  }

  @Test
  void one_node_serves_both_names_and_the_users_words_come_last() throws Exception {
    var words = words(SPEC + "  parallelism: {tensor: 2}\n", Map.of());

    assertThat(words)
        .containsExactly(
            "serve",
            "/mnt/models",
            "--served-model-name",
            "meta/Llama 3",
            "publishers/llm/models/meta/Llama 3",
            "--port",
            "8000",
            "--tensor-parallel-size",
            "2",
            "--disable-access-log-for-endpoints",
            "/health,/metrics,/ping",
            "--shutdown-timeout",
            "280",
            "--max-model-len",
            "8 k");
  }

  @Test
  void a_false_of_the_service_takes_away_what_a_config_turns_on() throws Exception {
    var config =
        """
        apiVersion: serving.kserve.io/v1alpha2
        kind: LLMInferenceServiceConfig
        metadata: {name: experts}
        spec: {parallelism: {expert: true, tensor: 2}}
        """;
    var configs = Rendered.lookup(config);
    var on = SPEC + "  baseRefs: [{name: experts}]\n";

    var with = Rendered.of(Rendered.serviceOf(on), configs, ClusterFacts.offline());
    var without =
        Rendered.of(
            Rendered.serviceOf(on + "  parallelism: {expert: false}\n"),
            configs,
            ClusterFacts.offline());

    assertThat(words(with.engine("Deployment", "llama-kserve"), Map.of()))
        .contains("--enable-expert-parallel");
    assertThat(words(without.engine("Deployment", "llama-kserve"), Map.of()))
        .doesNotContain("--enable-expert-parallel")
        .containsSubsequence("--tensor-parallel-size", "2");
  }

  @Test
  void parallelism_without_workers_is_not_dropped() throws Exception {
    assertThat(words(SPEC + "  parallelism: {pipeline: 2}\n", Map.of()))
        .containsSubsequence("--pipeline-parallel-size", "2");
    assertThat(words(SPEC + "  parallelism: {data: 2, dataLocal: 2, expert: true}\n", Map.of()))
        .contains("--enable-expert-parallel")
        .containsSubsequence("--data-parallel-size", "2");
  }

  @Test
  void flags_in_a_variable_are_split_as_a_shell_does_and_nothing_in_them_is_run() throws Exception {
    var flags = "--a 'b c'  --json '{\"x\": 1}' --d \"e'f\" $(touch /tmp/no) `id` $HOME *";

    var words = words(SPEC, Map.of("VLLM_ADDITIONAL_ARGS", flags));

    assertThat(words)
        .containsSubsequence("--a", "b c", "--json", "{\"x\": 1}", "--d", "e'f", "$(touch")
        .containsSubsequence("/tmp/no)", "`id`", "$HOME", "*", "--max-model-len");
  }

  @Test
  void flags_that_an_older_engine_does_not_know_are_left_out() throws Exception {
    assertThat(words(SPEC, Map.of("VLLM_VERSION", "0.9.2")))
        .doesNotContain("--shutdown-timeout", "--disable-access-log-for-endpoints");
    assertThat(words(SPEC, Map.of("VLLM_VERSION", "0.17.1rc2")))
        .contains("--disable-access-log-for-endpoints")
        .doesNotContain("--shutdown-timeout");
  }

  @Test
  void no_name_breaks_out() throws Exception {
    var pieces =
        new String[] {
          "'", "\"", "$(exit 3)", "$HOME", "$(HOME)", "`exit 4`", "\\", ";exit 5;", "$$", " "
        };
    long seed = 17;
    var random = new SplittableRandom(seed);
    for (int i = 0; i < 25; i++) {
      var name = new StringBuilder("n");
      for (int n = random.nextInt(1, 8); n > 0; n--) {
        name.append(pieces[random.nextInt(pieces.length)]);
      }
      var json = new ObjectMapper().writeValueAsString(name.toString());
      var spec = "  model: {uri: \"hf://a/b\", name: " + json + "}\n";

      assertThat(words(spec, Map.of("HOME", "'; exit 6; '")))
          .as("seed %d", seed)
          .containsSubsequence(
              "--served-model-name", name.toString(), "publishers/llm/models/" + name, "--port");
    }
  }

  @Test
  void a_group_that_shares_requests_has_ranks_and_one_front() throws Exception {
    var rendered =
        Rendered.of(
            Rendered.serviceOf(
                SPEC
                    + "  parallelism: {data: 16, dataLocal: 8, expert: true, tensor: 1}\n"
                    + "  worker: {}\n"));
    var lws = rendered.child("LeaderWorkerSet", "llama-kserve-mn").at("/spec/leaderWorkerTemplate");
    var leader = Rendered.named(lws.at("/leaderTemplate/spec/containers"), "main");
    var worker = Rendered.named(lws.at("/workerTemplate/spec/containers"), "main");
    var group = Map.of("LWS_LEADER_ADDRESS", "llama-0.llama", "LWS_GROUP_SIZE", "2");

    var first = new HashMap<>(group);
    first.put("LWS_WORKER_INDEX", "0");
    var second = new HashMap<>(group);
    second.put("LWS_WORKER_INDEX", "1");

    assertThat(lws.path("size").asInt()).isEqualTo(2);
    assertThat(words(leader, first))
        .containsSubsequence(
            "--enable-expert-parallel",
            "--data-parallel-size",
            "16",
            "--data-parallel-size-local",
            "8",
            "--data-parallel-address",
            "10.0.0.7",
            "--data-parallel-rpc-port",
            "5555",
            "--data-parallel-start-rank",
            "0",
            "--api-server-count",
            "8",
            "--max-model-len")
        .doesNotContain("--headless");
    assertThat(words(worker, second))
        .containsSubsequence("--data-parallel-start-rank", "8", "--headless")
        .doesNotContain("--api-server-count");
    assertThat(worker.has("readinessProbe")).isFalse();
  }

  @Test
  void a_leader_whose_name_is_never_known_ends_the_worker_with_a_sentence() throws Exception {
    executable("getent", "exit 2");
    var rendered =
        Rendered.of(Rendered.serviceOf(SPEC + "  parallelism: {pipeline: 2}\n  worker: {}\n"));
    var script = rendered.engine("LeaderWorkerSet", "llama-kserve-mn").at("/command/2").asText();

    var process = new ProcessBuilder("/bin/bash", "-c", script).redirectErrorStream(true);
    process.environment().put("PATH", folder + ":" + System.getenv("PATH"));
    process.environment().put("LWS_LEADER_ADDRESS", "llama-0.llama");
    process.environment().put("DP_ADDRESS_RESOLVE_ATTEMPTS", "3");
    var running = process.start();

    assertThat(new String(running.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .contains("the leader's name llama-0.llama does not resolve");
    assertThat(running.waitFor()).isEqualTo(1);
  }

  @Test
  void the_network_of_a_group_is_found_where_it_is_asked_for() throws Exception {
    for (var device : List.of("mlx5_0", "mlx5_1", "mlx5_2")) {
      var port = folder.resolve("sys").resolve(device).resolve("ports/1");
      Files.createDirectories(port.resolve("gid_attrs/types"));
      Files.createDirectories(port.resolve("gids"));
      Files.writeString(port.resolve("state"), device.equals("mlx5_1") ? "1: DOWN" : "4: ACTIVE");
      for (int i = 0; i < 4; i++) {
        boolean routable = i >= 2;
        Files.writeString(
            port.resolve("gid_attrs/types/" + i), routable ? "RoCE v2" : "IB/RoCE v1");
        Files.writeString(
            port.resolve("gids/" + i),
            routable
                ? "0000:0000:0000:0000:0000:ffff:0a00:0001"
                : "fe80:0000:0000:0000:0000:0000:0000:0001");
      }
    }
    executable(
        "vllm", "printf '%s\\0' \"$NCCL_IB_HCA\" \"$UCX_NET_DEVICES\" \"$NCCL_IB_GID_INDEX\"");
    var rendered =
        Rendered.of(Rendered.serviceOf(SPEC + "  parallelism: {pipeline: 2}\n  worker: {}\n"));
    var engine =
        new ObjectMapper()
            .readTree(
                rendered
                    .engine("LeaderWorkerSet", "llama-kserve-mn")
                    .toString()
                    .replace("/sys/class/infiniband", folder.resolve("sys").toString()));
    var group = Map.of("LWS_LEADER_ADDRESS", "llama-0.llama", "KSERVE_INFER_ROCE", "true");

    assertThat(words(engine, group)).containsExactly("mlx5_0,mlx5_2", "mlx5_0:1,mlx5_2:1", "3");
  }

  @Test
  void a_group_that_shares_layers_has_ranks_and_one_front() throws Exception {
    var rendered =
        Rendered.of(
            Rendered.serviceOf(SPEC + "  parallelism: {pipeline: 3, tensor: 2}\n  worker: {}\n"));
    var lws = rendered.child("LeaderWorkerSet", "llama-kserve-mn").at("/spec/leaderWorkerTemplate");
    var worker = Rendered.named(lws.at("/workerTemplate/spec/containers"), "main");

    assertThat(lws.path("size").asInt()).isEqualTo(3);
    assertThat(
            words(
                worker,
                Map.of("LWS_LEADER_ADDRESS", "x", "LWS_GROUP_SIZE", "3", "LWS_WORKER_INDEX", "2")))
        .containsSubsequence(
            "--tensor-parallel-size",
            "2",
            "--pipeline-parallel-size",
            "3",
            "--nnodes",
            "3",
            "--node-rank",
            "2",
            "--master-addr",
            "10.0.0.7",
            "--headless");
  }

  @Test
  void prefill_and_decode_hand_over_by_nixl_unless_somebody_says_otherwise() throws Exception {
    var split = SPEC + "  prefill: {template: {containers: [{name: main}]}}\n";
    var rendered = Rendered.of(Rendered.serviceOf(split));
    var decode = rendered.engine("Deployment", "llama-kserve");
    var prefill = rendered.engine("Deployment", "llama-kserve-prefill");

    assertThat(words(decode, Map.of()))
        .containsSubsequence(
            "--kv-transfer-config", "{\"kv_connector\":\"NixlConnector\",\"kv_role\":\"kv_both\"}");
    assertThat(words(prefill, Map.of()))
        .as("without a device the blocks stay in memory")
        .containsSubsequence(
            "--kv-transfer-config",
            "{\"kv_connector\":\"NixlConnector\",\"kv_role\":\"kv_both\",\"kv_buffer_device\":\"cpu\"}");
    assertThat(words(decode, Map.of("VLLM_ADDITIONAL_ARGS", "--kv_transfer_config '{}'")))
        .doesNotContain("--kv-transfer-config");
  }

  @Test
  void offloaded_blocks_have_their_tiers() throws Exception {
    var spec =
        SPEC
            + """
              kvCacheOffloading:
                cpu: 16Gi
                evictionPolicy: arc
                secondary: [{fileSystem: {emptyDir: {size: 100Gi}}}]
            """;
    assertThat(words(spec, Map.of()))
        .containsSubsequence(
            "--kv-transfer-config",
            "{\"kv_connector\":\"OffloadingConnector\",\"kv_role\":\"kv_both\","
                + "\"kv_connector_extra_config\":{\"spec_name\":\"TieringOffloadingSpec\","
                + "\"cpu_bytes_to_use\":17179869184,\"eviction_policy\":\"arc\","
                + "\"secondary_tiers\":[{\"type\":\"fs\",\"root_dir\":\"/mnt/kv-cache-0\"}]}}");
  }
}
