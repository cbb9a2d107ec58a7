package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.fault.Fault;
import io.penstock.simulator.http.ReceivedRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code penstock picker} in a real Envoy that runs the shipped {@code
 * deploy/envoy/fail-close.yaml} with one filter more, which makes a subset hint of a header.
 */
@Tag("envoy")
class EnvoyIT {

  private static final String CHAT = "/v1/chat/completions";
  private static final int PODS = 3;
  private static final int MANY = 2_000;

  private static final String HINT_PLACE =
      "                  # Filters that limit the choice (a subset hint) belong here.\n";
  private static final String HINT_FILTER =
      """
                        - name: envoy.filters.http.header_to_metadata
                          typed_config:
                            "@type": type.googleapis.com/envoy.extensions.filters.http.header_to_metadata.v3.Config
                            request_rules:
                              - header: x-test-subset
                                on_header_present:
                                  metadata_namespace: envoy.lb.subset_hint
                                  key: x-gateway-destination-endpoint-subset
                                  type: STRING
                                remove: true
      """;

  private static PickedPods pods;

  @TempDir private static Path folder;

  @BeforeAll
  static void bringUp() throws Exception {
    pods = new PickedPods(folder, "fail-close", PODS, Map.of(HINT_PLACE, HINT_FILTER));
  }

  @AfterEach
  void settle() {
    pods.settle();
  }

  @AfterAll
  static void takeDown() throws Exception {
    if (pods != null) {
      pods.close();
    }
  }

  @Test
  void a_chat_is_answered_by_a_pod_and_shows_nothing_of_the_picker() throws Exception {
    var answer = post(chat("hello", 4));
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).contains("\"completion_tokens\":4");
    assertThat(answer.headers().map().keySet())
        .noneMatch(name -> name.startsWith("x-gateway-") || name.startsWith("x-llm-d-"));
  }

  @Test
  void events_arrive_while_the_pod_has_more_to_say() throws Exception {
    pods.fault(new Fault.StallAfterEvents(1));
    try (var stream = new OpenStream(pods.envoy().url(), "hello", 8)) {
      stream.awaitFirstEvent();
    }
  }

  @Test
  void a_stream_comes_whole_and_the_picker_reads_its_usage() throws Exception {
    double before = pods.pickerMetric("llm_d_epp_request_output_tokens_sum");
    try (var stream = new OpenStream(pods.envoy().url(), "hello", 40)) {
      assertThat(stream.answer())
          .startsWith("HTTP/1.1 200 OK")
          .contains("\"completion_tokens\":40", "data: [DONE]\n\n")
          .endsWith("0\r\n\r\n");
    }
    await().until(() -> pods.pickerMetric("llm_d_epp_request_output_tokens_sum") == before + 40);
  }

  @Test
  void the_same_prefix_lands_on_the_same_pod() throws Exception {
    List<Long> before = requests();
    String document = "one long document ".repeat(400);
    for (int i = 0; i < 12; i++) {
      assertThat(post(chat(document + "question " + i, 2)).statusCode()).isEqualTo(200);
    }
    List<Long> more = new ArrayList<>();
    for (int i = 0; i < PODS; i++) {
      more.add(requests().get(i) - before.get(i));
    }
    assertThat(more).containsExactlyInAnyOrder(12L, 0L, 0L);
  }

  private static List<Long> requests() {
    List<Long> each = new ArrayList<>();
    for (int i = 0; i < PODS; i++) {
      each.add(pods.pod(i).stats().inferenceRequests());
    }
    return each;
  }

  @ParameterizedTest
  @ValueSource(ints = {400_000, 8_000_000})
  void a_long_body_reaches_the_pod_byte_for_byte(int bytes) throws Exception {
    String body = longChat(bytes);
    var answer = post(body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    assertThat(received().stream().map(ReceivedRequest::bodyText)).contains(body);
  }

  private static List<ReceivedRequest> received() {
    List<ReceivedRequest> all = new ArrayList<>();
    for (int i = 0; i < PODS; i++) {
      all.addAll(pods.pod(i).received());
    }
    return all;
  }

  @Test
  void http_2_clients_are_served_streamed_and_not() throws Exception {
    assertThat(curl("--http2-prior-knowledge", "--data", chat("hello", 3)))
        .startsWith("HTTP/2 200")
        .contains("\"completion_tokens\":3");
    String streamed = chat("hello", 3).replace("{\"model\"", "{\"stream\":true,\"model\"");
    assertThat(curl("--http2-prior-knowledge", "--data", streamed))
        .startsWith("HTTP/2 200")
        .contains("data: {")
        .endsWith("data: [DONE]\n\n");
    Path file = Files.writeString(folder.resolve("long.json"), longChat(400_000));
    assertThat(curl("--http2-prior-knowledge", "--data-binary", "@" + file))
        .startsWith("HTTP/2 200")
        .contains("\"completion_tokens\":2");
  }

  @Test
  void a_client_that_leaves_stops_its_pod_and_frees_what_it_held_in_the_picker() throws Exception {
    pods.fault(new Fault.StallAfterEvents(3));
    long before = pods.aborts();
    var stream = new OpenStream(pods.envoy().url(), "hello", 8);
    stream.awaitFirstByte();
    assertThat(pods.pickerMetric("llm_d_epp_extproc_streams_inflight")).isEqualTo(1);

    stream.close();

    await().until(() -> pods.aborts() == before + 1);
  }

  @Test
  void a_subset_hint_limits_the_choice() throws Exception {
    for (int i = 0; i < 3 * PODS; i++) {
      var pod = pods.pod(i % PODS);
      long before = pod.stats().inferenceRequests();
      assertThat(curl("-H", "x-test-subset: " + pod.hostPort(), "--data", chat("hello", 2)))
          .contains(" 200 OK");
      assertThat(pod.stats().inferenceRequests()).isEqualTo(before + 1);
    }
    assertThat(curl("-H", "x-test-subset: 192.0.2.1:1", "--data", chat("hello", 2)))
        .contains(" 503 ", "content-type: application/json", "{\"error\":{")
        .contains("x-llm-d-request-dropped-reason: rejected-no-endpoints");
  }

  @Test
  void a_client_cannot_choose_its_pod() throws Exception {
    for (int i = 0; i < PODS; i++) {
      String pod = pods.pod(i).hostPort();
      String refused = "x-gateway-destination-endpoint: 192.0.2.1:1";
      String hint = "x-gateway-destination-endpoint-subset: " + pod;
      assertThat(curl("-H", refused, "-H", hint, "--data", chat("hello", 2))).contains(" 200 OK");
    }
    assertThat(received())
        .allSatisfy(
            request ->
                assertThat(request.header("x-gateway-destination-endpoint").orElse("none"))
                    .isNotEqualTo("192.0.2.1:1"))
        .allSatisfy(
            request ->
                assertThat(request.header("x-gateway-destination-endpoint-subset")).isEmpty());
  }

  @Test
  void what_the_picker_refuses_the_client_is_told_in_json() throws Exception {
    var answer = post("{\"model\":");
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(answer.headers().firstValue("content-type").orElse("none"))
        .startsWith("application/json");
    assertThat(answer.body()).startsWith("{\"error\":{");
  }

  @Test
  void a_request_without_body_is_routed() throws Exception {
    assertThat(PenstockProcess.get(pods.envoy().url() + "/v1/models").body())
        .contains("\"id\":\"tiny\"");
  }

  @Test
  void two_thousand_streams_run_at_once() throws Exception {
    pods.fault(new Fault.StallAfterEvents(3));
    List<OpenStream> streams = new ArrayList<>();
    try {
      for (int i = 0; i < MANY; i++) {
        streams.add(new OpenStream(pods.envoy().url(), "stream " + i, 8));
      }
      streams.forEach(OpenStream::awaitFirstEvent);

      assertThat(pods.envoy().stat("cluster.picker.upstream_rq_active")).isEqualTo(MANY);
      assertThat(pods.envoy().stat("cluster.pods.upstream_rq_active")).isEqualTo(MANY);
      assertThat(pods.envoy().stat("cluster.picker.upstream_rq_pending_overflow")).isZero();
      assertThat(pods.pickerMetric("llm_d_epp_extproc_streams_inflight")).isEqualTo(MANY);
    } finally {
      for (var stream : streams) {
        stream.close();
      }
    }
    await().atMost(Duration.ofMinutes(1)).until(() -> pods.running() == 0);
  }

  private static String chat(String words, int tokens) {
    return """
        {"model":"tiny","messages":[{"role":"user","content":"%s"}],"max_tokens":%d,\
        "ignore_eos":true}"""
        .formatted(words, tokens);
  }

  /** A chat with so many bytes that no tokenizer has to read. */
  private static String longChat(int bytes) {
    return chat("hello", 2)
        .replace("{\"model\"", "{\"user\":\"" + "u".repeat(bytes) + "\",\"model\"");
  }

  private static HttpResponse<String> post(String body) throws Exception {
    return PenstockProcess.post(pods.envoy().url(), CHAT, body);
  }

  /** The answer's head and body. */
  private static String curl(String... flags) throws Exception {
    List<String> command = new ArrayList<>(List.of("curl", "-sS", "-i", "--max-time", "60"));
    command.addAll(List.of("-H", "content-type: application/json"));
    command.addAll(List.of(flags));
    command.add(pods.envoy().url() + CHAT);
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return output;
  }
}
