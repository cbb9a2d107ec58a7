package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static io.penstock.proxy.app.TestGateway.readTo;
import static io.penstock.proxy.app.TestGateway.request;
import static io.penstock.proxy.app.TestGateway.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.fault.Fault;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The client's side of HTTP/1, as bytes on a real socket. */
class Http1Test {

  private static final String CHAT = "/v1/chat/completions";
  private static final String BYE = "GET /bye HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

  /** The messages of a connection, split at their heads; independent of the gateway's code. */
  static List<String> statuses(String raw) {
    List<String> statuses = new ArrayList<>();
    for (int at = raw.indexOf("HTTP/1.1 "); at >= 0; at = raw.indexOf("HTTP/1.1 ", at + 1)) {
      statuses.add(raw.substring(at + 9, at + 12));
    }
    return statuses;
  }

  @Nested
  class Pipelining {

    @Test
    void answers_come_in_the_order_of_requests_whatever_they_take() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        var all = new StringBuilder();
        for (int i = 0; i < 20; i++) {
          all.append(
              switch (i % 4) {
                case 0 -> request(CHAT, chat("hello " + i, 30, true));
                case 1 -> "GET /version HTTP/1.1\r\nhost: x\r\n\r\n";
                case 2 -> request(CHAT, chat("hello " + i, 3, false));
                default -> request("/sleep", "{}");
              });
        }
        String answers = gateway.exchange(all + BYE);
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
          expected.add(i % 4 == 3 ? "404" : "200");
        }
        expected.add("404");
        assertThat(statuses(answers)).isEqualTo(expected);
        assertThat(answers.split("data: \\[DONE]", -1)).hasSize(6);
      }
    }

    @Test
    void a_request_cut_anywhere_is_the_same_request() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        String one =
            request("/v1/completions", "{\"model\":\"tiny\",\"prompt\":[1,2],\"max_tokens\":1}");
        String two = one + "GET /version HTTP/1.1\r\nhost: x\r\n\r\n" + BYE;
        for (int cut = 1; cut < one.length() + 40; cut += 7) {
          try (var socket = gateway.connect()) {
            socket.setTcpNoDelay(true);
            send(socket, two.substring(0, cut));
            send(socket, two.substring(cut));
            String answers =
                new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertThat(statuses(answers)).as("cut at %d", cut).containsExactly("200", "200", "404");
          }
        }
      }
    }

    @Test
    void what_follows_the_last_request_is_not_read() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        String answers = gateway.exchange(BYE + request(CHAT, chat("hello", 3, false)));
        assertThat(statuses(answers)).containsExactly("404");
        assertThat(gateway.pod(0).stats().inferenceRequests()).isZero();
      }
    }

    @Test
    void a_client_that_leaves_with_requests_waiting_ends_the_running_one() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.StallAfterEvents(2), 1);
        try (var socket = gateway.connect()) {
          send(socket, request(CHAT, chat("hello", 30, true)).repeat(3));
          readTo(socket, "data: ");
        }
        await().until(() -> gateway.pod(0).stats().aborts() == 1);
        gateway.assertQuiet();
        assertThat(gateway.pod(0).stats().inferenceRequests()).isEqualTo(1);
      }
    }
  }

  @Nested
  class InterimAnswersOfThePod {

    @Test
    void reach_a_client_of_http_1_1_before_the_answer() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        for (int code : new int[] {102, 103}) {
          gateway.pod(0).faults().set(new Fault.Informational(code));
          for (boolean stream : new boolean[] {true, false}) {
            String answer = gateway.exchange(request(CHAT, chat("hello", 3, stream)) + BYE);
            assertThat(statuses(answer)).containsExactly("" + code, "200", "404");
          }
        }
      }
    }

    @Test
    void reach_a_client_of_http_2_before_the_answer() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity());
          var client = Http2Client.of(gateway)) {
        gateway.pod(0).faults().add(new Fault.Informational(103));
        for (boolean stream : new boolean[] {true, false}) {
          var answer = client.post(CHAT, chat("hello", 3, stream)).awaitEnd();
          assertThat(answer.interim()).containsExactly(103);
          assertThat(answer.status()).isEqualTo(200);
          assertThat(answer.ended()).isTrue();
        }
      }
    }

    @Test
    void are_unknown_to_http_1_0() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.Informational(103));
        String answer =
            gateway.exchange(
                request(CHAT, chat("hello", 3, false)).replace("HTTP/1.1", "HTTP/1.0"));
        assertThat(statuses(answer)).containsExactly("200");
      }
    }

    @Test
    void to_a_request_that_expected_nothing_stay_here_when_they_say_continue() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        gateway.pod(0).faults().add(new Fault.Informational(100));
        String answer = gateway.exchange(request(CHAT, chat("hello", 3, false)) + BYE);
        assertThat(statuses(answer)).containsExactly("200", "404");
      }
    }
  }

  @Nested
  class Http10 {

    @Test
    void gets_a_stream_without_chunks_that_ends_with_the_connection() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
        String answer =
            gateway.exchange(request(CHAT, chat("hello", 9, true)).replace("HTTP/1.1", "HTTP/1.0"));
        assertThat(answer).contains("connection: close").doesNotContain("transfer-encoding");
        String body = answer.substring(answer.indexOf("\r\n\r\n") + 4);
        assertThat(body).startsWith("data: {").endsWith("data: [DONE]\n\n").doesNotContain("\r\n");
      }
    }

    @Test
    void may_keep_its_connection_where_lengths_are_known() throws Exception {
      try (var gateway = TestGateway.of(1, UnaryOperator.identity());
          var socket = gateway.connect()) {
        for (int i = 0; i < 2; i++) {
          send(
              socket,
              request(CHAT, chat("hello", 3, false))
                  .replace("HTTP/1.1", "HTTP/1.0")
                  .replace("host: test", "connection: keep-alive"));
          String head = readTo(socket, "\r\n\r\n");
          assertThat(head).contains("connection: keep-alive");
          int length = Integer.parseInt(head.replaceFirst("(?s).*content-length: (\\d+).*", "$1"));
          assertThat(socket.getInputStream().readNBytes(length)).hasSize(length).endsWith('}');
        }
      }
    }
  }

  @Test
  void an_answer_to_head_has_a_head_and_no_body() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity());
        var client = Http2Client.of(gateway)) {
      for (var path : List.of("/health", CHAT, "/v1/models", "/none")) {
        String answers = gateway.exchange("HEAD " + path + " HTTP/1.1\r\nhost: x\r\n\r\n" + BYE);
        assertThat(statuses(answers)).hasSize(2);
        String second = answers.substring(answers.indexOf("\r\n\r\n") + 4);
        assertThat(second).as(path).startsWith("HTTP/1.1 404");

        var answer = client.open(Http2Client.post(path).method("HEAD"), true).awaitEnd();
        assertThat(answer.status()).as(path).isGreaterThanOrEqualTo(400);
        assertThat(answer.body()).isEmpty();
        assertThat(answer.ended()).isTrue();
      }
    }
  }

  @Test
  void an_upgrade_is_not_taken() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      for (var upgrade : List.of("h2c", "websocket")) {
        String answers =
            gateway.exchange(
                "GET /version HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\n"
                    + "http2-settings: AAMAAABkAAQCAAAAAAIAAAAA\r\nupgrade: "
                    + upgrade
                    + "\r\n\r\n"
                    + BYE);
        assertThat(statuses(answers)).containsExactly("200", "404");
      }
    }
  }

  @Test
  void a_head_that_is_too_large_is_431_and_one_that_is_no_http_400() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      assertThat(
              gateway.exchange(
                  "GET /health HTTP/1.1\r\nhost: x\r\nx-large: " + "x".repeat(40_000) + "\r\n\r\n"))
          .startsWith("HTTP/1.1 431")
          .contains("connection: close", "x-request-id");
      assertThat(gateway.exchange("\u0016\u0003\u0001 hello\r\n\r\n")).startsWith("HTTP/1.1 400");
      assertThat(gateway.exchange("GET / HTTP/1.1\r\nhost: x\r\nx-a: b\r\n folded\r\n\r\n"))
          .startsWith("HTTP/1.1 400")
          .contains("folded");
      assertThat(
              gateway.exchange(
                  "POST "
                      + CHAT
                      + " HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n"))
          .startsWith("HTTP/1.1 400")
          .contains("chunks", "connection: close");
    }
  }

  @Test
  void a_body_in_chunks_reaches_the_pod_with_its_length() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      String body = chat("hello", 3, false);
      String chunked = "";
      for (int at = 0; at < body.length(); at += 10) {
        String part = body.substring(at, Math.min(body.length(), at + 10));
        chunked += Integer.toHexString(part.length()) + ";x=y\r\n" + part + "\r\n";
      }
      String answers =
          gateway.exchange(
              "POST "
                  + CHAT
                  + " HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
                  + chunked
                  + "0\r\nx-trailer: 1\r\n\r\n"
                  + BYE);
      assertThat(statuses(answers)).containsExactly("200", "404");
      var received = gateway.lastReceived(CHAT);
      assertThat(new String(received.body(), StandardCharsets.UTF_8)).isEqualTo(body);
    }
  }

  @Test
  void a_client_that_sends_on_can_still_read_why_its_body_is_refused() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--limits.request-body", "2MiB"))) {
      for (var framing : List.of("content-length: 33554432", "transfer-encoding: chunked")) {
        try (var socket = gateway.connect()) {
          send(socket, "POST " + CHAT + " HTTP/1.1\r\nhost: x\r\n" + framing + "\r\n\r\n");
          String piece = "10000\r\n" + " ".repeat(65_536) + "\r\n";
          for (int i = 0; i < 100; i++) {
            send(socket, framing.startsWith("c") ? " ".repeat(65_536) : piece);
          }
          String answer = readTo(socket, "}}");
          assertThat(answer).startsWith("HTTP/1.1 413").contains("connection: close");
          assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
        gateway.assertQuiet();
      }
    }
  }

  @Test
  void slow_heads_and_slow_bodies_end_with_408() throws Exception {
    try (var gateway =
        TestGateway.of(
            1,
            flags ->
                flags
                    .flag("--timeouts.request-head", "200ms")
                    .flag("--timeouts.request-body", "200ms"))) {
      assertThat(gateway.exchange("GET /health HT")).startsWith("HTTP/1.1 408");
      String body =
          gateway.exchange("POST " + CHAT + " HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{");
      assertThat(body).startsWith("HTTP/1.1 408").contains("timeouts.requestBody");
      assertThat(body).contains("x-should-retry: true");
    }
  }

  @Test
  void connections_above_the_limit_are_closed_at_once_and_counted() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--limits.connections", "2"));
        var first = gateway.connect();
        var second = gateway.connect()) {
      send(first, "GET /version HTTP/1.1\r\nhost: x\r\n\r\n");
      send(second, "GET /version HTTP/1.1\r\nhost: x\r\n\r\n");
      readTo(first, "}");
      readTo(second, "}");
      try (var third = gateway.connect()) {
        assertThat(third.getInputStream().read()).isEqualTo(-1);
      }
      assertThat(gateway.metric("penstock_client_connections_refused_total")).isEqualTo(1);
      assertThat(gateway.metric("penstock_client_connections")).isEqualTo(2);

      first.shutdownOutput();
      await().until(() -> gateway.metric("penstock_client_connections") == 1);
      assertThat(gateway.exchange(BYE)).startsWith("HTTP/1.1 404");
    }
  }

  @Test
  void a_drain_closes_idle_connections_and_busy_ones_after_their_answer() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--timeouts.pre-stop", "0s"));
        var idle = gateway.connect();
        var busy = gateway.connect()) {
      send(idle, "GET /version HTTP/1.1\r\nhost: x\r\n\r\n");
      readTo(idle, "}");
      send(busy, "POST " + CHAT + " HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n");
      await().until(() -> gateway.app.conservation().inFlight() == 1);

      gateway.app.drain();
      assertThat(idle.getInputStream().read()).isEqualTo(-1);
      send(busy, "{");

      String answer = new String(busy.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 400").contains("connection: close");
    }
  }
}
