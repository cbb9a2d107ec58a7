package io.penstock.simulator.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.engine.EngineConfig;
import io.penstock.simulator.kv.KvConfig;
import io.penstock.simulator.kv.KvConnector;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each recorded request, sent to a pod with the recorded server's flags, is answered as the real
 * vLLM answered it: status line, header names and values in order, chunks and body bytes. Text,
 * ids, times, fingerprints, token ids and token counts are masked, lengths follow from them.
 *
 * <p>Not covered: {@code chat_logprobs} (no logprobs here), {@code metrics_*} (tested beside the
 * page), {@code openapi}, {@code kv_event_sources} (no event publisher), {@code queue*}, {@code
 * bg*}, {@code evict*} and {@code ex*} (timing of other requests, other connectors), {@code
 * http2/generate}, {@code http2/render_*}, {@code is_paused*}, {@code pause}, {@code while_paused},
 * {@code sleep} and the like (development mode), {@code load_busy} (needs a second request).
 */
class GoldenTest {

  private static final String ROOT = "/io/penstock/simulator/recordings/";

  private static Fleet fleet;
  private static SimulatedPod plain;
  private static SimulatedPod flags;
  private static SimulatedPod lora;
  private static SimulatedPod prefill;

  @BeforeAll
  static void start() {
    fleet = Fleet.builder().build();
    plain = fleet.start(pod().promptTokensDetails(false).embeddings(false).build());
    flags = fleet.start(pod().promptTokensDetails(true).requestIdHeaders(true).build());
    lora =
        fleet.start(
            pod().promptTokensDetails(false).models("tiny", "tiny-alias").loras("ad1").build());
    prefill =
        fleet.start(
            pod()
                .promptTokensDetails(true)
                .requestIdHeaders(true)
                .kv(KvConfig.of(KvConnector.NIXLV2).withLease(Duration.ofMillis(100)))
                .build());
  }

  private static PodConfig.Builder pod() {
    return PodConfig.builder().engine(GoldenTest::likeRecorded);
  }

  private static EngineConfig.Builder likeRecorded(EngineConfig.Builder engine) {
    return engine.blockSize(32).maxModelLen(2048);
  }

  @AfterAll
  static void stop() {
    fleet.close();
  }

  static Stream<String> onThePlainServer() {
    return Stream.of(
            "chat chat_stream chat_stream_usage chat_rid chat_salt cmpl cmpl_again cmpl_bodyrid",
            "cmpl_n2_batch cmpl_rid cmpl_salt cmpl_salt_empty cmpl_stream cmpl_stream_usage",
            "cmpl_stream_usage_cont cmpl_tokens_prompt detokenize embeddings err_badjson",
            "err_method err_missing err_model err_model_chat err_nojson err_temp err_tokid",
            "err_toolong err_toolong_chat err_toolong_maxtok err_toolong_stream generate abort",
            "health is_sleeping kv_params_noconn load messages models nomodel notfound ping",
            "render_chat render_cmpl reset_prefix_cache responses server_info sleep tokenize",
            "tokenize_chat tokenize_strs version")
        .flatMap(names -> Stream.of(names.split(" ")))
        .map(name -> "http/" + name);
  }

  static Stream<String> withCachedTokensAndRequestIds() {
    return Stream.of(
            "cached_details", "cached_details2", "stream_details", "rid_hdr", "rid_none", "salt")
        .map(name -> "http2/" + name);
  }

  static Stream<String> withAliasAndLora() {
    return Stream.of("alias", "lora", "lora_salt", "models_lora", "salt")
        .map(name -> "http3/" + name);
  }

  @ParameterizedTest
  @MethodSource("onThePlainServer")
  void answersAsThePlainServer(String recording) throws IOException {
    check(plain, recording);
  }

  @ParameterizedTest
  @MethodSource("withCachedTokensAndRequestIds")
  void answersAsTheServerWithDetails(String recording) throws IOException {
    check(flags, recording);
  }

  @ParameterizedTest
  @MethodSource("withAliasAndLora")
  void answersAsTheServerWithLora(String recording) throws IOException {
    check(lora, recording);
  }

  @ParameterizedTest
  @ValueSource(strings = {"chat_prefill", "cmpl_prefill", "short_prefill"})
  void handsAPromptOutAsTheServerWithNixl(String recording) throws IOException {
    check(prefill, "pd/" + recording);
  }

  private static void check(SimulatedPod pod, String recording) throws IOException {
    String request = new String(resource(recording + ".req"), StandardCharsets.UTF_8);
    String expected = new String(resource(recording + ".resp"), StandardCharsets.UTF_8);

    byte[] answer = RawClient.exchange(pod.address(), request.getBytes(StandardCharsets.UTF_8));

    String actual = new String(answer, StandardCharsets.UTF_8);
    assertThat(masked(actual)).isEqualTo(masked(expected));
    assertLengthIsTrue(actual);
  }

  /** Head lines, then the masked body; the parts of a stream one to a line. */
  private static String masked(String answer) {
    int end = answer.indexOf("\r\n\r\n");
    String head =
        answer
            .substring(0, end)
            .replaceAll("date: [^\r]*GMT", "date: DATE")
            .replaceAll("x-request-id: [0-9a-f]{32}", "x-request-id: ID")
            .replaceAll("content-length: [1-9]\\d*", "content-length: N");
    String body = answer.substring(end + 4);
    String text =
        head.contains("transfer-encoding: chunked")
            ? String.join("\n", maskedEvents(body))
            : maskedJson(body);
    return head.replace("\r\n", "\n") + "\n\n" + text;
  }

  /** One line for each chunk; chunks of nothing but a text are alike, so runs of them are one. */
  private static List<String> maskedEvents(String body) {
    List<String> events = new ArrayList<>();
    for (int at = 0; at < body.length(); ) {
      int line = body.indexOf("\r\n", at);
      int size = Integer.parseInt(body.substring(at, line), 16);
      byte[] rest = body.substring(line + 2).getBytes(StandardCharsets.UTF_8);
      String event = new String(rest, 0, size, StandardCharsets.UTF_8);
      at = line + 2 + event.length();
      assertThat(body.substring(at, at + 2)).isEqualTo("\r\n");
      at += 2;
      events.add("chunk " + maskedJson(event));
    }
    return events;
  }

  private static String maskedJson(String body) {
    return body.replaceAll("\"(id)\":\"([a-z_]+[-_])[0-9a-f]{15,16}\"", "\"$1\":\"$2ID\"")
        .replaceAll("\"text\":\"(?:[^\"\\\\]|\\\\.)*\"", "\"text\":\"TEXT\"")
        .replaceAll("\"(content|prompt)\":\"(?:[^\"\\\\]|\\\\.)+\"", "\"$1\":\"TEXT\"")
        .replaceAll("\"(created|created_at)\":\\d+", "\"$1\":TIME")
        .replaceAll("vllm-0.32.0-[0-9a-f]{8}", "vllm-0.32.0-PRINT")
        .replaceAll("\"root\":\"[^\"]*\"", "\"root\":\"PATH\"")
        .replaceAll("\"(prompt_tokens|total_tokens|input_tokens|count)\":\\d+", "\"$1\":N")
        .replaceAll("\"(token_ids|prompt_token_ids|tokens)\":\\[[^\\]]+\\]", "\"$1\":[IDS]")
        .replaceAll("\"token_strs\":\\[[^\\]]+\\]", "\"token_strs\":[STRINGS]")
        .replaceAll("\"completion_tokens\":48\\b", "\"completion_tokens\":N")
        .replaceAll("\"cached_tokens\":\\d+", "\"cached_tokens\":N")
        .replaceAll("\"created_cache_tokens\":\\d+", "\"created_cache_tokens\":N")
        .replaceAll("\"remote_block_ids\":\\[\\[[0-9,]+]]", "\"remote_block_ids\":[[IDS]]")
        .replaceAll("\"remote_engine_id\":\"[0-9a-f-]{36}\"", "\"remote_engine_id\":\"ID\"")
        .replaceAll("(\"remote_request_id\":\"[^\"]*-)[0-9a-f]{8}\"", "$1ID\"")
        .replaceAll("\"(remote_port|remote_num_tokens)\":\\d+", "\"$1\":N");
  }

  private static void assertLengthIsTrue(String answer) {
    Matcher length = Pattern.compile("content-length: (\\d+)\r\n").matcher(answer);
    if (length.find()) {
      String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
      assertThat(body.getBytes(StandardCharsets.UTF_8)).hasSize(Integer.parseInt(length.group(1)));
    }
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = GoldenTest.class.getResourceAsStream(ROOT + name)) {
      assertThat(in).as(name).isNotNull();
      return in.readAllBytes();
    }
  }
}
