package io.penstock.proxy.app;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/**
 * A pod as bytes, for the moments and bodies that no simulated one has: it serves the model tiny
 * and answers inference as the test says. A thread for each connection.
 */
final class BytePod implements AutoCloseable {

  /** What the pod does with a request of inference, head and body. */
  interface Answer {
    void to(Socket gateway, String request) throws IOException, InterruptedException;
  }

  private final ServerSocket server;

  BytePod(Answer answer) throws IOException {
    this(answer, (gateway, request) -> TestGateway.send(gateway, json("200 OK", "")));
  }

  /**
   * A pod.
   *
   * @param stored what it does when a stored response is asked for
   */
  BytePod(Answer answer, Answer stored) throws IOException {
    server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().start(() -> accept(answer, stored));
  }

  String address() {
    return "127.0.0.1:" + server.getLocalPort();
  }

  /** An answer in JSON, whole. */
  static String json(String statusLine, String body) {
    return "HTTP/1.1 "
        + statusLine
        + "\r\ncontent-type: application/json\r\ncontent-length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }

  private void accept(Answer answer, Answer stored) {
    try {
      while (true) {
        var gateway = server.accept();
        Thread.ofVirtual().start(() -> serve(gateway, answer, stored));
      }
    } catch (IOException e) {
      // Closed with the test.
    }
  }

  private static void serve(Socket gateway, Answer answer, Answer stored) {
    try (gateway) {
      while (true) {
        String head = TestGateway.readTo(gateway, "\r\n\r\n");
        if (head.startsWith("GET /v1/models")) {
          TestGateway.send(gateway, json("200 OK", "{\"data\":[{\"id\":\"tiny\"}]}"));
        } else if (head.startsWith("GET /v1/responses/")) {
          stored.to(gateway, head);
        } else if (head.startsWith("GET ")) {
          TestGateway.send(gateway, json("200 OK", ""));
        } else {
          int length = Integer.parseInt(head.replaceFirst("(?s).*content-length: (\\d+).*", "$1"));
          byte[] body = gateway.getInputStream().readNBytes(length);
          answer.to(gateway, head + new String(body, StandardCharsets.UTF_8));
        }
      }
    } catch (IOException | InterruptedException | AssertionError e) {
      // The gateway has closed the connection.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
