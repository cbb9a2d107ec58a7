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

/** A pod says at once that it has a streamed response to make, long before it generates it. */
class AnnouncedResponsesTest {

  private static final String ANNOUNCED = event("created") + event("in_progress");
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
          send(gateway, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + ANNOUNCED);
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
}
