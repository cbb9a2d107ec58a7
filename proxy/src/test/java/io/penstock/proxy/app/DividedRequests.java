package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static io.penstock.proxy.app.TestGateway.request;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;

/**
 * Asks a gateway for answers that take two pods. Every test that does ends with no prompt held,
 * read twice, by the wrong pod or by nobody ({@link DividedPods#close}).
 */
abstract class DividedRequests {

  static final String PATH = "/v1/chat/completions";
  static final String TRANSFER = "kv_transfer_params";
  static final String TO_PREFILL = "penstock_prefill_fallbacks_total{to=\"prefill\",reason=";
  static final String TO_DECODE = "penstock_prefill_fallbacks_total{to=\"decode\",reason=";

  private int prompts;

  /** A prompt that no pod has cached. */
  String prompt() {
    return ("prompt number " + prompts++ + " ").repeat(20);
  }

  HttpResponse<String> ask(DividedPods pods, boolean stream)
      throws IOException, InterruptedException {
    return pods.gateway.post(PATH, chat(prompt(), 4, stream));
  }

  /** Asks until a pod's fault has struck; each time the client gets its whole answer. */
  int askUntil(DividedPods pods, String series) throws IOException, InterruptedException {
    int asked = 0;
    while (pods.gateway.metric(series) == 0) {
      assertThat(asked).as("requests without %s", series).isLessThan(200);
      var answer = ask(pods, asked % 2 == 0);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      asked++;
    }
    return asked;
  }

  static void assertAllHandedOver(DividedPods pods, int requests) {
    assertThat(pods.decoded()).hasSize(requests);
    assertThat(pods.decoded()).allMatch(leg -> leg.bodyText().contains(TRANSFER));
    assertThat(pods.held().read()).isEqualTo(requests);
  }

  static void assertAnsweredAlone(DividedPods pods) {
    assertThat(pods.decoded()).hasSize(1);
    assertThat(pods.decoded().getFirst().bodyText()).doesNotContain(TRANSFER);
    assertThat(pods.held().handedOut()).isZero();
  }

  static void send(Socket client, String body) throws IOException {
    String close = request(PATH, body).replace("\r\nhost:", "\r\nconnection: close\r\nhost:");
    client.getOutputStream().write(close.getBytes(StandardCharsets.UTF_8));
    client.getOutputStream().flush();
  }

  static String readAll(Socket client) throws IOException {
    return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  static void readUntil(Socket client, String text) throws IOException {
    var read = new StringBuilder();
    while (read.indexOf(text) < 0) {
      int next = client.getInputStream().read();
      assertThat(next).as(read.toString()).isNotNegative();
      read.append((char) next);
    }
  }
}
