package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static io.penstock.proxy.app.TestGateway.readTo;
import static io.penstock.proxy.app.TestGateway.request;
import static io.penstock.proxy.app.TestGateway.send;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** A client of HTTP/1.0 knows a body's end by that of its connection, and whether it is one. */
class Http10CutTest {

  private static final String PATH = "/v1/chat/completions";
  private static final String HEAD =
      "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n";

  private final CountDownLatch seen = new CountDownLatch(1);

  @FunctionalInterface
  private interface Client {
    void reads(Socket socket) throws Exception;
  }

  /** The pod sends half of a body, and the rest when the client has that. */
  private void with(String rest, Client client) throws Exception {
    try (var pod =
            new BytePod(
                (gateway, request) -> {
                  send(gateway, HEAD + "5\r\nhello\r\n");
                  seen.await();
                  send(gateway, rest);
                  gateway.close();
                });
        var gateway = TestGateway.before(pod, flags -> flags.flag("--log.access", "false"));
        var socket = gateway.connect()) {
      send(socket, request(PATH, chat("hello", 5, false)).replace("HTTP/1.1", "HTTP/1.0"));
      readTo(socket, "hello");
      seen.countDown();
      client.reads(socket);
    }
  }

  @Test
  void a_whole_body_ends_in_good_order() throws Exception {
    with(
        "6\r\n world\r\n0\r\n\r\n",
        socket ->
            assertThat(socket.getInputStream().readAllBytes()).asString().isEqualTo(" world"));
  }

  @Test
  void a_body_that_is_cut_ends_with_a_reset() throws Exception {
    with(
        "6\r\n wo",
        socket ->
            assertThatThrownBy(() -> readOn(socket))
                .isInstanceOf(SocketException.class)
                .hasMessageContaining("reset"));
  }

  private static void readOn(Socket socket) throws IOException {
    socket.getInputStream().readAllBytes();
  }
}
