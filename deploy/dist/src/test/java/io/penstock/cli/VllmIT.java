package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonReader;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code penstock serve} in front of two real vLLM servers with a tiny random model. Both draw the
 * same weights, so that what is generated greedily is the same wherever it is asked. The tests that
 * take a server down come last.
 */
@Tag("vllm")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class VllmIT {

  private static final String CHAT = "/v1/chat/completions";
  private static final int BLOCK = 32; // tokens; vllm-up's --block-size
  private static final int CLIENTS = 8;

  private static final Pattern TEXT =
      Pattern.compile(
          "\"index\":(\\d+),(\"text\":|\"delta\":\\{\"content\":"
              + "|\"message\":\\{\"role\":\"assistant\",\"content\":)\"((?:[^\"\\\\]|\\\\.)*)\"");

  private static final List<VllmServer> PODS = new ArrayList<>();
  private static PenstockProcess gateway;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    Kit.bringUp("vllm", "vllm-up", "installed");
    for (int i = 0; i < 2; i++) {
      PODS.add(VllmServer.start(folder));
    }
    for (var pod : PODS) {
      pod.awaitHealthy();
    }
    // One of two pods that dies takes half of the requests with it: more than the retry budget of
    // a usual pool is meant for.
    gateway =
        PenstockProcess.serve(
            "--endpoints",
            PODS.get(0).hostPort() + "," + PODS.get(1).hostPort(),
            "--retries.budget",
            "1",
            "--log.access",
            "false");
    await().until(() -> endpoints().stream().allMatch(pod -> pod.items("models").size() == 1));
  }

  @AfterAll
  static void takeDown() throws Exception {
    if (gateway != null) {
      gateway.close();
    }
    for (var pod : PODS) {
      pod.close();
    }
  }

  @Test
  @Order(1)
  void models_are_listed_with_the_fields_vllm_adds() throws Exception {
    var direct = (Json.Obj) json(PODS.get(0).get("/v1/models").body()).items("data").getFirst();
    var listed = json(PenstockProcess.get(gateway.url() + "/v1/models").body());
    assertThat(listed.items("data")).hasSize(1);
    var entry = (Json.Obj) listed.items("data").getFirst();
    assertThat(entry.fields().keySet()).containsExactlyElementsOf(direct.fields().keySet());
    for (String same : List.of("id", "object", "owned_by", "root", "parent", "max_model_len")) {
      assertThat(entry.fields().get(same)).as(same).isEqualTo(direct.fields().get(same));
    }
    assertThat(entry.integer("max_model_len", 0)).isEqualTo(4096);
  }

  @ParameterizedTest
  @Order(2)
  @ValueSource(
      strings = {
        "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],MORE}",
        "{\"model\":\"tiny\",\"stream\":true,"
            + "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],MORE}",
        "{\"model\":\"tiny\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
            + "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],MORE}"
      })
  void a_chat_is_answered_as_by_the_pod(String body) throws Exception {
    assertAnsweredAsByThePod(CHAT, body);
  }

  @ParameterizedTest
  @Order(2)
  @ValueSource(
      strings = {
        "\"once upon\"",
        "[\"once upon\",\"a time\"]",
        "[72,101,108,108,111]",
        "[[72,101,108],[108,111]]"
      })
  void a_completion_is_answered_as_by_the_pod_for_each_form_of_prompt(String prompt)
      throws Exception {
    String body = "{\"model\":\"tiny\",\"prompt\":" + prompt + ",\"stream\":STREAM,MORE}";
    assertAnsweredAsByThePod("/v1/completions", body.replace("STREAM", "false"));
    assertAnsweredAsByThePod("/v1/completions", body.replace("STREAM", "true"));
  }

  private static void assertAnsweredAsByThePod(String path, String body) throws Exception {
    String greedy = body.replace("MORE", "\"temperature\":0,\"max_tokens\":24,\"ignore_eos\":true");
    var direct = PenstockProcess.post(PODS.get(1).url(), path, greedy);
    var through = gateway.post(path, greedy);
    assertThat(through.statusCode()).isEqualTo(200).isEqualTo(direct.statusCode());
    assertThat(through.headers().firstValue("content-type"))
        .isEqualTo(direct.headers().firstValue("content-type"));
    assertThat(texts(through)).hasSizeGreaterThan(0).isEqualTo(texts(direct));
    assertThat(shapes(through)).isEqualTo(shapes(direct));
    if (greedy.contains("include_usage")) {
      assertThat(through.body()).containsOnlyOnce("\"choices\":[],\"usage\":{");
    }
  }

  /** What was generated for each choice; how it is cut into events depends on the engine's load. */
  private static Map<String, String> texts(HttpResponse<String> answer) {
    Map<String, String> texts = new TreeMap<>();
    var piece = TEXT.matcher(answer.body());
    while (piece.find()) {
      texts.merge(piece.group(1), piece.group(3), String::concat);
    }
    return texts;
  }

  /** The different lines, but for ids, times and what was generated. */
  private static Set<String> shapes(HttpResponse<String> answer) {
    return TEXT.matcher(answer.body())
        .replaceAll("\"index\":$1,$2\"TEXT\"")
        .replaceAll("\"id\":\"(chatcmpl|cmpl)-[^\"]+\"", "\"id\":\"ID\"")
        .replaceAll("\"created\":\\d+", "\"created\":0")
        .lines()
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  @Order(3)
  void the_second_turn_goes_where_the_first_is_cached() throws Exception {
    for (int i = 0; i < 6; i++) {
      String system = ("Conversation " + i + " has rules. ").repeat(20);
      var first = turn(message("system", system) + "," + message("user", "begin"));
      String said = ((Json.Obj) first.choice().get("message")).text("content", "");
      var second =
          turn(
              message("system", system)
                  + ","
                  + message("user", "begin")
                  + ","
                  + message("assistant", said.replaceAll("[^ a-zA-Z0-9]", ""))
                  + ","
                  + message("user", "go on"));

      // One token to each byte of text and one to each special token of the chat template.
      long full = (system.length() / BLOCK) * (long) BLOCK;
      assertThat(first.cachedTokens()).isLessThan(BLOCK);
      assertThat(second.cachedTokens()).isGreaterThanOrEqualTo(full);
      assertThat(second.endpoint()).isEqualTo(first.endpoint());
      assertThat(second.decided().integer("predictedCachedTokens", -1)).isPositive();
      assertThat(second.lastAttempt().integer("cachedTokens", -1)).isEqualTo(second.cachedTokens());
    }
  }

  /** An answered chat and the gateway's decision for it. */
  private record Turn(Json.Obj answer, Json.Obj decision) {

    Json.Obj choice() {
      return (Json.Obj) answer.items("choices").getFirst();
    }

    long cachedTokens() {
      var usage = (Json.Obj) answer.get("usage");
      return ((Json.Obj) usage.get("prompt_tokens_details")).integer("cached_tokens", -1);
    }

    Json.Obj decided() {
      return (Json.Obj) decision.get("decision");
    }

    Json.Obj lastAttempt() {
      return (Json.Obj) decision.items("attempts").getLast();
    }

    String endpoint() {
      return lastAttempt().text("endpoint", "");
    }
  }

  private static Turn turn(String messages) throws Exception {
    var answer =
        gateway.post(
            CHAT, "{\"model\":\"tiny\",\"messages\":[" + messages + "],\"max_tokens\":40}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    String id = answer.headers().firstValue("x-request-id").orElseThrow();
    return new Turn(json(answer.body()), json(gateway.admin("/debug/decisions/" + id).body()));
  }

  private static String message(String role, String content) {
    return "{\"role\":\"" + role + "\",\"content\":\"" + content + "\"}";
  }

  @ParameterizedTest
  @Order(4)
  @ValueSource(
      strings = {
        "\"temperature\":-3",
        "\"n\":0",
        "\"cache_salt\":\"\"",
        "\"top_p\":7",
        "\"response_format\":{\"type\":\"nothing\"}",
        "\"prompt_logprobs\":-7,\"stream\":true"
      })
  void a_bad_request_is_refused_with_the_pods_own_bytes(String bad) throws Exception {
    String body =
        "{\"model\":\"tiny\",\"messages\":[" + message("user", "hello") + "]," + bad + "}";
    var direct = PenstockProcess.post(PODS.get(1).url(), CHAT, body);
    var through = gateway.post(CHAT, body);
    assertThat(direct.statusCode()).as(direct.body()).isEqualTo(400);
    assertThat(through.statusCode()).isEqualTo(400);
    assertThat(through.body()).isEqualTo(direct.body());
    assertThat(through.headers().firstValue("content-type"))
        .isEqualTo(direct.headers().firstValue("content-type"));
  }

  @Test
  @Order(4)
  void a_prompt_that_is_too_long_is_refused_with_the_pods_own_bytes() throws Exception {
    String body = "{\"model\":\"tiny\",\"prompt\":\"" + "x".repeat(5_000) + "\",\"stream\":true}";
    var through = gateway.post("/v1/completions", body);
    assertThat(through.statusCode()).isEqualTo(400);
    assertThat(through.body())
        .isEqualTo(PenstockProcess.post(PODS.get(1).url(), "/v1/completions", body).body());
  }

  @Test
  @Order(5)
  void leaving_a_stream_ends_its_generation() throws Exception {
    double before = sum("vllm:generation_tokens_total");
    try (var stream = new OpenStream(gateway.url(), "a long answer", 4_000)) {
      stream.awaitFirstByte();
      await().until(() -> sum("vllm:num_requests_running") == 1);
    }
    await().until(() -> sum("vllm:num_requests_running") == 0);
    assertThat(sum("vllm:generation_tokens_total") - before).isLessThan(3_900);
  }

  @Test
  @Order(6)
  void the_pods_own_metrics_are_understood() throws Exception {
    for (int i = 0; i < PODS.size(); i++) {
      var signals = signals(PODS.get(i));
      assertThat(signals.flag("fresh")).isTrue();
      assertThat(signals.integer("kv_cache_tokens", 0))
          .isPositive()
          .isEqualTo(PODS.get(i).cacheConfig("num_gpu_blocks") * BLOCK);
    }
    try (var stream = new OpenStream(gateway.url(), "a long answer", 4_000)) {
      stream.awaitFirstByte();
      await()
          .until(
              () -> PODS.stream().mapToLong(pod -> signals(pod).integer("running", -1)).sum() == 1);
      assertThat(endpoints().stream().mapToLong(pod -> pod.integer("in_flight", -1)).sum())
          .isEqualTo(1);
    }
    await().until(() -> PODS.stream().allMatch(pod -> signals(pod).integer("running", -1) == 0));
  }

  @Test
  @Order(7)
  void a_pod_that_is_killed_costs_no_request_that_had_not_begun() throws Exception {
    var dying = PODS.get(1);
    double retries = retries();
    try (var load = new ChatLoad(gateway.url(), CLIENTS)) {
      load.awaitMore(2 * CLIENTS);
      await().until(() -> dying.metric("vllm:num_requests_running") >= 2);
      dying.kill();
      load.awaitMore(10 * CLIENTS);
      load.stop();
      int broken = load.assertAllWholeOrBegun();
      assertThat(broken + retries() - retries).as("the end of the pod was felt").isPositive();
    }

    dying.restart();
    dying.awaitHealthy();
    double before = dying.metric("vllm:generation_tokens_total");
    try (var load = new ChatLoad(gateway.url(), CLIENTS)) {
      await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> dying.metric("vllm:generation_tokens_total") > before);
      load.awaitMore(2 * CLIENTS);
      load.stop();
      load.assertAllWhole();
    }
  }

  @Test
  @Order(8)
  void a_pod_that_shuts_down_costs_no_request() throws Exception {
    var leaving = PODS.get(0);
    double retries = retries();
    try (var load = new ChatLoad(gateway.url(), CLIENTS)) {
      try (var last = new OpenStream(leaving.url(), "it keeps the pod alive", 2_000)) {
        last.awaitFirstByte();
        load.awaitMore(2 * CLIENTS);
        leaving.terminate();
        // It refuses new requests with 500 while its health is fine, then it is gone.
        await().until(() -> leaving.isHealthy() && refusesWith500(leaving));
        load.awaitMore(5 * CLIENTS);
      }
      await().atMost(Duration.ofMinutes(1)).until(leaving::hasEnded);
      load.awaitMore(5 * CLIENTS);
      load.stop();
      load.assertAllWhole();
    }
    assertThat(retries()).isGreaterThan(retries);
  }

  private static boolean refusesWith500(VllmServer pod) throws Exception {
    return PenstockProcess.post(pod.url(), "/v1/completions", "{\"prompt\":\"x\"}").statusCode()
        == 500;
  }

  private static double sum(String metric) throws Exception {
    double sum = 0;
    for (var pod : PODS) {
      sum += pod.metric(metric);
    }
    return sum;
  }

  private static double retries() throws Exception {
    return gateway.metric("penstock_upstream_retries_total");
  }

  private static List<Json.Obj> endpoints() throws Exception {
    var page = (Json.Arr) JsonReader.parse(gateway.admin("/debug/endpoints").body());
    return page.items().stream().map(Json.Obj.class::cast).toList();
  }

  private static Json.Obj signals(VllmServer pod) {
    try {
      return endpoints().stream()
          .filter(endpoint -> endpoint.text("address", "").equals(pod.hostPort()))
          .map(endpoint -> (Json.Obj) endpoint.get("signals"))
          .findFirst()
          .orElseThrow();
    } catch (Exception e) {
      throw new AssertionError("no signals of " + pod.hostPort(), e);
    }
  }

  private static Json.Obj json(String text) throws Exception {
    return (Json.Obj) JsonReader.parse(text);
  }
}
