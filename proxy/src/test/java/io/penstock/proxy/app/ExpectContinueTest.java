package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static io.penstock.proxy.app.TestGateway.readTo;
import static io.penstock.proxy.app.TestGateway.send;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.proxy.openai.ApiKeys;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clients that ask before they send their body (RFC 9110 10.1.1), on a raw socket. */
class ExpectContinueTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final String BYE = "GET /bye HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

  private static String head(int length) {
    return head("POST", CHAT, length);
  }

  private static String head(String method, String path, int length) {
    return method
        + " "
        + path
        + " HTTP/1.1\r\nhost: x\r\ncontent-length: "
        + length
        + "\r\nexpect: 100-Continue\r\n\r\n";
  }

  @Test
  void is_answered_while_the_body_is_waited_for() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity());
        var socket = gateway.connect()) {
      String body = chat("hello", 3, false);
      send(socket, head(body.length()));
      assertThat(readTo(socket, "\r\n\r\n")).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
      send(socket, body + BYE);
      String rest = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(Http1Test.statuses(rest)).containsExactly("200", "404");
      // The pod was not asked to wait.
      assertThat(gateway.lastReceived(CHAT).headers().toString())
          .doesNotContainIgnoringCase("expect");
    }
  }

  @Test
  void is_answered_with_the_error_where_there_is_one_already() throws Exception {
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--limits.request-body", "2MiB"));
        var socket = gateway.connect()) {
      send(socket, head(3 << 20));
      String answer = readTo(socket, "}}");
      assertThat(answer).startsWith("HTTP/1.1 413").contains("connection: close");
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void of_http_1_0_is_ignored() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      String body = chat("hello", 3, false);
      String answer = gateway.exchange(head(body.length()).replace("HTTP/1.1", "HTTP/1.0") + body);
      assertThat(answer).startsWith("HTTP/1.1 200").contains("\"usage\"");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "POST, /none, 404",
    "GET, /v1/chat/completions, 405",
    "POST, /v1/../none, 400",
    "POST, /v1/audio/transcriptions, 415"
  })
  void is_answered_with_the_refusal_of_a_head(String method, String path, int status)
      throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity());
        var socket = gateway.connect()) {
      assertRefused(socket, head(method, path, 200), status);
    }
  }

  @Test
  void is_answered_with_the_refusal_of_a_body_that_is_compressed() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity());
        var socket = gateway.connect()) {
      String plain = head(200);
      assertRefused(socket, plain.replace("host: x", "host: x\r\ncontent-encoding: gzip"), 415);
    }
  }

  @Test
  void is_answered_with_the_refusal_of_a_key(@TempDir Path folder) throws Exception {
    var keys = folder.resolve("keys.yaml");
    Files.writeString(keys, ApiKeys.entryFor("all", "sk-all", new SplittableRandom(1)));
    try (var gateway = TestGateway.of(1, flags -> flags.flag("--auth.keys-file", keys.toString()));
        var socket = gateway.connect();
        var stored = gateway.connect()) {
      assertRefused(socket, head(200), 401);
      assertRefused(stored, head("POST", "/v1/responses/resp_1/cancel", 200), 401);
    }
  }

  private static void assertRefused(Socket socket, String head, int status) throws Exception {
    socket.setSoTimeout(5_000);
    send(socket, head);
    String answer = readTo(socket, "}}");
    assertThat(answer).startsWith("HTTP/1.1 " + status).contains("connection: close");
    assertThat(socket.getInputStream().read()).isEqualTo(-1);
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /version, 200",
    "GET, /v1/models, 200",
    "GET, /v1/models/tiny, 200",
    "POST, /v1/responses/resp_1/cancel, 404"
  })
  void is_answered_where_the_body_is_read_and_of_no_use(String method, String path, String status)
      throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity());
        var socket = gateway.connect()) {
      socket.setSoTimeout(5_000);
      send(socket, head(method, path, 2));
      assertThat(readTo(socket, "\r\n\r\n")).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
      send(socket, "{}" + BYE);
      String rest = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(Http1Test.statuses(rest)).containsExactly(status, "404");
    }
  }

  @Test
  void of_a_request_without_a_body_is_not_answered() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      String answers = gateway.exchange(head("GET", "/none", 0) + head("GET", "/version", 0) + BYE);
      assertThat(Http1Test.statuses(answers)).containsExactly("404", "200", "404");
    }
  }
}
