package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static io.penstock.proxy.app.TestGateway.readTo;
import static io.penstock.proxy.app.TestGateway.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.simulator.http.ReceivedRequest;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Requests of many clients at a time that come in pieces: their connections read into one block.
 */
class PartialReadsTest {

  private static final int CLIENTS = 8;
  private static final String PATH = "/v1/chat/completions";

  private final List<Socket> clients = new ArrayList<>();
  private TestGateway gateway;

  @BeforeEach
  void start() throws Exception {
    gateway = TestGateway.of(1, flags -> flags);
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(gateway.connect());
    }
  }

  @AfterEach
  void stop() throws Exception {
    for (var client : clients) {
      client.close();
    }
    gateway.close();
  }

  private static String id(int client) {
    return Integer.toString(client).repeat(40);
  }

  /** Each loop has answered two requests since. */
  private void whatWasSentHasBeenRead() throws Exception {
    for (int i = 0; i < 4; i++) {
      gateway.exchange("GET /version HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    }
  }

  @Test
  void each_client_is_answered_what_it_asked() throws Exception {
    for (int i = 0; i < CLIENTS; i++) {
      send(clients.get(i), "GET /version HTTP/1.1\r\nhost: x\r\nx-request-id: " + id(i));
    }
    whatWasSentHasBeenRead();
    for (int i = 0; i < CLIENTS; i++) {
      send(clients.get(i), "-" + id(i));
    }
    whatWasSentHasBeenRead();
    for (int i = 0; i < CLIENTS; i++) {
      send(clients.get(i), "\r\n\r\n");
      assertThat(readTo(clients.get(i), "}"))
          .contains("\r\nx-request-id: " + id(i) + "-" + id(i) + "\r\n");
    }
  }

  @Test
  void a_pod_gets_of_each_client_what_it_sent_over_http_2() throws Exception {
    var bodies = IntStream.range(0, CLIENTS).mapToObj(i -> chat(id(i).repeat(20), 1, false));
    var sent = bodies.toList();
    for (int i = 0; i < CLIENTS; i++) {
      String start = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, "") + head();
      send(clients.get(i), start + frame(0, 1, 1, sent.get(i)).substring(0, 400));
    }
    whatWasSentHasBeenRead();
    for (int i = 0; i < CLIENTS; i++) {
      send(clients.get(i), frame(0, 1, 1, sent.get(i)).substring(400));
    }

    await()
        .untilAsserted(
            () ->
                assertThat(DividedPods.asked(Stream.of(gateway.pod(0))))
                    .extracting(ReceivedRequest::bodyText)
                    .containsExactlyInAnyOrderElementsOf(sent));
  }

  /** RFC 9113 §4.1. */
  private static String frame(int type, int flags, int stream, String payload) {
    int length = payload.length();
    return ""
        + (char) (length >> 16)
        + (char) (length >> 8 & 0xff)
        + (char) (length & 0xff)
        + (char) type
        + (char) flags
        + "\0\0\0"
        + (char) stream
        + payload;
  }

  /** POST over http, then the path by its place in the static table (RFC 7541 §6.1, §6.2.2). */
  private static String head() {
    return frame(1, 4, 1, "\u0083\u0086\u0004" + (char) PATH.length() + PATH);
  }
}
