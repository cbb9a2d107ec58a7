package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static io.penstock.proxy.app.TestGateway.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.proxy.config.ConfigSources;
import io.penstock.proxy.openai.ApiKeys;
import io.penstock.simulator.Fleet;
import io.penstock.simulator.http.PodConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a client sees while everything works. */
class GatewayTest {

  @Test
  void the_next_turn_of_a_conversation_goes_to_the_pod_that_has_the_first() throws Exception {
    try (var gateway = TestGateway.of(4, UnaryOperator.identity())) {
      String first = "once upon a time there was a gateway ".repeat(60);
      gateway.post("/v1/chat/completions", chat(first, 4, false), "x-request-id", "turn-1");
      for (int turn = 2; turn <= 6; turn++) {
        String next =
            chat(first, 4, false)
                .replace("}],", "},{\"role\":\"user\",\"content\":\"and then " + turn + "\"}],");
        assertThat(
                gateway
                    .post("/v1/chat/completions", next, "x-request-id", "turn-" + turn)
                    .statusCode())
            .isEqualTo(200);
        assertThat(gateway.answered("turn-" + turn)).isSameAs(gateway.answered("turn-1"));
      }
      assertThat(gateway.answered("turn-1").stats().cachedTokens()).isGreaterThan(2_000);
    }
  }

  @Test
  void fields_that_steer_an_engine_are_blanked_and_all_others_pass() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      String body =
          "{\"kv_transfer_params\":{\"do_remote_prefill\":true},\"model\":\"tiny\",\"unknown\":[1,"
              + " 2],\"prompt\":\"x\",\"max_tokens\":1,\"data_parallel_rank\":1}";
      var answer =
          gateway.post(
              "/v1/completions",
              body,
              "x-gateway-destination-endpoint",
              "10.0.0.1:80",
              "authorization",
              "Bearer secret",
              "x-prefiller-host-port",
              "10.0.0.1:80");
      assertThat(answer.statusCode()).isEqualTo(200);
      var received =
          gateway.pod(0).received().stream()
              .filter(request -> request.path().equals("/v1/completions"))
              .findFirst()
              .orElseThrow();
      String sent = new String(received.body(), StandardCharsets.UTF_8);
      assertThat(sent).hasSameSizeAs(body).contains("\"unknown\":[1, 2]");
      assertThat(sent).doesNotContain("kv_transfer_params", "data_parallel_rank");
      assertThat(received.headers().toString().toLowerCase(Locale.ROOT))
          .doesNotContain("x-gateway", "secret", "x-prefiller")
          .contains("x-request-id");
    }
  }

  @Test
  void refusals_are_openai_errors_before_any_pod_is_asked() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--limits.request-body", "2KiB"))) {
      assertError(gateway.post("/v1/chat/completions", "{\"model\":").body(), "invalid_json");
      assertError(
          gateway.post("/v1/chat/completions", "{\"messages\":[]}").body(),
          "missing_required_parameter");
      assertError(
          gateway.post("/v1/chat/completions", chat("x", 1, false).replace("tiny", "huge")).body(),
          "model_not_found");
      assertError(
          gateway.post("/v1/chat/completions", chat("x".repeat(3_000), 1, false)).body(),
          "request_too_large");
      assertError(gateway.get("/v1/chat/completions").body(), "method_not_supported");
      for (var hidden :
          List.of("/sleep", "/reset_prefix_cache", "/metrics", "/v1/load_lora_adapter")) {
        assertError(gateway.post(hidden, "{}").body(), "unknown_url");
      }
      assertThat(gateway.pod(0).stats().inferenceRequests()).isZero();
    }
  }

  @Test
  void anthropics_api_gets_anthropics_errors() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      String body = "{\"model\":\"none\",\"max_tokens\":4,\"messages\":[]}";
      var answer = gateway.post("/v1/messages", body, "x-request-id", "ask-1");
      assertThat(answer.statusCode()).isEqualTo(404);
      assertThat(answer.body())
          .startsWith("{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",")
          .endsWith("\"request_id\":\"ask-1\"}");
      assertThat(answer.headers().firstValue("request-id")).hasValue("ask-1");

      for (boolean stream : new boolean[] {false, true}) {
        String good =
            "{\"model\":\"tiny\",\"max_tokens\":4,\"stream\":"
                + stream
                + ",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";
        var whole = gateway.post("/v1/messages", good, "x-request-id", "ask-2");
        assertThat(whole.statusCode()).as(whole.body()).isEqualTo(200);
        assertThat(whole.body())
            .contains(stream ? "event: message_stop" : "\"role\":\"assistant\"");
        assertThat(whole.headers().allValues("request-id")).containsExactly("ask-2");
      }
    }
  }

  @Test
  void framing_that_could_be_read_two_ways_is_refused() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      String body = chat("x", 1, false);
      for (var head :
          List.of(
              "content-length: " + body.length() + "\r\ntransfer-encoding: chunked",
              "content-length: 5\r\ncontent-length: 6",
              "content-length: +5",
              "transfer-encoding: xchunked",
              "transfer-encoding: gzip, chunked",
              "content-length : 5")) {
        String answer =
            gateway.exchange(
                "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n" + head + "\r\n\r\n" + body);
        assertThat(answer).as(head).startsWith("HTTP/1.1 400");
      }
      assertThat(gateway.pod(0).stats().inferenceRequests()).isZero();
    }
  }

  @Test
  void pipelined_requests_are_answered_in_order() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      String two =
          request("/v1/completions", "{\"model\":\"tiny\",\"prompt\":\"a\",\"max_tokens\":1}")
              + "GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
      String answer = gateway.exchange(two);
      assertThat(answer.indexOf("text_completion")).isPositive();
      assertThat(answer.indexOf("\"object\":\"list\""))
          .isGreaterThan(answer.indexOf("text_completion"));
    }
  }

  @Test
  void a_stored_response_is_asked_of_the_pod_that_made_it() throws Exception {
    try (var gateway = TestGateway.of(4, UnaryOperator.identity())) {
      var made =
          gateway.post(
              "/v1/responses", "{\"model\":\"tiny\",\"input\":\"hello\",\"max_output_tokens\":4}");
      assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
      String id = made.body().replaceFirst("(?s).*?\"id\":\"(resp_[^\"]+)\".*", "$1");
      assertThat(gateway.get("/v1/responses/" + id).statusCode()).isEqualTo(200);
      var unknown = gateway.get("/v1/responses/resp_nobody");
      assertThat(unknown.statusCode()).isEqualTo(404);
      assertThat(unknown.body()).contains("response_not_found");
    }
  }

  @Test
  void a_stored_response_is_there_for_the_key_that_made_it_alone(@TempDir Path folder)
      throws Exception {
    var random = new SplittableRandom(1);
    var keys = folder.resolve("keys.yaml");
    Files.writeString(
        keys, ApiKeys.entryFor("a", "sk-a", random) + ApiKeys.entryFor("b", "sk-b", random));
    try (var gateway =
        TestGateway.of(1, flags -> flags.flag("--auth.keys-file", keys.toString()))) {
      String body = "{\"model\":\"tiny\",\"input\":\"hello\",\"max_output_tokens\":4}";
      var made = gateway.post("/v1/responses", body, "authorization", "Bearer sk-a");
      assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
      String id = made.body().replaceFirst("(?s).*?\"id\":\"(resp_[^\"]+)\".*", "$1");
      String path = "/v1/responses/" + id;
      String next = body.replace("}", ",\"previous_response_id\":\"" + id + "\"}");
      int asked = gateway.pod(0).received().size();

      String[] other = {"authorization", "Bearer sk-b"};
      assertError(gateway.get(path, other).body(), "response_not_found");
      assertError(gateway.post(path + "/cancel", "", other).body(), "response_not_found");
      assertError(gateway.post("/v1/responses", next, other).body(), "response_not_found");
      String delete =
          " HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer sk-b\r\n\r\n";
      assertError(gateway.exchange("DELETE " + path + delete), "response_not_found");
      assertThat(gateway.pod(0).received().stream().skip(asked))
          .noneMatch(request -> request.path().startsWith("/v1/responses"));

      String[] maker = {"authorization", "Bearer sk-a"};
      assertThat(gateway.post("/v1/responses", next, maker).statusCode()).isEqualTo(200);
      assertThat(gateway.get(path, maker).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void a_form_is_routed_by_its_model_wherever_it_stands() throws Exception {
    try (var gateway = TestGateway.of(2, UnaryOperator.identity())) {
      String form =
          "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n"
              + "RIFF".repeat(5_000)
              + "\r\n--b\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\ntiny\r\n--b--\r\n";
      String answer =
          gateway.exchange(
              request("/v1/audio/transcriptions", form)
                  .replace(
                      "content-type: application/json",
                      "content-type: multipart/form-data; boundary=b\r\nconnection: close"));
      assertThat(answer).startsWith("HTTP/1.1 200").contains("\"text\"");
    }
  }

  @Test
  void a_model_on_two_pods_of_three_goes_only_there() throws Exception {
    var fleet = Fleet.builder().build();
    fleet.start(PodConfig.builder().models("common").build());
    fleet.start(PodConfig.builder().models("common", "rare").build());
    fleet.start(PodConfig.builder().models("common", "rare").build());
    try (var gateway =
        TestGateway.over(fleet, ConfigSources.builder().endpoints(TestGateway.addresses(fleet)))) {
      await().until(() -> gateway.admin("/debug/endpoints").split("\"rare\"", -1).length == 3);
      await().until(() -> gateway.admin("/debug/endpoints").split("\"common\"", -1).length == 4);
      assertThat(gateway.get("/v1/models").body()).contains("\"common\"", "\"rare\"");
      for (int i = 0; i < 12; i++) {
        String body = chat("hello " + i, 2, false).replace("\"tiny\"", "\"rare\"");
        assertThat(gateway.post("/v1/chat/completions", body).statusCode()).isEqualTo(200);
      }
      assertThat(gateway.pod(0).stats().inferenceRequests()).isZero();
      assertThat(gateway.pod(1).stats().inferenceRequests()).isPositive();
    }
  }

  @Test
  void an_endpoint_that_leaves_the_file_under_load_costs_nobody_a_request(@TempDir Path folder)
      throws Exception {
    var fleet = Fleet.builder().build();
    for (int i = 0; i < 3; i++) {
      fleet.start(PodConfig.builder().seed(i).build());
    }
    Path file = folder.resolve("endpoints.yaml");
    write(file, fleet, 3);
    Path config = folder.resolve("gateway.yaml");
    Files.writeString(
        config, "pools:\n  - name: tiny\n    discovery: {file: {path: \"" + file + "\"}}\n");
    try (var gateway = TestGateway.over(fleet, ConfigSources.builder().file(config))) {
      await().until(() -> gateway.admin("/debug/endpoints").split("\"tiny\"]", -1).length == 4);
      var stop = new AtomicBoolean();
      var answered = new AtomicInteger();
      List<Future<Integer>> clients = new ArrayList<>();
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < 4; i++) {
          int number = i;
          Callable<Integer> talk =
              () -> {
                int failures = 0;
                for (int n = 0; !stop.get(); n++) {
                  var answer =
                      gateway.post("/v1/chat/completions", chat(number + " " + n, 6, true));
                  failures += answer.body().endsWith("data: [DONE]\n\n") ? 0 : 1;
                  answered.incrementAndGet();
                }
                return failures;
              };
          clients.add(threads.submit(talk));
        }
        await().until(() -> answered.get() > 50);
        write(file, fleet, 2);
        await().until(() -> gateway.admin("/debug/endpoints").split("\"address\"", -1).length == 3);
        int then = answered.get();
        await().until(() -> answered.get() > then + 50);
        stop.set(true);
        for (var client : clients) {
          assertThat(client.get()).isZero();
        }
      }
    }
  }

  private static void write(Path file, Fleet fleet, int pods) throws IOException {
    var text = new StringBuilder("endpoints:\n");
    for (int i = 0; i < pods; i++) {
      text.append("  - name: pod-" + i + "\n    address: 127.0.0.1\n    port: \"")
          .append(fleet.pod(i).port())
          .append("\"\n");
    }
    Path next = file.resolveSibling("next");
    Files.writeString(next, text);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void assertError(String body, String code) {
    assertThat(body)
        .contains("\"code\":\"" + code + "\"", "\"message\":", "\"type\":", "\"param\":");
  }
}
