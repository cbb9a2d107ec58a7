package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static io.penstock.proxy.app.TestGateway.readTo;
import static io.penstock.proxy.app.TestGateway.request;
import static io.penstock.proxy.app.TestGateway.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.proxy.openai.EventRelay;
import io.penstock.simulator.fault.Fault;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import org.assertj.core.api.AbstractStringAssert;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client sees, and what pods are asked, when something goes wrong; nothing ever leaks. */
class FailureTest {

  @Nested
  class BeforeTheFirstByte {

    @Test
    void a_pod_that_refuses_connections_costs_nobody_a_request() throws Exception {
      try (var gateway = TestGateway.of(2, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.Refuse());
        for (int i = 0; i < 10; i++) {
          assertThat(
                  gateway.post("/v1/chat/completions", chat("hello " + i, 4, false)).statusCode())
              .isEqualTo(200);
        }
      }
    }

    @Test
    void an_answer_that_dies_before_its_first_byte_is_asked_elsewhere() throws Exception {
      try (var gateway = TestGateway.of(2, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.ResetAfterBytes(0));
        for (int i = 0; i < 10; i++) {
          var answer = gateway.post("/v1/chat/completions", chat("hello " + i, 4, true));
          assertThat(answer.statusCode()).isEqualTo(200);
          assertThat(answer.body()).endsWith("data: [DONE]\n\n");
        }
      }
    }

    @Test
    void a_pod_that_shuts_down_with_500_and_a_healthy_face_costs_nobody_a_request()
        throws Exception {
      try (var gateway = TestGateway.of(2, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.Terminating());
        for (int i = 0; i < 10; i++) {
          assertThat(
                  gateway.post("/v1/chat/completions", chat("hello " + i, 4, false)).statusCode())
              .isEqualTo(200);
        }
      }
    }

    @Test
    void a_busy_pod_is_left_alone_and_the_other_asked() throws Exception {
      try (var gateway = TestGateway.of(2, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.AnswerStatus(503, 10));
        for (int i = 0; i < 10; i++) {
          assertThat(
                  gateway.post("/v1/chat/completions", chat("hello " + i, 4, false)).statusCode())
              .isEqualTo(200);
        }
        assertThat(gateway.admin("/debug/endpoints")).contains("\"state\":\"busy\"");
      }
    }

    @Test
    void garbage_is_never_forwarded() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.Garbage());
        var answer = gateway.post("/v1/chat/completions", chat("hello", 4, false));
        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(answer.body()).contains("\"code\":\"upstream_invalid_response\"");
      }
    }

    @Test
    void all_pods_down_is_an_error_that_says_to_retry_and_names_no_pod() throws Exception {
      try (var gateway = TestGateway.of(2, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.Refuse());
        gateway.pod(1).faults().add(new Fault.Refuse());
        var answer = gateway.post("/v1/chat/completions", chat("hello", 4, true));
        assertThat(answer.statusCode()).isEqualTo(502);
        assertThat(answer.headers().firstValue("x-should-retry")).hasValue("true");
        assertThat(answer.headers().firstValue("x-request-id")).isPresent();
        assertThat(answer.body())
            .contains("\"code\":\"upstream_connect_error\"", "\"param\":null")
            .doesNotContain("127.0.0.1");
      }
    }

    @Test
    void an_error_of_the_prompt_passes_as_it_is_and_is_not_repeated() throws Exception {
      try (var gateway = TestGateway.of(2, UnaryOperator.identity())) {
        var answer =
            gateway.post(
                "/v1/chat/completions",
                "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],"
                    + "\"temperature\":-3}");
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(
                gateway.pod(0).stats().inferenceRequests()
                    + gateway.pod(1).stats().inferenceRequests())
            .isEqualTo(1);
      }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_prompt_that_is_refused_was_not_computed(boolean stream) throws Exception {
      String error = "{\"error\":{\"message\":\"too long a prompt\",\"code\":400}}";
      try (var pod =
              new BytePod(
                  (gateway, request) -> send(gateway, BytePod.json("400 Bad Request", error)));
          var gateway = TestGateway.before(pod, flags -> flags.flag("--log.access", "false"))) {
        String ofPod = "{pool=\"tiny\",pod=\"" + pod.address() + "\",}";
        double factor = gateway.metric("penstock_pod_prefill_factor" + ofPod);

        String prompt = chat("hello ".repeat(2_000), 4, stream);
        assertThat(gateway.post("/v1/chat/completions", prompt).body()).isEqualTo(error);
        gateway.assertQuiet();
        var again = gateway.post("/v1/chat/completions", prompt);

        assertThat(again.statusCode()).isEqualTo(400);
        var id = again.headers().firstValue("x-request-id").orElseThrow();
        assertThat(gateway.app.decision(id).attempts().getLast().predictedCachedTokens()).isZero();
        gateway.assertQuiet();
        assertThat(gateway.metric("penstock_pod_prefill_factor" + ofPod)).isEqualTo(factor);
        assertThat(gateway.metric("penstock_time_to_first_token_seconds_count{model=\"tiny\",}"))
            .isZero();
      }
    }

    @Test
    void silence_ends_with_a_timeout_that_is_not_to_be_repeated() throws Exception {
      try (var gateway = TestGateway.of(1, flags -> flags.flag("--timeouts.first-byte", "300ms"))) {
        gateway.pod(0).faults().add(new Fault.StallBeforeHead());
        var answer = gateway.post("/v1/chat/completions", chat("hello", 4, true));
        assertThat(answer.statusCode()).isEqualTo(504);
        assertThat(answer.headers().firstValue("x-should-retry")).hasValue("false");
        assertThat(answer.body()).contains("time_to_first_token_timeout");
      }
    }

    @Test
    void a_stream_that_is_slow_to_begin_is_kept_alive_and_then_honest() throws Exception {
      try (var gateway =
          TestGateway.of(
              1,
              flags -> flags.flag("--timeouts.first-byte", "2s").flag("--sse.keep-alive", "1s"))) {
        gateway.pod(0).faults().add(new Fault.StallBeforeHead());
        String answer = gateway.exchange(request("/v1/chat/completions", chat("hello", 4, true)));
        assertThat(answer).startsWith("HTTP/1.1 200 OK").contains(": keep-alive\n\n");
        assertThat(answer).contains("time_to_first_token_timeout").doesNotContain("[DONE]");
        assertThat(answer).doesNotEndWith("0\r\n\r\n");
      }
    }
  }

  /** A stream that the gateway has opened by keep-alive comments, before its pod answers. */
  @Nested
  class BehindKeepAliveComments {

    private static final String ERROR =
        "{\n  \"error\": {\"message\": \"too long a prompt\", \"code\": 400}\n}";

    private double completed;
    private double reset;

    @ParameterizedTest
    @CsvSource({
      "400 Bad Request,0",
      "429 Too Many Requests,0",
      "503 Service Unavailable,0",
      "500 Internal Server Error,1"
    })
    void an_error_of_the_pod_is_the_last_event(String status, int ejections) throws Exception {
      late("/v1/chat/completions", BytePod.json(status, ERROR), ejections)
          .endsWith("data: {   \"error\": " + ERROR.substring(13, ERROR.length() - 2) + " }\n\n");
      assertThat(completed).isEqualTo(1);
      assertThat(reset).isZero();
    }

    @Test
    void an_error_has_the_name_by_which_the_api_knows_it() throws Exception {
      late("/v1/messages", BytePod.json("400 Bad Request", ERROR), 0)
          .contains("\nevent: error\ndata: {   \"error\"")
          .contains("\r\nrequest-id: ");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "HTTP/1.1 400 Bad Request\r\ncontent-type: text/html\r\ncontent-length: 4\r\n\r\n<h1>",
          "HTTP/1.1 422 Unprocessable Content\r\ncontent-length: 0\r\n\r\n",
          "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
          "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
        })
    void what_is_no_error_object_is_told_in_the_gateways_words(String answer) throws Exception {
      late("/v1/chat/completions", answer, 0).contains("\"code\":\"upstream_reset\"");
      assertThat(completed).isZero();
      assertThat(reset).isEqualTo(1);
    }

    @Test
    void an_error_without_end_is_not_kept() throws Exception {
      String endless = "x".repeat(2 << 20);
      late("/v1/chat/completions", BytePod.json("400 Bad Request", endless), 0)
          .contains("\"code\":\"upstream_reset\"")
          .hasSizeLessThan(2_000);
    }

    /** What the client gets of a pod that answers so once a comment has come. */
    private AbstractStringAssert<?> late(String path, String answer, int ejections)
        throws Exception {
      var comment = new CountDownLatch(1);
      try (var pod =
              new BytePod(
                  (gateway, request) -> {
                    comment.await();
                    send(gateway, answer);
                  });
          var gateway =
              TestGateway.before(
                  pod,
                  flags ->
                      flags
                          .flag("--log.access", "false")
                          .flag("--sse.keep-alive", "100ms")
                          .flag("--ejection.failures", "1"));
          var socket = gateway.connect()) {
        send(socket, request(path, chat("hello", 4, true)));
        String answered = readTo(socket, "\n\n");
        comment.countDown();
        answered += payload(socket);
        assertThat(gateway.metric("penstock_endpoint_ejections_total{pool=\"tiny\",}"))
            .isEqualTo(ejections);
        completed = gateway.metric("penstock_requests_completed_total{model=\"tiny\",}");
        reset = gateway.metric("penstock_requests_failed_total{reason=\"upstream_reset\",}");
        return assertThat(answered).startsWith("HTTP/1.1 200 OK").doesNotContain("[DONE]");
      }
    }

    /** What follows, without the framing of chunks, one for each event. */
    private String payload(Socket socket) throws IOException {
      String rest = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(rest).doesNotEndWith("0\r\n\r\n");
      return rest.replaceAll("\r\n(?:[0-9a-f]+\r\n)?", "");
    }
  }

  @Nested
  class InsideAStream {

    @Test
    void a_death_inside_an_event_is_one_error_event_and_no_clean_end() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.DieInEvent(3));
        String answer = gateway.exchange(request("/v1/chat/completions", chat("hello", 9, true)));
        assertBrokenOff(answer, "upstream_reset");
      }
    }

    @Test
    void a_clean_end_without_done_is_a_truncation() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.EndWithoutDone(3));
        String answer = gateway.exchange(request("/v1/chat/completions", chat("hello", 9, true)));
        assertBrokenOff(answer, "upstream_truncated");
      }
    }

    @Test
    void a_stream_that_hangs_is_ended_by_the_idle_limit() throws Exception {
      try (var gateway =
          TestGateway.of(1, flags -> flags.flag("--timeouts.stream-idle", "300ms"))) {
        gateway.pod(0).faults().add(new Fault.StallAfterEvents(3));
        String answer = gateway.exchange(request("/v1/chat/completions", chat("hello", 9, true)));
        assertBrokenOff(answer, "stream_idle_timeout");
      }
    }

    @Test
    void a_malformed_chunk_is_never_forwarded() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.MalformedChunk(3));
        String answer =
            gateway.exchange(
                request("/v1/chat/completions", chat("hello", 9, true))
                    .replace("host: test", "host: test\r\nconnection: close"));
        // The error is an event or an answer, as the bytes before the bad chunk came apart or not.
        assertThat(answer).contains("upstream_invalid_response").doesNotContain("zz\r\n", "[DONE]");
      }
    }

    @Test
    void a_death_inside_an_event_that_was_too_long_to_hold_adds_nothing_to_it() throws Exception {
      String half = "data: {\"x\":\"" + "x".repeat(EventRelay.MAX_HELD_BYTES);
      String head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
      try (var pod =
              new BytePod(
                  (gateway, request) -> {
                    String chunk = Integer.toHexString(half.length()) + "\r\n" + half + "\r\n";
                    send(gateway, head + "transfer-encoding: chunked\r\n\r\n" + chunk);
                    gateway.close();
                  });
          var gateway = TestGateway.before(pod, flags -> flags.flag("--log.access", "false"))) {
        String answer = gateway.exchange(request("/v1/chat/completions", chat("hello", 9, true)));
        assertThat(answer.length()).isGreaterThan(half.length());
        assertThat(answer.substring(answer.lastIndexOf('x'))).doesNotContain("error");
      }
    }

    private void assertBrokenOff(String answer, String code) {
      assertThat(answer).startsWith("HTTP/1.1 200 OK");
      assertThat(answer).containsOnlyOnce("data: {\"error\":").contains(code);
      assertThat(answer).doesNotContain("[DONE]").doesNotEndWith("0\r\n\r\n");
      assertThat(answer.substring(answer.indexOf("data: {\"error\":"))).contains("}}\n\n");
    }
  }

  @Nested
  class TheClientLeaves {

    @Test
    void while_it_still_sends_its_body() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        try (var socket = gateway.connect()) {
          String whole = request("/v1/chat/completions", chat("hello", 4, true));
          send(socket, whole.substring(0, whole.length() - 20));
          await().until(() -> gateway.app.heldBodyBytes() > 0);
        }
        gateway.assertQuiet();
        assertThat(gateway.pod(0).stats().inferenceRequests()).isZero();
        assertThat(gateway.app.conservation().cancelled()).isEqualTo(1);
      }
    }

    @Test
    void before_the_first_byte_of_a_stream() throws Exception {
      leavesBeforeTheFirstByte(true);
    }

    @Test
    void before_the_first_byte_of_an_answer_that_is_not_streamed() throws Exception {
      leavesBeforeTheFirstByte(false);
    }

    private void leavesBeforeTheFirstByte(boolean stream) throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.StallBeforeHead());
        try (var socket = gateway.connect()) {
          send(socket, request("/v1/chat/completions", chat("hello", 4, stream)));
          await().until(() -> gateway.pod(0).stats().inferenceRequests() == 1);
        }
        await().until(() -> gateway.pod(0).stats().aborts() == 1);
        assertThat(gateway.app.conservation().cancelled()).isEqualTo(1);
      }
    }

    @Test
    void in_the_middle_of_a_stream() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.StallAfterEvents(3));
        try (var socket = gateway.connect()) {
          send(socket, request("/v1/chat/completions", chat("hello", 400, true)));
          assertThat(socket.getInputStream().read()).isEqualTo('H');
        }
        await().until(() -> gateway.pod(0).stats().aborts() == 1);
        assertThat(gateway.app.conservation().cancelled()).isEqualTo(1);
      }
    }

    @Test
    void without_reading_and_is_cut_off() throws Exception {
      try (var gateway =
          TestGateway.of(1, flags -> flags.flag("--timeouts.client-stall", "300ms"))) {
        try (var socket = gateway.connect()) {
          socket.setReceiveBufferSize(4 * 1024);
          send(socket, request("/v1/chat/completions", chat("hello", 100_000, true)));
          await()
              .atMost(Duration.ofSeconds(15))
              .until(() -> gateway.app.conservation().inFlight() == 0);
        }
        assertThat(gateway.app.conservation().cancelled()).isEqualTo(1);
      }
    }
  }

  @Test
  void a_drain_lets_running_streams_finish_and_says_so() throws Exception {
    try (var gateway = TestGateway.of(2, flags -> flags.flag("--timeouts.pre-stop", "0s"))) {
      gateway.pod(0).faults().add(new Fault.StallAfterEvents(2), 1);
      gateway.pod(1).faults().add(new Fault.StallAfterEvents(2), 1);
      try (var socket = gateway.connect()) {
        send(socket, request("/v1/chat/completions", chat("hello", 6, true)));
        assertThat(socket.getInputStream().read()).isEqualTo('H');
        gateway.app.drain();
        assertThat(gateway.admin("/readyz?verbose")).contains("draining");
        assertThat(gateway.app.awaitDrained(Duration.ofMillis(300))).isFalse();
      }
      assertThat(gateway.app.awaitDrained(Duration.ofSeconds(10))).isTrue();
    }
  }
}
