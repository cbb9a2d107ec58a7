package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.http.PodConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The assembled distribution, started as a user starts it. */
class DistributionIT {

  @Test
  void the_demo_talks_to_itself_and_hits_nine_tenths_of_what_is_possible() throws Exception {
    var done = PenstockProcess.run("demo", "--port", "0", "--requests", "200");
    assertThat(done.status()).as(done.output()).isZero();
    assertThat(hitShare(done.output())).isGreaterThanOrEqualTo(0.9);
    assertThat(done.output()).contains("requests", "prompt tokens", "cached tokens", "TTFT p50");
  }

  private static double hitShare(String output) {
    String last = output.strip().lines().reduce((first, next) -> next).orElseThrow();
    assertThat(last).matches("prefix hit share \\d\\.\\d\\d of \\d+ possible");
    return Double.parseDouble(last.split(" ", -1)[3]);
  }

  @Test
  void the_demo_divides_its_requests_between_pods_of_two_roles() throws Exception {
    var done =
        PenstockProcess.run(
            "demo", "--port", "0", "--requests", "100", "--prefill", "2", "--decode", "2");

    assertThat(done.status()).as(done.output()).isZero();
    assertThat(hitShare(done.output())).isBetween(0.85, 1.0);
    var legs =
        done.output()
            .lines()
            .filter(line -> line.startsWith("127.0.0.1:"))
            .map(line -> Integer.parseInt(line.split(" +", -1)[1]))
            .toList();
    assertThat(legs).hasSize(4).doesNotContain(0);
    assertThat(legs.stream().mapToInt(Integer::intValue).sum()).isGreaterThan(150);
  }

  @Test
  void replay_compares_policies_and_writes_json_and_a_chart(@TempDir Path folder) throws Exception {
    Path json = folder.resolve("replay.json");
    Path chart = folder.resolve("replay.svg");
    var done =
        PenstockProcess.run(
            "replay",
            "conversation",
            "--requests",
            "400",
            "--speed",
            "1,1.5",
            "--policy",
            "expected-cost",
            "--policy",
            "round-robin",
            "--json",
            json.toString(),
            "--chart",
            chart.toString());
    assertThat(done.status()).as(done.output()).isZero();
    assertThat(done.output().lines().filter(line -> line.startsWith("expected-cost"))).hasSize(2);
    assertThat(json).content().contains("\"goodput\"", "\"round-robin\"");
    assertThat(chart).content().startsWith("<svg").contains("round-robin");

    var wrong = PenstockProcess.run("replay", "conversatoin");
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.output()).contains("did you mean conversation");
    assertThat(PenstockProcess.run("replay", "zipf", "--policy", "best").output())
        .contains("policy 'best' is unknown", "round-robin");
  }

  @Test
  void replay_compares_pods_that_compute_prompts_for_others_with_pods_that_do_everything()
      throws Exception {
    String[] load = {
      "replay", "long-prompts", "--profile", "8b", "--rate", "10", "--requests", "200"
    };
    List<String> divided = new ArrayList<>(List.of(load));
    divided.addAll(List.of("--prefill", "2", "--decode", "2"));
    var done = PenstockProcess.run(divided.toArray(String[]::new));
    assertThat(done.status()).as(done.output()).isZero();
    assertThat(done.output()).contains("4 pods (2 prefill) 8b");
    for (var policy : List.of("cost-divided", "always-divided", "expected-cost")) {
      assertThat(done.output().lines().filter(line -> line.startsWith(policy))).hasSize(1);
    }

    var without = PenstockProcess.run("replay", "long-prompts", "--policy", "always-divided");
    assertThat(without.status()).isEqualTo(2);
    assertThat(without.output()).contains("always-divided needs --prefill and --decode");
    var half = PenstockProcess.run("replay", "long-prompts", "--prefill", "2");
    assertThat(half.status()).isEqualTo(2);
    assertThat(half.output()).contains("--prefill and --decode go together");
  }

  @Test
  void print_config_shows_values_and_where_they_came_from() throws Exception {
    var done =
        PenstockProcess.run(
            "serve",
            "--endpoints",
            "127.0.0.1:8001",
            "--timeouts.first-byte",
            "3s",
            "--print-config");
    assertThat(done.status()).as(done.output()).isZero();
    assertThat(done.output()).contains("firstByte: 3s  # --timeouts.first-byte");
  }

  /**
   * A warning shows when the file has been read; the rehearsal before it listens has begun then.
   */
  @Test
  void a_configuration_that_changes_during_the_start_is_taken_over(@TempDir Path folder)
      throws Exception {
    Path file = folder.resolve("gateway.yaml");
    var pools = "pools: [{name: a, discovery: {static: {endpoints: [{address: 127.0.0.1:1}]}}}]\n";
    Files.writeString(file, pools + "retries: {perRequest: 1}\n");
    var variables = Map.of("PENSTOCK_WARM_UP", "3s", "PENSTOCK_NO_SETTING", "x");
    var serve = List.of("serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0");
    try (var process = PenstockProcess.start(variables, serve, "--config", file.toString())) {
      await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> process.output().contains("PENSTOCK_NO_SETTING is no setting"));
      assertThat(process.output()).doesNotContain("listening on");
      Files.writeString(file, pools + "retries: {perRequest: 7}\n");

      await()
          .atMost(Duration.ofMinutes(1))
          .until(
              () ->
                  process
                      .admin("/config")
                      .body()
                      .contains("\"retries.perRequest\":{\"value\":\"7\""));
    }
  }

  @Test
  void wrong_usage_is_one_sentence_with_a_suggestion_and_status_2() throws Exception {
    var done = PenstockProcess.run("demo", "--port", "99999");
    assertThat(done.status()).isEqualTo(2);
    assertThat(done.output()).contains("99999", "0 to 65535");
    assertThat(PenstockProcess.run("demo", "--prot", "1").output())
        .contains("--prot")
        .contains("did you mean --port");
    assertThat(PenstockProcess.run("sevre").status()).isEqualTo(2);
  }

  @Test
  void a_pool_of_kubernetes_without_an_api_server_to_ask_is_told_in_a_sentence(@TempDir Path home)
      throws Exception {
    var nowhere = Map.of("HOME", home.toString(), "KUBECONFIG", home.resolve("none").toString());
    for (var command :
        List.of(
            List.of("serve", "--listen", "127.0.0.1:0", "--admin", "", "--pool", "ns/llm"),
            List.of("picker", "--secure-serving=false", "--pool-name", "llm"))) {
      try (var process = PenstockProcess.start(nowhere, command)) {
        assertThat(process.exitStatus(Duration.ofMinutes(1))).isNotZero();
        assertThat(process.output()).contains("no Kubernetes API server is known");
      }
    }
  }

  @Test
  void validate_names_line_and_key(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("gateway.yaml");
    Files.writeString(file, "listen: 127.0.0.1:0\ntimeoust: {connect: 1s}\n");
    var done = PenstockProcess.run("validate", file.toString());
    assertThat(done.status()).isEqualTo(1);
    assertThat(done.output()).contains("2:").contains("timeoust").contains("timeouts");
  }

  @Test
  void validate_tells_manifests_from_configurations(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("service.yaml");
    var head = "apiVersion: serving.kserve.io/v1alpha1\nkind: LLMInferenceService\n";
    Files.writeString(file, head + "metadata: {name: a}\nspec:\n  model: {uri: hf://a/b}\n");
    var fine = PenstockProcess.run("validate", file.toString());
    assertThat(fine.status()).as(fine.output()).isZero();
    assertThat(fine.output()).contains("service.yaml is valid");

    Files.writeString(file, head + "metadata: {name: a}\nspec:\n  model: {url: hf://a/b}\n");
    var wrong = PenstockProcess.run("validate", file.toString());
    assertThat(wrong.status()).isEqualTo(1);
    assertThat(wrong.output()).contains("service.yaml:5: spec.model.url", "did you mean uri?");
  }

  @Test
  void load_measures_a_simulated_pod() throws Exception {
    try (var fleet = Fleet.of(PodConfig.builder().build())) {
      var done =
          PenstockProcess.run(
              "load",
              "--url",
              "http://" + fleet.pod(0).hostPort(),
              "--connections",
              "2",
              "--requests",
              "50",
              "--stream");
      assertThat(done.status()).as(done.output()).isZero();
      assertThat(done.output()).contains("50 answered, 0 failed", "TTFT", "inter-token");
      assertThat(fleet.pod(0).stats().inferenceRequests()).isEqualTo(50);
    }
    var wrong = PenstockProcess.run("load", "--url", "http://127.0.0.1:1", "--shared", "7");
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.output()).contains("7.0, allowed: 0 to 1");
    assertThat(
            PenstockProcess.run("load", "--url", "http://127.0.0.1:1", "--requests", "1").status())
        .isEqualTo(1);
  }

  @Test
  void conform_says_what_is_wrong_with_a_server_that_is_no_picker() throws Exception {
    try (var fleet = Fleet.of(PodConfig.builder().build())) {
      var done =
          PenstockProcess.run(
              "conform",
              "--target",
              fleet.pod(0).hostPort(),
              "--health-target",
              fleet.pod(0).hostPort(),
              "--plaintext");
      assertThat(done.status()).isEqualTo(1);
      assertThat(done.output())
          .contains("fail 1     serves envoy.service.ext_proc.v3.ExternalProcessor (MUST)")
          .contains("seen:", "cannot be told without 1", ": 0 passed, 5 failed, ");
    }
    var wrong = PenstockProcess.run("conform", "--target", "9002");
    assertThat(wrong.status()).isEqualTo(2);
    assertThat(wrong.output()).contains("'9002' is no address");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Serial", "G1"})
  void new_objects_get_at_most_half_of_the_heap_that_the_jvm_chooses(String collector)
      throws Exception {
    var options =
        "-XX:+Use%sGC -XX:MaxRAM=192m -XX:ActiveProcessorCount=64 -XX:+PrintFlagsFinal"
            .formatted(collector);
    try (var process =
        PenstockProcess.start(
            Map.of("JAVA_OPTS", options),
            List.of("serve", "--endpoints", "127.0.0.1:8001", "--print-config"))) {
      assertThat(process.exitStatus(Duration.ofMinutes(1))).as(process.output()).isZero();

      assertThat(flag("MaxNewSize", process.output()))
          .isBetween(32L << 20, flag("MaxHeapSize", process.output()) / 2);
      assertThat(process.output()).doesNotContain("[warning]");
    }
  }

  private static long flag(String name, String printed) {
    var line = printed.lines().filter(each -> each.contains(" " + name + " ")).findFirst();
    return Long.parseLong(line.orElseThrow().replaceAll(".*= *([0-9]+).*", "$1"));
  }

  @Test
  void a_gateway_warms_up_where_the_jvm_prefers_addresses_of_ipv6() throws Exception {
    var variables =
        Map.of(
            "JAVA_OPTS", "-Djava.net.preferIPv6Addresses=true",
            "PENSTOCK_WARM_UP", "20s");
    try (var gateway = PenstockProcess.serveUnready(variables, "--endpoints", "127.0.0.1:8001")) {
      assertThat(gateway.output()).containsPattern("warmed up by [1-9][0-9]* requests");
    }
  }

  @Test
  void version_says_what_was_built() throws Exception {
    assertThat(PenstockProcess.run("version").output()).contains("penstock ").contains("java 25");
  }
}
