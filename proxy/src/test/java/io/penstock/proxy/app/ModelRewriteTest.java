package io.penstock.proxy.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that a rule of the pool sends to another model than they name. */
class ModelRewriteTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String RESPONSES = "/v1/responses";
  private static final String RULES =
      """
          objectives: [{name: batch, priority: -10}]
          modelRewrites:
            - name: canary
              rules:
                - matches: [{model: {value: chat}}]
                  targets: [{modelRewrite: tiny, weight: 3}, {modelRewrite: tuned, weight: 1}]
                - matches: [{model: {value: only-tuned}}]
                  targets: [{modelRewrite: tuned}]
                - matches: [{model: {value: split}}]
                  targets: [{modelRewrite: tuned, weight: 9}, {modelRewrite: second, weight: 1}]
                - matches: [{model: {value: nowhere}}]
                  targets: [{modelRewrite: gone}]
      """;

  @TempDir private Path folder;

  @Test
  void are_shared_out_by_weight_and_the_answer_has_the_clients_name() throws Exception {
    try (var gateway = gateway(RULES)) {
      Map<String, Integer> sent = new HashMap<>();
      for (int i = 0; i < 80; i++) {
        var answer = gateway.post(CHAT, chat("chat", "hello " + i, false));
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body()).contains("\"model\":\"chat\"").doesNotContain("tuned");
        sent.merge(sentModel(gateway), 1, Integer::sum);
      }
      assertThat(sent).containsOnlyKeys("tiny", "tuned");
      assertThat(sent.get("tuned")).isBetween(8, 35);
      assertThat(
              gateway.metric("penstock_model_rewrites_total{rewrite=\"canary\",model=\"tiny\",}")
                  + gateway.metric(
                      "penstock_model_rewrites_total{rewrite=\"canary\",model=\"tuned\",}"))
          .isEqualTo(80);
      assertThat(gateway.metric("penstock_requests_completed_total{model=\"chat\",}"))
          .isEqualTo(80);
      assertThat(gateway.admin("/debug/rules"))
          .contains(
              "{\"pool\":\"tiny\",\"objectives\":{\"batch\":-10},\"rewrites\":{\"chat\":"
                  + "{\"rewrite\":\"canary\",\"models\":[\"tiny\",\"tuned\"]},");
    }
  }

  @Test
  void may_be_streams_of_any_API() throws Exception {
    try (var gateway = gateway(RULES)) {
      var chat = gateway.post(CHAT, chat("only-tuned", "hello", true));
      assertThat(chat.body())
          .contains("\"model\":\"only-tuned\"")
          .doesNotContain("\"model\":\"tuned\"")
          .endsWith("data: [DONE]\n\n");
      assertThat(sentModel(gateway)).isEqualTo("tuned");

      var messages =
          gateway.post(
              "/v1/messages",
              "{\"model\":\"only-tuned\",\"max_tokens\":4,\"stream\":true,\"messages\":"
                  + "[{\"role\":\"user\",\"content\":\"hello\"}]}");
      assertThat(messages.body())
          .contains("\"model\":\"only-tuned\"", "message_stop")
          .doesNotContain("\"model\":\"tuned\"");

      var responses =
          gateway.post(
              "/v1/responses",
              "{\"model\":\"only-tuned\",\"input\":\"hello\",\"stream\":true,"
                  + "\"max_output_tokens\":4}");
      assertThat(responses.body())
          .contains("\"model\":\"only-tuned\"", "response.completed")
          .doesNotContain("\"model\":\"tuned\"");
    }
  }

  @Test
  void continue_a_stored_response_as_a_model_that_its_pod_serves() throws Exception {
    try (var gateway = gateway(RULES, "tuned", "second")) {
      String id = responseId(gateway.post(RESPONSES, response("second", null)).body());

      for (int i = 0; i < 20; i++) {
        var answer = gateway.post(RESPONSES, response("split", id));
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.body()).contains("\"model\":\"split\"");
        assertThat(sentModel(gateway, RESPONSES)).isEqualTo("second");
      }
    }
  }

  @Test
  void leave_a_stored_response_the_clients_name() throws Exception {
    try (var gateway = gateway(RULES, "tuned")) {
      String id = responseId(gateway.post(RESPONSES, response("only-tuned", null)).body());
      String continued = responseId(gateway.post(RESPONSES, response("only-tuned", id)).body());
      String direct = responseId(gateway.post(RESPONSES, response("tuned", id)).body());

      for (var stored : new String[] {id, continued}) {
        assertThat(gateway.get(RESPONSES + "/" + stored).body())
            .contains("\"id\":\"" + stored + "\"", "\"model\":\"only-tuned\"")
            .endsWith("}");
      }
      assertThat(gateway.get(RESPONSES + "/" + direct).body()).contains("\"model\":\"tuned\"");
    }
  }

  @Test
  void keep_everything_else_of_their_body_and_have_its_length() throws Exception {
    try (var gateway = gateway(RULES)) {
      var body =
          "{\"nvext\":{},\"prompt\":\"\\\"model\\\":\\\"chat\\\"\", \"model\" : \"only-tuned\" ,"
              + "\"max_tokens\":1,\"unknown\":[1, 2]}";
      assertThat(gateway.post("/v1/completions", body).statusCode()).isEqualTo(200);

      var received = gateway.lastReceived("/v1/completions");
      var sent = new String(received.body(), StandardCharsets.UTF_8);
      assertThat(sent)
          .isEqualTo(body.replace("\"nvext\":{},", " ".repeat(11)).replace("only-tuned", "tuned"));
    }
  }

  @Test
  void go_to_every_client_whatever_its_HTTP_is() throws Exception {
    try (var gateway = gateway(RULES)) {
      var body = chat("only-tuned", "hello", false);
      var old = gateway.exchange(TestGateway.request(CHAT, body).replace("HTTP/1.1", "HTTP/1.0"));
      assertThat(old).doesNotContain("content-length", "transfer-encoding");
      assertThat(old).contains("\"model\":\"only-tuned\"").endsWith("}");

      try (var client = Http2Client.of(gateway)) {
        var answer = client.post(CHAT, body).awaitEnd();
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("content-length")).isNull();
        assertThat(answer.body()).contains("\"model\":\"only-tuned\"").endsWith("}");
      }
    }
  }

  @Test
  void are_those_that_no_pod_knows_the_name_of_where_a_rule_is_for_every_model() throws Exception {
    try (var gateway =
        gateway("    modelRewrites: [{name: all, rules: [{targets: [{modelRewrite: tiny}]}]}]\n")) {
      var answer = gateway.post(CHAT, chat("gpt-4o", "hello", false));
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).contains("\"model\":\"gpt-4o\"");
      assertThat(sentModel(gateway)).isEqualTo("tiny");
    }
  }

  @Test
  void are_asked_to_come_back_when_no_pod_serves_the_model_they_are_sent_to() throws Exception {
    try (var gateway = gateway(RULES)) {
      var answer = gateway.post(CHAT, chat("nowhere", "hello", false));
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.body()).contains("no_healthy_endpoints").doesNotContain("gone");

      assertThat(gateway.post(CHAT, chat("unknown", "hello", false)).statusCode()).isEqualTo(404);
    }
  }

  @Test
  void are_counted_where_a_pod_is_asked() throws Exception {
    try (var gateway = gateway(RULES)) {
      var stray = gateway.post(RESPONSES, response("only-tuned", "resp_gone"));
      assertThat(stray.statusCode()).as(stray.body()).isEqualTo(404);
      assertThat(gateway.post(CHAT, chat("nowhere", "hello", false)).statusCode()).isEqualTo(503);
      assertThat(gateway.admin("/metrics")).doesNotContain("penstock_model_rewrites_total{");

      assertThat(gateway.post(CHAT, chat("only-tuned", "a", false)).statusCode()).isEqualTo(200);
      assertThat(
              gateway.metric("penstock_model_rewrites_total{rewrite=\"canary\",model=\"tuned\",}"))
          .isEqualTo(1);
    }
  }

  @Test
  void follow_a_file_of_manifests_as_it_changes() throws Exception {
    var file = folder.resolve("rules.yaml");
    Files.writeString(file, manifest("tiny"));
    try (var gateway = gateway("    rulesFile: rules.yaml\n")) {
      assertThat(gateway.post(CHAT, chat("alias", "hello", false)).statusCode()).isEqualTo(200);
      assertThat(sentModel(gateway)).isEqualTo("tiny");
      assertThat(gateway.admin("/config")).contains("rules.yaml");

      replace(file, manifest("tuned"));
      await()
          .atMost(Duration.ofSeconds(20))
          .until(
              () -> {
                gateway.post(CHAT, chat("alias", "hello", false));
                return sentModel(gateway).equals("tuned");
              });
      assertThat(gateway.metric("penstock_config_reload_total{kind=\"rules\",}")).isEqualTo(1);

      replace(file, manifest("tiny").replace("modelRewrite: tiny", "model: tiny"));
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> gateway.metric("penstock_config_reload_failed_total{kind=\"rules\",}") == 1);
      gateway.post(CHAT, chat("alias", "hello", false));
      assertThat(sentModel(gateway)).isEqualTo("tuned");
    }
  }

  @Test
  void in_a_file_that_is_wrong_are_no_trouble_of_discovery() throws Exception {
    var file = folder.resolve("rules.yaml");
    Files.writeString(file, manifest("tiny"));
    try (var gateway = gateway("    rulesFile: rules.yaml\n")) {
      assertThat(gateway.metric("penstock_rules_troubled{pool=\"tiny\",}")).isZero();

      replace(file, manifest("tiny").replace("modelRewrite: tiny", "model: tiny"));
      await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> gateway.admin("/readyz?verbose").contains("rules.yaml"));

      assertThat(gateway.admin("/readyz?verbose"))
          .contains("{\"name\":\"discovery tiny\",\"passes\":true,\"reason\":\"\"}")
          .contains("{\"name\":\"rules tiny\",\"passes\":true,\"reason\":\"");
      assertThat(gateway.metric("penstock_discovery_troubled{pool=\"tiny\",}")).isZero();
      assertThat(gateway.metric("penstock_rules_troubled{pool=\"tiny\",}")).isEqualTo(1);
    }
  }

  private static void replace(Path file, String text) throws IOException {
    var other = Files.writeString(file.resolveSibling("other.yaml"), text);
    Files.move(other, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static String manifest(String target) {
    return """
        apiVersion: llm-d.ai/v1alpha2
        kind: InferenceModelRewrite
        metadata: {name: alias}
        spec:
          poolRef: {name: tiny}
          rules:
            - matches: [{model: {type: Exact, value: alias}}]
              targets: [{modelRewrite: %s}]
        """
        .formatted(target);
  }

  private TestGateway gateway(String rules) throws IOException {
    return gateway(rules, "tuned");
  }

  /** A gateway before a pod for each of the adapters. */
  private TestGateway gateway(String rules, String... adapters) throws IOException {
    var fleet = Fleet.builder().build();
    for (var adapter : adapters) {
      fleet.start(PodConfig.builder().loras(adapter).build());
    }
    var addresses =
        fleet.pods().stream()
            .map(pod -> "{address: \"" + pod.hostPort() + "\"}")
            .collect(Collectors.joining(", "));
    var file = folder.resolve("gateway.yaml");
    Files.writeString(
        file,
        "log: {access: false}\npools:\n  - name: tiny\n    discovery: {static: {endpoints:"
            + " ["
            + addresses
            + "]}}\n"
            + rules);
    var gateway = TestGateway.over(fleet, ConfigSources.builder().file(file));
    await()
        .atMost(Duration.ofSeconds(10))
        .until(
            () -> {
              var endpoints = gateway.admin("/debug/endpoints");
              return Stream.of(adapters).allMatch(each -> endpoints.contains('"' + each + '"'));
            });
    return gateway;
  }

  private static String chat(String model, String words, boolean stream) {
    return TestGateway.chat(words, 4, stream).replace("\"tiny\"", "\"" + model + "\"");
  }

  private static String response(String model, String previous) {
    var continued = previous == null ? "" : "\"previous_response_id\":\"" + previous + "\",";
    return "{\"model\":\"%s\",%s\"input\":\"hello\",\"max_output_tokens\":4}"
        .formatted(model, continued);
  }

  private static String responseId(String answer) {
    return answer.replaceFirst("(?s).*?\"id\":\"(resp_[^\"]+)\".*", "$1");
  }

  /** The model of the latest chat that reached a pod. */
  private static String sentModel(TestGateway gateway) {
    return sentModel(gateway, CHAT);
  }

  private static String sentModel(TestGateway gateway, String path) {
    return gateway
        .lastReceived(path)
        .bodyText()
        .replaceFirst("(?s)^.*?\"model\":\"([^\"]*)\".*$", "$1");
  }
}
