package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.proxy.openai.ApiKeys;
import io.penstock.simulator.fault.Fault;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a running gateway says why a request went where it went, and how it went there. */
class ExplainTest {

  private static final String CHAT = "/v1/chat/completions";
  private static final Pattern STEP = Pattern.compile("\"step\":\"(\\w+)\",\"at\":([0-9.]+)");

  @Test
  void a_decision_tells_the_course_of_its_request(@TempDir Path folder) throws Exception {
    Path keys = folder.resolve("keys.yaml");
    Files.writeString(keys, ApiKeys.entryFor("acme", "sk-acme", new SplittableRandom(1)));
    try (var gateway =
        TestGateway.of(1, flags -> flags.flag("--auth.keys-file", keys.toString()))) {
      gateway.post(
          CHAT, chat("hello", 5, true), "authorization", "Bearer sk-acme", "x-request-id", "ask");
      gateway.assertQuiet();

      var decision = gateway.admin("/debug/decisions/ask");
      assertThat(decision)
          .contains("\"pool\":\"default\"", "\"outcome\":\"completed\"", "\"status\":200")
          .contains("\"tenant\":\"acme\"", "\"progress\":\"completed\"", "\"startedAt\":")
          .doesNotContain("sk-acme", "\"reason\"");
      var steps = STEP.matcher(decision).results().toList();
      assertThat(steps)
          .extracting(step -> step.group(1))
          .containsExactly(
              "received",
              "body_read",
              "pick_started",
              "picked",
              "connected",
              "answered",
              "first_token",
              "ended");
      assertThat(steps).extracting(step -> Double.parseDouble(step.group(2))).isSorted();
      assertThat(gateway.admin("/debug/decisions?tenant=acme")).contains("\"ask\"");
      assertThat(gateway.admin("/debug/decisions?tenant=other")).isEqualTo("[]\n");
    }
  }

  @Test
  void a_retry_is_a_second_decision_and_an_error_of_the_first_pod() throws Exception {
    try (var gateway = TestGateway.of(2, UnaryOperator.identity())) {
      gateway.pod(0).faults().add(new Fault.AnswerStatus(503, -1));
      String request = null;
      for (int i = 0; request == null; i++) {
        assertThat(i).isLessThan(100);
        assertThat(
                gateway
                    .post(CHAT, chat("hello " + i, 2, false), "x-request-id", "ask-" + i + "-")
                    .statusCode())
            .isEqualTo(200);
        if (gateway.admin("/debug/decisions?request=ask-" + i + "-").contains("\"failure\"")) {
          request = "ask-" + i + "-";
        }
      }
      gateway.assertQuiet();

      String failing = gateway.pod(0).hostPort();
      var both = gateway.admin("/debug/decisions?request=" + request);
      assertThat(both.split("\"requestId\"", -1)).hasSize(3);
      assertThat(both).contains("\"by\":\"tried\"", "\"failure\":\"unavailable\"");
      assertThat(gateway.admin("/debug/decisions/" + request))
          .contains("\"endpoint\":\"" + gateway.pod(1).hostPort(), "\"outcome\":\"completed\"");

      var pod = gateway.admin("/debug/endpoints/" + failing);
      var errors = pod.substring(pod.indexOf("\"errors\":["));
      assertThat(errors).contains(request, "\"failure\":\"unavailable\"");
      assertThat(pod).contains("\"state\":\"", "\"prefix_tokens\":", "\"age_ms\":");
      assertThat(gateway.admin("/debug/endpoints/" + gateway.pod(1).hostPort()))
          .contains("\"errors\":[]", request);
      assertThat(gateway.admin("/debug/endpoints/10.0.0.1:1")).contains("\"error\"");
    }
  }

  @Test
  void a_decision_that_was_acted_on_is_told_of_before_one_that_found_nobody_else()
      throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      gateway.pod(0).faults().add(new Fault.AnswerStatus(500, -1), 1);
      assertThat(gateway.post(CHAT, chat("hello", 2, false), "x-request-id", "ask").statusCode())
          .isEqualTo(500);
      gateway.assertQuiet();

      assertThat(gateway.admin("/debug/decisions/ask"))
          .contains("\"endpoint\":\"" + gateway.pod(0).hostPort(), "\"failure\":\"unavailable\"");
      assertThat(gateway.admin("/debug/decisions?request=ask")).contains("\"by\":\"tried\"");
    }
  }

  @Test
  void who_may_not_be_asked_again_is_decided_about_once() throws Exception {
    try (var gateway = TestGateway.of(2, flags -> flags.flag("--retries.per-request", "0"))) {
      for (int i = 0; i < 2; i++) {
        gateway.pod(i).faults().add(new Fault.AnswerStatus(503, -1), 1);
      }
      assertThat(gateway.post(CHAT, chat("hello", 2, false), "x-request-id", "ask").statusCode())
          .isEqualTo(503);

      var all = gateway.admin("/debug/decisions?request=ask");
      assertThat(all.split("\"requestId\"", -1)).as(all).hasSize(2);
    }
  }

  @Test
  void an_open_page_hears_of_pods_and_of_decisions_to_their_end() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity());
        var page = openPage(gateway, "?outcome=completed")) {
      hear(page, "event: pods");
      gateway.post(CHAT, chat("hello", 2, false), "x-request-id", "ask");
      var heard = hear(page, "\"requestId\":\"ask\"");
      assertThat(heard).contains("event: decisions");
      assertThat(hear(page, "}]}")).contains("\"outcome\":\"completed\"", "\"cachedTokens\":0");
    }
  }

  private static Socket openPage(TestGateway gateway, String query) throws IOException {
    var address = gateway.app.adminAddress();
    var socket = new Socket(address.getAddress(), address.getPort());
    socket.setSoTimeout(15_000);
    socket
        .getOutputStream()
        .write(
            ("GET /debug/decisions/stream" + query + " HTTP/1.1\r\nhost: x\r\n\r\n")
                .getBytes(StandardCharsets.ISO_8859_1));
    return socket;
  }

  /** What comes until that text has come. */
  private static String hear(Socket page, String until) throws IOException {
    var heard = new StringBuilder();
    while (heard.indexOf(until) < 0) {
      int c = page.getInputStream().read();
      assertThat(c).as("%s", heard).isNotNegative();
      heard.append((char) c);
    }
    return heard.toString();
  }

  @Test
  void answers_say_how_they_came_about_where_that_is_wanted() throws Exception {
    try (var gateway =
        TestGateway.of(
            1,
            flags ->
                flags
                    .flag("--headers.decision-id", "true")
                    .flag("--headers.server-timing", "true"))) {
      for (boolean stream : List.of(true, false)) {
        var answer = gateway.post(CHAT, chat("hello", 3, stream));
        assertThat(answer.statusCode()).isEqualTo(200);
        var id = answer.headers().firstValue("x-gateway-decision-id").orElseThrow();
        assertThat(gateway.admin("/debug/decisions/" + id))
            .contains("\"id\":" + id + ",", requestId(answer));
        assertThat(answer.headers().firstValue("server-timing").orElseThrow())
            .matches(
                List.of("queue", "pick", "connect", "first-byte").stream()
                    .map(name -> name + ";dur=\\d+\\.\\d{3}")
                    .collect(Collectors.joining(", ")));
      }
      gateway.pod(0).faults().set(new Fault.Garbage());
      var failed = gateway.post(CHAT, chat("again", 3, false));
      assertThat(failed.statusCode()).isEqualTo(502);
      assertThat(failed.headers().firstValue("x-gateway-decision-id")).isPresent();
      gateway.pod(0).faults().clear();
    }
  }

  private static String requestId(HttpResponse<String> answer) {
    return answer.headers().firstValue("x-request-id").orElseThrow();
  }

  @Test
  void they_do_not_where_it_is_not() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      var headers = gateway.post(CHAT, chat("hello", 3, false)).headers();
      assertThat(headers.map()).doesNotContainKeys("x-gateway-decision-id", "server-timing");
    }
  }
}
