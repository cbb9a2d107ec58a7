package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonReader;
import java.nio.file.Path;
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
 * {@code penstock serve} in front of two real vLLM servers that NixlConnector joins: one computes
 * prompts, the other takes their KV cache over and answers. Both draw the same weights. The test
 * that kills the first comes last.
 */
@Tag("vllm")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class VllmDisaggregationIT {

  private static final String CHAT = "/v1/chat/completions";
  private static final String EXTERNAL = "external_kv_transfer";
  private static final String COMPUTED = "local_compute";
  private static final int CLIENTS = 4;

  /** Prompt of a chat of one message, beyond that message: one token to each special token. */
  private static final int TEMPLATE_TOKENS = 3;

  /** Keys and values of 2 layers, 2 heads each, 32 numbers of 4 bytes. */
  private static final int BYTES_PER_TOKEN = 2 * 2 * 32 * 4 * 2;

  private static final Pattern CONTENT = Pattern.compile("\"content\":\"((?:[^\"\\\\]|\\\\.)*)\"");

  private static VllmServer prefill;
  private static VllmServer decode;
  private static PenstockProcess gateway;
  private static int prompts;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    Kit.bringUp("vllm", "vllm-up", "installed");
    prefill = VllmServer.start(folder, "prefill");
    decode = VllmServer.start(folder, "decode");
    prefill.awaitHealthy();
    decode.awaitHealthy();
    gateway =
        PenstockProcess.serve(
            "--prefill-endpoints",
            prefill.hostPort(),
            "--decode-endpoints",
            decode.hostPort(),
            "--disaggregation",
            "always",
            "--retries.budget",
            "1",
            "--log.access",
            "false");
    await().until(() -> gateway.admin("/debug/endpoints").body().split("\"tiny\"", -1).length == 3);
  }

  @AfterAll
  static void takeDown() {
    if (gateway != null) {
      gateway.close();
    }
    if (prefill != null) {
      prefill.close();
    }
    if (decode != null) {
      decode.close();
    }
  }

  /** A prompt of some hundred bytes, which are as many tokens, that nobody has cached. */
  private static String prompt() {
    return (prompts++ + " is the number of this story. ").repeat(30);
  }

  private static String chat(String prompt, boolean stream) {
    return """
        {"model":"tiny","messages":[{"role":"user","content":"%s"}],"stream":%s,\
        "temperature":0,"max_tokens":24,"ignore_eos":true}"""
        .formatted(prompt, stream);
  }

  private static String said(String answer) {
    return CONTENT.matcher(answer).results().map(one -> one.group(1)).collect(Collectors.joining());
  }

  @ParameterizedTest
  @Order(1)
  @ValueSource(booleans = {false, true})
  void a_chat_is_answered_from_a_prompt_that_the_other_server_computed(boolean stream)
      throws Exception {
    double external = decode.promptTokens(EXTERNAL);
    double computed = prefill.promptTokens(COMPUTED);
    double bytes = decode.metric("vllm:nixl_bytes_transferred_sum");
    String prompt = prompt();

    var answer = gateway.post(CHAT, chat(prompt, stream));

    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    int tokens = prompt.length() + TEMPLATE_TOKENS;
    // The decode computes no more than the last block anew.
    await().until(() -> decode.promptTokens(EXTERNAL) - external >= tokens - 32);
    await()
        .until(
            () ->
                decode.metric("vllm:nixl_bytes_transferred_sum") - bytes
                    >= (tokens - 32.0) * BYTES_PER_TOKEN);
    assertThat(prefill.promptTokens(COMPUTED) - computed).isGreaterThanOrEqualTo(tokens - 32.0);
    assertThat(said(answer.body()))
        .isNotEmpty()
        .isEqualTo(said(PenstockProcess.post(decode.url(), CHAT, chat(prompt, stream)).body()));
    String id = answer.headers().firstValue("x-request-id").orElseThrow();
    var record = (Json.Obj) JsonReader.parse(gateway.admin("/debug/decisions/" + id).body());
    assertThat(record.items("attempts"))
        .extracting(attempt -> ((Json.Obj) attempt).text("leg", ""))
        .containsExactly("prefill", "decode");
  }

  @Test
  @Order(1)
  void usage_counts_as_cached_what_the_server_that_computed_the_prompt_had_cached()
      throws Exception {
    String prompt = prompt();
    var cold = gateway.post(CHAT, chat(prompt, false));
    var warm = gateway.post(CHAT, chat(prompt, false));

    assertThat(cached(cold.body())).isZero();
    assertThat(cached(warm.body())).isPositive().isLessThanOrEqualTo(prompt.length());
  }

  private static long cached(String answer) throws Exception {
    var usage = (Json.Obj) ((Json.Obj) JsonReader.parse(answer)).get("usage");
    return ((Json.Obj) usage.get("prompt_tokens_details")).integer("cached_tokens", -1);
  }

  @Test
  @Order(1)
  void log_probabilities_of_the_prompt_are_computed_by_the_server_that_answers() throws Exception {
    double external = decode.promptTokens(EXTERNAL);

    var answer =
        gateway.post(
            "/v1/completions",
            "{\"model\":\"tiny\",\"prompt\":\"%s\",\"max_tokens\":1,\"prompt_logprobs\":1}"
                .formatted(prompt()));

    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(answer.body()).contains("\"prompt_logprobs\":[null,{");
    assertThat(decode.promptTokens(EXTERNAL)).isEqualTo(external);
  }

  @Test
  @Order(2)
  void chats_are_answered_while_the_server_that_computes_prompts_is_killed() throws Exception {
    double computed = decode.promptTokens(COMPUTED);
    try (var load = new ChatLoad(gateway.url(), "tiny", CLIENTS, prompt())) {
      load.awaitMore(3 * CLIENTS);
      prefill.kill();
      load.awaitMore(5 * CLIENTS);
      load.stop();
      load.assertAllWhole();
    }

    assertThat(gateway.metric("penstock_prefill_fallbacks_total")).isPositive();
    assertThat(decode.promptTokens(COMPUTED)).isGreaterThan(computed);
  }
}
