package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.readTo;
import static io.penstock.proxy.app.TestGateway.request;
import static io.penstock.proxy.app.TestGateway.send;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A response goes on in its pod without the client that asked for it. */
class BackgroundResponsesTest {

  private static final String CREATED =
      "event: response.created\ndata: {\"type\":\"response.created\","
          + "\"response\":{\"id\":\"resp_1\",\"status\":\"queued\"}}\n\n";

  @Test
  void it_may_be_asked_for_from_its_first_event_on() throws Exception {
    try (var pod =
            new BytePod(
                (gateway, request) -> {
                  send(gateway, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n");
                  send(gateway, CREATED);
                  assertThat(gateway.getInputStream().read()).isEqualTo(-1);
                  gateway.close();
                });
        var gateway = TestGateway.before(pod, flags -> flags.flag("--log.access", "false"))) {
      try (var socket = gateway.connect()) {
        send(
            socket,
            request(
                "/v1/responses",
                "{\"model\":\"tiny\",\"input\":\"hello\",\"stream\":true,\"background\":true}"));
        readTo(socket, "\"queued\"}}\n\n");
      }

      assertThat(gateway.get("/v1/responses/resp_1").statusCode()).isEqualTo(200);
    }
  }
}
