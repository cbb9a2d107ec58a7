package io.penstock.simulator.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.Fleet;
import io.penstock.simulator.SimulatedPod;
import io.penstock.simulator.fault.FaultSpec;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each fault of a script, as a client sees it over a socket. */
class FaultTest {

  private static final byte[] STREAM = chat(true);
  private static final byte[] WHOLE = chat(false);
  private static final int SILENCE_MILLIS = 150;
  private static final int NOTHING_CAME = -2;

  private final Fleet fleet = Fleet.of(PodConfig.builder().build());
  private final SimulatedPod pod = fleet.pod(0);

  private static byte[] chat(boolean stream) {
    return RawClient.post(
        "/v1/chat/completions",
        "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],"
            + "\"max_tokens\":8,\"ignore_eos\":true,\"stream\":"
            + stream
            + "}");
  }

  @AfterEach
  void stop() {
    fleet.close();
  }

  private void script(String fault) {
    pod.faults().add(FaultSpec.parse(fault));
  }

  private RawClient client() throws IOException {
    return new RawClient(pod.address());
  }

  /** Sends and reads up to the end of the connection. */
  private String exchange(byte[] request) throws IOException {
    return new String(RawClient.exchange(pod.address(), request), UTF_8);
  }

  private static int events(String answer) {
    return answer.split("data: \\{", -1).length - 1;
  }

  @Test
  void refuse_closes_the_listener_and_lets_open_connections_live() throws Exception {
    try (var before = client()) {
      await().until(() -> pod.stats().openConnections() == 1);
      script("refuse");
      assertThatThrownBy(this::client).isInstanceOf(ConnectException.class);
      before.send(STREAM);
      assertThat(before.readUntil("data: [DONE]\n\n")).startsWith("HTTP/1.1 200 OK");
    }
    pod.faults().clear();
    try (var after = client()) {
      after.send(STREAM);
      assertThat(after.readUntil("data: [DONE]\n\n")).startsWith("HTTP/1.1 200 OK");
    }
  }

  @Test
  void reset_on_accept_strikes_as_many_connections_as_it_says() throws Exception {
    script("reset-on-accept:times=1");
    assertThatThrownBy(this::connectAndRead).isInstanceOf(SocketException.class);
    try (var next = client()) {
      next.send(STREAM);
      assertThat(next.readUntil("data: [DONE]\n\n")).startsWith("HTTP/1.1 200 OK");
    }
  }

  private void connectAndRead() throws IOException {
    try (var struck = client()) {
      struck.readAll();
    }
  }

  @Test
  void idle_close_ends_a_connection_behind_its_answer() throws Exception {
    script("idle-close:ms=50");
    assertThat(exchange(STREAM)).endsWith("data: [DONE]\n\n\r\n0\r\n\r\n");
  }

  @Test
  void terminating_refuses_inference_with_500_behind_a_healthy_face() throws Exception {
    script("terminating");
    try (var client = client()) {
      client.send(RawClient.get("/health"));
      assertThat(client.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200 OK");
      client.send(WHOLE);
      assertThat(client.readUntil("}")).startsWith("HTTP/1.1 500 ");
    }
  }

  @Test
  void hang_streams_silences_streams_and_nothing_else() throws Exception {
    script("hang-streams");
    try (var stream = client();
        var whole = client()) {
      stream.send(STREAM);
      assertThat(stream.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200 OK");
      whole.send(WHOLE);
      assertThat(whole.readUntil("\"completion_tokens\":8")).startsWith("HTTP/1.1 200 OK");
      assertThat(stream.readWithin(SILENCE_MILLIS)).isEqualTo(NOTHING_CAME);
    }
  }

  @ParameterizedTest
  @CsvSource({"0", "1", "100", "300"})
  void reset_cuts_the_answer_after_so_many_bytes(int bytes) throws Exception {
    script("reset:bytes=" + bytes);
    try (var client = client()) {
      client.send(STREAM);
      for (int i = 0; i < bytes; i++) {
        assertThat(client.readWithin(10_000)).isNotNegative();
      }
      assertThatThrownBy(client::readAll).isInstanceOf(SocketException.class);
    }
  }

  @Test
  void die_in_event_ends_in_the_middle_of_the_next_one() throws Exception {
    script("die-in-event:events=2");
    String answer = exchange(STREAM);
    assertThat(answer).startsWith("HTTP/1.1 200 OK").doesNotContain("[DONE]");
    assertThat(events(answer)).isEqualTo(3);
    assertThat(answer.substring(answer.lastIndexOf("data: "))).doesNotContain("}\n\n");
  }

  @Test
  void no_done_is_a_clean_end_after_so_many_events() throws Exception {
    script("no-done:events=2");
    try (var client = client()) {
      client.send(STREAM);
      String answer = client.readUntil("0\r\n\r\n");
      assertThat(events(answer)).isEqualTo(2);
      assertThat(answer).doesNotContain("[DONE]");
    }
  }

  @Test
  void stall_head_never_answers_and_notices_the_client_leave() throws Exception {
    script("stall-head");
    try (var client = client()) {
      client.send(WHOLE);
      assertThat(client.readWithin(SILENCE_MILLIS)).isEqualTo(NOTHING_CAME);
      assertThat(pod.stats().aborts()).isZero();
    }
    await().until(() -> pod.stats().aborts() == 1);
  }

  @Test
  void stall_goes_silent_after_so_many_events() throws Exception {
    script("stall:events=2");
    try (var client = client()) {
      client.send(STREAM);
      assertThat(events(client.readUntil("}\n\n\r\n") + client.readUntil("}\n\n\r\n")))
          .isEqualTo(2);
      assertThat(client.readWithin(SILENCE_MILLIS)).isEqualTo(NOTHING_CAME);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "429, 3", "429, -1", "500, 7", "500, -1", "503, 1", "503, -1",
  })
  void status_answers_an_error_once_with_retry_after_or_without(int code, int retryAfter)
      throws Exception {
    String after = retryAfter < 0 ? "" : ",retry-after=" + retryAfter;
    script("status:code=" + code + after + ",times=1");
    try (var client = client()) {
      client.send(WHOLE);
      String answer = client.readUntil("}}");
      assertThat(answer).startsWith("HTTP/1.1 " + code + " ").contains("\"code\":" + code);
      if (retryAfter < 0) {
        assertThat(answer).doesNotContain("retry-after");
      } else {
        assertThat(answer).contains("\r\nretry-after: " + retryAfter + "\r\n");
      }
      client.send(WHOLE);
      assertThat(client.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200 OK");
    }
  }

  @Test
  void garbage_is_no_http_and_ends_the_connection() throws Exception {
    script("garbage");
    assertThat(exchange(WHOLE)).isNotEmpty().doesNotContain("HTTP/1.1");
  }

  @Test
  void bad_chunk_has_a_size_that_is_no_number() throws Exception {
    script("bad-chunk:events=1");
    try (var client = client()) {
      client.send(STREAM);
      String answer = client.readUntil("zz\r\n");
      assertThat(answer).startsWith("HTTP/1.1 200 OK").contains("transfer-encoding: chunked");
      assertThat(events(answer)).isEqualTo(1);
    }
  }

  @Test
  void short_body_ends_before_its_content_length() throws Exception {
    script("short-body:bytes=5");
    String answer = exchange(WHOLE);
    String head = answer.substring(0, answer.indexOf("\r\n\r\n"));
    int promised = Integer.parseInt(head.replaceAll("(?s).*content-length: (\\d+).*", "$1"));
    byte[] body = answer.substring(head.length() + 4).getBytes(UTF_8);
    assertThat(body).hasSize(promised - 5);
  }

  @Test
  void trailing_bytes_follow_a_whole_answer() throws Exception {
    script("trailing");
    try (var client = client()) {
      client.send(STREAM);
      assertThat(client.readUntil("nobody asked for\r\n"))
          .contains("data: [DONE]\n\n\r\n0\r\n\r\nbytes nobody");
    }
  }

  @Test
  void informational_comes_before_the_answer() throws Exception {
    script("informational:code=103");
    try (var client = client()) {
      client.send(WHOLE);
      assertThat(client.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 103 ");
      assertThat(client.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200 OK");
    }
  }

  @Test
  void metrics_slow_come_after_what_was_asked_later() throws Exception {
    script("metrics-slow:ms=1000");
    try (var metrics = client();
        var health = client()) {
      metrics.send(RawClient.get("/metrics"));
      health.send(RawClient.get("/health"));
      assertThat(health.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 200 OK");
      assertThat(metrics.readWithin(1)).isEqualTo(NOTHING_CAME);
      assertThat(metrics.readUntil("vllm:num_requests_running")).startsWith("HTTP/1.1 200 OK");
    }
  }

  @Test
  void metrics_stale_show_the_first_page_until_the_fault_is_off() throws Exception {
    script("metrics-stale");
    String first = generated();
    try (var client = client()) {
      client.send(WHOLE);
      client.readUntil("\"completion_tokens\":8");
    }
    assertThat(generated()).isEqualTo(first);
    pod.faults().clear();
    assertThat(generated()).isNotEqualTo(first).endsWith(" 8.0\n");
  }

  private String generated() throws IOException {
    try (var client = client()) {
      client.send(RawClient.get("/metrics"));
      String page = client.readUntil("vllm:generation_tokens_total{");
      return page.substring(page.length() - 1) + client.readUntil("\n");
    }
  }

  @Test
  void metrics_garbage_is_no_metrics_page() throws Exception {
    script("metrics-garbage");
    try (var client = client()) {
      client.send(RawClient.get("/metrics"));
      assertThat(client.readUntil("\0\n"))
          .startsWith("HTTP/1.1 200 OK")
          .contains("<html>", "vllm:num_requests_running{ NaN")
          .doesNotContain("# TYPE");
    }
  }

  @Test
  void a_client_that_leaves_a_stalled_stream_aborts_it() throws Exception {
    script("stall:events=1");
    try (var client = client()) {
      client.send(STREAM);
      client.readUntil("}\n\n");
    }
    await().until(() -> pod.stats().openConnections() == 0);
    assertThat(pod.stats().aborts()).isEqualTo(1);
  }
}
