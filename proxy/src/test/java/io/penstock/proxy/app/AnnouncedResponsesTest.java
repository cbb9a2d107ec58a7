package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.readTo;
import static io.penstock.proxy.app.TestGateway.request;
import static io.penstock.proxy.app.TestGateway.send;
import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.proxy.config.ConfigSources;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A pod says at once that it has a streamed response to make, long before it generates it. */
class AnnouncedResponsesTest {

  private static final String ANNOUNCED = event("created") + event("in_progress");
  private static final String EVENTS = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
  private static final String STORED =
      "GET /v1/responses/resp_1?stream=true HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n";
  private static final String REQUEST =
      request("/v1/responses", "{\"model\":\"tiny\",\"input\":\"hello you\",\"stream\":true}");
  private static final String FIRST_TOKEN = "penstock_time_to_first_token_seconds_";

  private final CountDownLatch generated = new CountDownLatch(1);

  private static String event(String name) {
    return "event: response."
        + name
        + "\ndata: {\"type\":\"response."
        + name
        + "\",\"response\":{\"id\":\"resp_1\"}}\n\n";
  }

  private BytePod pod() throws IOException {
    return new BytePod(
        (gateway, request) -> {
          send(gateway, EVENTS + ANNOUNCED);
          generated.await();
          send(gateway, event("output_text.delta") + event("completed"));
          gateway.close();
        });
  }

  private static TestGateway before(BytePod pod, UnaryOperator<ConfigSources.Builder> flags)
      throws IOException {
    return TestGateway.before(
        pod,
        to ->
            flags.apply(
                to.flag("--log.access", "false")
                    .flag("--timeouts.stream-idle", "200ms")
                    .flag("--sse.keep-alive", "300ms")
                    .flag("--ejection.failures", "1")));
  }

  private static double pendingPrefillTokens(TestGateway gateway, BytePod pod) {
    return gateway.metric(
        "penstock_pod_pending_prefill_tokens{pool=\"tiny\",pod=\"" + pod.address() + "\",}");
  }

  private static String rest(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void it_may_wait_for_its_first_token_like_any_stream() throws Exception {
    try (var pod = pod();
        var gateway = before(pod, flags -> flags);
        var socket = gateway.connect()) {
      send(socket, REQUEST.replace("host: test", "host: test\r\nconnection: close"));
      assertThat(readTo(socket, "response.in_progress\",\"response\":{\"id\":\"resp_1\"}}\n\n"))
          .contains("event: response.created\n");
      assertThat(pendingPrefillTokens(gateway, pod)).isPositive();

      readTo(socket, ": keep-alive\n\n");
      readTo(socket, ": keep-alive\n\n");
      generated.countDown();

      assertThat(rest(socket)).contains("event: response.completed").doesNotContain("error");
      gateway.assertQuiet();
      assertThat(pendingPrefillTokens(gateway, pod)).isZero();
      assertThat(gateway.metric(FIRST_TOKEN + "count{model=\"tiny\",}")).isEqualTo(1);
      assertThat(gateway.metric(FIRST_TOKEN + "sum{model=\"tiny\",}")).isGreaterThan(0.5);
    }
  }

  @Test
  void one_that_nothing_follows_ends_as_a_first_token_that_does_not_come() throws Exception {
    try (var pod = pod();
        var gateway = before(pod, flags -> flags.flag("--timeouts.first-byte", "700ms"));
        var socket = gateway.connect()) {
      send(socket, REQUEST);

      assertThat(rest(socket)).contains("event: response.created\n", "time_to_first_token_timeout");
      assertThat(gateway.metric(FIRST_TOKEN + "count{model=\"tiny\",}")).isZero();
      generated.countDown();
    }
  }

  @Test
  void it_may_be_waited_for_again_by_a_client_that_comes_back() throws Exception {
    try (var pod = storing(ANNOUNCED);
        var gateway = before(pod, flags -> flags)) {
      stored(gateway);
      try (var socket = gateway.connect()) {
        send(socket, STORED);
        readTo(socket, "response.in_progress\",\"response\":{\"id\":\"resp_1\"}}\n\n");

        readTo(socket, ": keep-alive\n\n");
        readTo(socket, ": keep-alive\n\n");
        generated.countDown();

        assertThat(rest(socket)).contains("event: response.completed").doesNotContain("error");
      }
      assertThat(ejected(gateway, pod)).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void one_that_is_stored_and_goes_on_no_more_is_no_failure_of_its_pod(boolean begun)
      throws Exception {
    try (var pod = storing(begun ? ANNOUNCED + event("output_text.delta") : ANNOUNCED);
        var gateway = before(pod, flags -> flags.flag("--timeouts.first-byte", "700ms"))) {
      stored(gateway);
      try (var socket = gateway.connect()) {
        send(socket, STORED);

        assertThat(rest(socket))
            .contains(begun ? "stream_idle_timeout" : "time_to_first_token_timeout");
      }
      assertThat(ejected(gateway, pod)).isZero();
      generated.countDown();
    }
  }

  /** Answers at once, and tells of what it has stored as {@link #pod()} tells of what it makes. */
  private BytePod storing(String first) throws IOException {
    return new BytePod(
        (gateway, request) -> {
          send(gateway, EVENTS + ANNOUNCED + event("completed"));
          gateway.close();
        },
        (gateway, request) -> {
          send(gateway, EVENTS + first);
          generated.await();
          send(gateway, event("output_text.delta") + event("completed"));
          gateway.close();
        });
  }

  /** A response is made. */
  private static void stored(TestGateway gateway) throws IOException {
    assertThat(gateway.exchange(REQUEST.replace("host: test", "host: test\r\nconnection: close")))
        .contains("event: response.completed");
  }

  private static double ejected(TestGateway gateway, BytePod pod) {
    return gateway.metric("penstock_pod_ejected{pool=\"tiny\",pod=\"" + pod.address() + "\",}");
  }
}
