package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.handler.codec.http2.Http2Error;
import io.penstock.proxy.app.Http2Client.Answer;
import io.penstock.simulator.fault.Fault;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** HTTP/2 with prior knowledge, end to end over real sockets. */
class Http2Test {

  private static final String CHAT = "/v1/chat/completions";

  @Test
  void an_answer_comes_whole_with_the_pods_fields_and_none_of_its_connection() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity());
        var client = Http2Client.of(gateway)) {
      var answer = client.post(CHAT, chat("hello", 4, false)).awaitEnd();

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("content-type")).isEqualTo("application/json");
      assertThat(answer.header("content-length"))
          .isEqualTo(Integer.toString(answer.body().length()));
      assertThat(answer.header("x-request-id")).startsWith("req_");
      assertThat(answer.headers().names().toString())
          .doesNotContain("connection", "transfer-encoding", "keep-alive", "server");
      assertThat(answer.body()).startsWith("{\"id\":\"chatcmpl-").contains("\"usage\":{");
      assertThat(answer.ended()).isTrue();
      assertThat(answer.resetCode()).isEqualTo(-1);
    }
  }

  @Test
  void a_stream_is_the_events_without_chunk_framing() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity());
        var client = Http2Client.of(gateway)) {
      var answer = client.post(CHAT, chat("hello", 20, true)).awaitEnd();

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.header("content-type")).startsWith("text/event-stream");
      assertThat(answer.header("x-accel-buffering")).isEqualTo("no");
      var events = answer.body().split("\n\n", -1);
      assertThat(events).hasSizeGreaterThan(20).endsWith("");
      for (int i = 0; i < events.length - 1; i++) {
        assertThat(events[i]).startsWith("data: ");
      }
      assertThat(answer.body()).endsWith("data: [DONE]\n\n");
    }
  }

  @Test
  void streams_of_one_connection_that_are_reset_abort_at_the_pod_and_the_others_finish()
      throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity());
        var client = Http2Client.of(gateway)) {
      gateway.pod(0).faults().add(new Fault.StallAfterEvents(2), 30);
      List<Answer> stalled = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        stalled.add(client.post(CHAT, chat("stalls " + i, 400, true)));
      }
      stalled.forEach(Answer::awaitBody);
      List<Answer> whole = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        whole.add(client.post(CHAT, chat("goes on " + i, 8, i % 2 == 0)));
      }

      stalled.forEach(answer -> answer.reset(Http2Error.CANCEL));

      for (int i = 0; i < 60; i++) {
        var answer = whole.get(i).awaitEnd();
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.ended()).isTrue();
        assertThat(answer.body()).endsWith(i % 2 == 0 ? "data: [DONE]\n\n" : "}");
      }
      await().until(() -> gateway.pod(0).stats().aborts() == 30);
      gateway.assertQuiet();
      assertThat(gateway.app.conservation().cancelled()).isEqualTo(30);
      assertThat(gateway.app.conservation().completed()).isEqualTo(60);
    }
  }

  @Test
  void a_client_that_goes_ends_all_its_streams() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      gateway.pod(0).faults().add(new Fault.StallBeforeHead());
      try (var client = Http2Client.of(gateway)) {
        for (int i = 0; i < 10; i++) {
          client.post(CHAT, chat("hello " + i, 4, i % 2 == 0));
        }
        await().until(() -> gateway.pod(0).stats().inferenceRequests() == 10);
      }
      await().until(() -> gateway.pod(0).stats().aborts() == 10);
      assertThat(gateway.app.conservation().cancelled()).isEqualTo(10);
    }
  }

  @Test
  void a_stream_that_is_not_read_holds_up_neither_the_others_nor_its_own_end() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity());
        var client = new Http2Client(gateway.app.address(), 16 * 1024)) {
      var slow = client.post(CHAT, chat("hello", 20_000, true));
      slow.awaitBody().reading(false);
      int seen = slow.body().length();

      for (int i = 0; i < 5; i++) {
        assertThat(client.post(CHAT, chat("hello " + i, 4, true)).awaitEnd().body())
            .endsWith("data: [DONE]\n\n");
      }
      // One window, and what one read call brings before the flag is seen.
      assertThat(slow.body().length()).isBetween(seen, seen + 32 * 1024);
      assertThat(slow.ended()).isFalse();

      slow.reading(true);
      assertThat(slow.awaitEnd().body()).endsWith("data: [DONE]\n\n");
      assertThat(slow.body().split("\n\n", -1)).hasSizeGreaterThan(20_000);
    }
  }

  @Test
  void a_stream_that_is_never_read_is_cut_off_and_its_connection_lives() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--timeouts.client-stall", "300ms"));
        var client = new Http2Client(gateway.app.address(), 16 * 1024)) {
      var slow = client.post(CHAT, chat("hello", 20_000, true));
      slow.awaitBody().reading(false);

      await().until(() -> gateway.app.conservation().cancelled() == 1);
      slow.reading(true);
      slow.awaitClosed();

      assertThat(slow.resetCode()).isEqualTo(Http2Error.INTERNAL_ERROR.code());
      assertThat(slow.ended()).isFalse();
      assertThat(client.post(CHAT, chat("hello", 4, false)).awaitEnd().status()).isEqualTo(200);
    }
  }

  @Test
  void a_whole_answer_that_is_never_read_is_cut_off_and_its_connection_lives() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--timeouts.client-stall", "300ms"));
        var client = new Http2Client(gateway.app.address(), 0)) {
      var unread = client.get("/v1/models").awaitClosed();

      assertThat(unread.status()).isEqualTo(200);
      assertThat(unread.resetCode()).isEqualTo(Http2Error.CANCEL.code());
      assertThat(unread.ended()).isFalse();
      assertThat(client.connected()).isTrue();
      assertThat(gateway.app.conservation().completed()).isEqualTo(1);
    }
  }

  @Nested
  class Refusals {

    @Test
    void come_as_openai_errors_on_a_connection_that_goes_on() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity());
          var client = Http2Client.of(gateway)) {
        assertError(client.post(CHAT, "{\"model\":"), 400, "invalid_json");
        assertError(client.post(CHAT, "{\"messages\":[]}"), 400, "missing_required_parameter");
        assertError(client.post("/sleep", "{}"), 404, "unknown_url");
        assertError(client.post("/v1/../metrics", "{}"), 400, "invalid_url");
        var wrong = client.get(CHAT);
        assertError(wrong, 405, "method_not_supported");
        assertThat(wrong.header("allow")).isEqualTo("POST");
        assertThat(client.get("/v1/models").awaitEnd().body()).contains("\"tiny\"");
        assertThat(gateway.pod(0).stats().inferenceRequests()).isZero();
      }
    }

    @Test
    void a_body_that_says_it_is_too_large_is_answered_before_it_comes() throws Exception {
      try (var gateway = TestGateway.of(1, flags -> flags.flag("--limits.request-body", "2MiB"));
          var client = Http2Client.of(gateway)) {
        var answer =
            client.open(Http2Client.post(CHAT).setInt("content-length", 3 * 1024 * 1024), false);

        assertError(answer, 413, "request_too_large");
        assertThat(answer.body()).contains("limits.requestBody");
        // RFC 9113 8.1: whole answer, then NO_ERROR for the rest of the request.
        assertThat(answer.awaitClosed().resetCode()).isEqualTo(Http2Error.NO_ERROR.code());
        assertThat(client.get("/v1/models").awaitEnd().status()).isEqualTo(200);
      }
    }

    @Test
    void trailers_behind_an_early_answer_are_no_second_request() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity());
          var client = Http2Client.of(gateway)) {
        assertError(client.postWithTrailers("/sleep", "{}"), 404, "unknown_url");

        assertThat(client.get("/v1/models").awaitEnd().status()).isEqualTo(200);
        assertThat(gateway.app.conservation().accepted()).isEqualTo(2);
      }
    }

    @Test
    void a_body_without_a_length_is_refused_where_it_passes_the_limit() throws Exception {
      try (var gateway = TestGateway.of(1, flags -> flags.flag("--limits.request-body", "2KiB"));
          var client = Http2Client.of(gateway)) {
        var answer = client.open(Http2Client.post(CHAT), false);
        answer.send("{\"model\":\"tiny\",\"prompt\":\"", false);
        answer.send("x".repeat(4_000), false);

        assertError(answer, 413, "request_too_large");
        assertThat(answer.awaitClosed().resetCode()).isEqualTo(Http2Error.NO_ERROR.code());
      }
    }

    @Test
    void a_body_of_another_length_than_declared_is_malformed() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity());
          var client = Http2Client.of(gateway)) {
        var answer = client.open(Http2Client.post(CHAT).setInt("content-length", 10), false);
        answer.send("{}", true);

        assertThat(answer.awaitClosed().resetCode()).isEqualTo(Http2Error.PROTOCOL_ERROR.code());
        gateway.assertQuiet();
        assertThat(gateway.pod(0).stats().inferenceRequests()).isZero();
      }
    }

    @Test
    void a_head_beyond_the_limit_is_431() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity());
          var client = Http2Client.of(gateway)) {
        var head = Http2Client.post(CHAT);
        for (int i = 0; i < 10; i++) {
          head.set("x-large-" + i, "x".repeat(4_000));
        }
        assertThat(client.open(head, true).awaitEnd().status()).isEqualTo(431);
        assertThat(client.get("/v1/models").awaitEnd().status()).isEqualTo(200);
      }
    }

    @Test
    void fields_of_a_connection_are_a_stream_error() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity());
          var client = Http2Client.of(gateway)) {
        var answer = client.open(Http2Client.post(CHAT).set("connection", "close"), true);

        assertThat(answer.awaitClosed().resetCode()).isEqualTo(Http2Error.PROTOCOL_ERROR.code());
        assertThat(client.get("/v1/models").awaitEnd().status()).isEqualTo(200);
      }
    }

    private void assertError(Answer answer, int status, String code) {
      answer.awaitEnd();
      assertThat(answer.status()).as(answer.body()).isEqualTo(status);
      assertThat(answer.body()).contains("\"code\":\"" + code + "\"");
      assertThat(answer.header("x-should-retry")).isEqualTo("false");
      assertThat(answer.header("x-request-id")).isNotNull();
    }
  }

  @Nested
  class ThePodFails {

    @Test
    void inside_a_stream_one_error_event_and_a_reset_tell_it() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity());
          var client = Http2Client.of(gateway)) {
        gateway.pod(0).faults().add(new Fault.DieInEvent(3));
        var answer = client.post(CHAT, chat("hello", 9, true)).awaitClosed();

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).containsOnlyOnce("data: {\"error\":").contains("upstream_reset");
        assertThat(answer.body()).endsWith("}}\n\n").doesNotContain("[DONE]");
        assertThat(answer.ended()).isFalse();
        assertThat(answer.resetCode()).isEqualTo(Http2Error.INTERNAL_ERROR.code());
        assertThat(client.get("/v1/models").awaitEnd().status()).isEqualTo(200);
      }
    }

    @Test
    void before_the_first_byte_the_answer_is_an_error_of_the_gateway() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity());
          var client = Http2Client.of(gateway)) {
        gateway.pod(0).faults().add(new Fault.Garbage());
        var answer = client.post(CHAT, chat("hello", 9, true)).awaitEnd();

        assertThat(answer.status()).isEqualTo(502);
        assertThat(answer.ended()).isTrue();
        assertThat(answer.body()).contains("upstream_invalid_response");
      }
    }

    @Test
    void a_body_cut_short_is_reset_and_not_ended() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity());
          var client = Http2Client.of(gateway)) {
        gateway.pod(0).faults().add(new Fault.ShortContentLength(10));
        var answer = client.post(CHAT, chat("hello", 9, false)).awaitClosed();

        assertThat(answer.ended()).isFalse();
        assertThat(answer.resetCode()).isEqualTo(Http2Error.INTERNAL_ERROR.code());
      }
    }
  }

  @Test
  void keep_alive_comments_come_before_a_slow_first_byte() throws Exception {
    try (var gateway =
            TestGateway.of(
                1,
                flags ->
                    flags.flag("--timeouts.first-byte", "2s").flag("--sse.keep-alive", "500ms"));
        var client = Http2Client.of(gateway)) {
      gateway.pod(0).faults().add(new Fault.StallBeforeHead());
      var answer = client.post(CHAT, chat("hello", 4, true)).awaitClosed();

      assertThat(answer.status()).isEqualTo(200);
      assertThat(answer.body()).startsWith(": keep-alive\n\n");
      assertThat(answer.body()).contains("time_to_first_token_timeout").endsWith("}}\n\n");
      assertThat(answer.resetCode()).isEqualTo(Http2Error.INTERNAL_ERROR.code());
    }
  }

  @Test
  void a_drain_says_goaway_and_lets_open_streams_finish() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--timeouts.pre-stop", "0s"));
        var client = Http2Client.of(gateway)) {
      gateway.pod(0).faults().add(new Fault.StallAfterEvents(2), 1);
      var stalled = client.post(CHAT, chat("hello", 9, true)).awaitBody();
      var slow = client.post(CHAT, chat("hello", 4_000, true)).awaitBody();

      gateway.app.drain();
      await().until(() -> client.goAwayCode() == Http2Error.NO_ERROR.code());

      assertThat(slow.awaitEnd().body()).endsWith("data: [DONE]\n\n");
      assertThat(gateway.app.awaitDrained(Duration.ofMillis(200))).isFalse();
      assertThat(client.connected()).isTrue();
      stalled.reset(Http2Error.CANCEL);
      assertThat(gateway.app.awaitDrained(Duration.ofSeconds(10))).isTrue();
      await().until(() -> !client.connected());
    }
  }

  @Test
  void a_drain_that_takes_too_long_tells_what_still_runs() throws Exception {
    try (var gateway =
            TestGateway.of(
                1,
                flags ->
                    flags.flag("--timeouts.pre-stop", "0s").flag("--timeouts.drain", "200ms"));
        var client = Http2Client.of(gateway);
        var socket = gateway.connect()) {
      gateway.pod(0).faults().add(new Fault.StallAfterEvents(2));
      var stream = client.post(CHAT, chat("hello", 9, true)).awaitBody();
      socket
          .getOutputStream()
          .write(
              TestGateway.request(CHAT, chat("hello", 9, true)).getBytes(StandardCharsets.UTF_8));
      assertThat(socket.getInputStream().read()).isEqualTo('H');

      gateway.app.drain();

      assertThat(gateway.app.awaitDrained(Duration.ofSeconds(10))).isTrue();
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).contains("gateway_shutdown").doesNotContain("[DONE]");
      assertThat(stream.awaitClosed().body()).contains("gateway_shutdown");
      assertThat(stream.ended()).isFalse();
      await().until(() -> gateway.pod(0).stats().aborts() == 2);
      assertThat(gateway.app.conservation().failed()).isEqualTo(2);
    }
  }

  @Test
  void a_flood_of_resets_ends_the_connection_and_nothing_else() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity());
        var flooding = Http2Client.of(gateway);
        var client = Http2Client.of(gateway)) {
      gateway.pod(0).faults().add(new Fault.StallBeforeHead());
      List<Answer> answers = new ArrayList<>();
      for (int i = 0; i < 220; i++) {
        answers.add(flooding.post(CHAT, chat("hello", 4, true)));
      }

      answers.forEach(answer -> answer.reset(Http2Error.CANCEL));
      await().until(() -> !flooding.connected());

      assertThat(flooding.goAwayCode()).isEqualTo(Http2Error.ENHANCE_YOUR_CALM.code());
      assertThat(client.get("/v1/models").awaitEnd().status()).isEqualTo(200);
    }
  }
}
