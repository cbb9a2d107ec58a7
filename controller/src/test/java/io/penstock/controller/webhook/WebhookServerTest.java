package io.penstock.controller.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.controller.api.Json;
import io.penstock.controller.api.Sample;
import io.penstock.controller.api.Trees;
import io.penstock.picker.tls.Certificates;
import io.penstock.picker.tls.CurrentIdentity;
import io.penstock.picker.tls.Identity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The server over real TLS sockets on loopback. */
class WebhookServerTest {

  private static final String VALIDATE = "/validate-serving-kserve-io-v1alpha2-llminferenceservice";
  private static final Duration DAY = Duration.ofDays(1);

  private Identity authority;
  private CurrentIdentity shown;
  private WebhookServer server;

  @BeforeEach
  void start() throws Exception {
    authority = Certificates.authority("first", Instant.now(), DAY);
    shown = new CurrentIdentity(issued(authority));
    var loopback = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    server = WebhookServer.start(loopback, shown, ConfigCheck.NONE);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void reviews_are_answered_one_after_the_other_on_one_connection() throws Exception {
    try (var client = trusting(authority)) {
      for (int i = 0; i < 3; i++) {
        var answer = post(client, VALIDATE, review(""));
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(Sample.json(answer.body()).at("/response/allowed").booleanValue()).isTrue();
      }
      var health = client.send(request("/healthz").GET().build(), text());
      assertThat(health.body()).isEqualTo("ok\n");
    }
  }

  @Test
  void a_review_of_more_than_three_mebibytes_is_answered() throws Exception {
    try (var client = trusting(authority)) {
      var answer = post(client, VALIDATE, review("x".repeat(4 << 20)));
      assertThat(answer.statusCode()).isEqualTo(200);
    }
  }

  @Test
  void a_body_beyond_the_limit_gets_413() throws Exception {
    try (var socket = tls(authority)) {
      var out = socket.getOutputStream();
      var head =
          "POST /convert HTTP/1.1\r\nhost: x\r\ncontent-length: " + (WebhookServer.BODY_BYTES + 1);
      out.write((head + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
      out.flush();
      assertThat(firstLine(socket)).isEqualTo("HTTP/1.1 413 Request Entity Too Large");
    }
  }

  @Test
  void what_is_not_http_gets_400_and_what_is_no_json_too() throws Exception {
    try (var client = trusting(authority)) {
      assertThat(post(client, VALIDATE, "{").statusCode()).isEqualTo(400);
    }
    try (var socket = tls(authority)) {
      socket.getOutputStream().write("nonsense\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(firstLine(socket)).startsWith("HTTP/1.1 400");
    }
  }

  @Test
  void plain_text_is_hung_up_on_and_the_next_client_is_served() throws Exception {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      socket.getInputStream().readAllBytes();
    } catch (IOException reset) {
      assertThat(reset).hasMessageContaining("reset");
    }
    try (var client = trusting(authority)) {
      assertThat(post(client, VALIDATE, review("")).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void a_new_certificate_is_shown_without_a_restart() throws Exception {
    var second = Certificates.authority("second", Instant.now(), DAY);
    try (var before = trusting(authority);
        var after = trusting(second)) {
      assertThat(post(before, VALIDATE, review("")).statusCode()).isEqualTo(200);
      assertThatThrownBy(() -> post(after, VALIDATE, review("")))
          .isInstanceOf(SSLHandshakeException.class);

      shown.replace(issued(second));

      assertThat(post(after, VALIDATE, review("")).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void an_address_that_is_taken_is_an_error() {
    var taken = new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port());
    assertThatThrownBy(() -> WebhookServer.start(taken, shown, ConfigCheck.NONE))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot listen on");
  }

  private static Identity issued(Identity authority) throws Exception {
    return Certificates.issue(authority, List.of("localhost", "127.0.0.1"), Instant.now(), DAY);
  }

  private static SSLContext context(Identity authority) throws Exception {
    var trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null, null);
    trusted.setCertificateEntry("authority", authority.certificate());
    var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(trusted);
    var context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }

  private static HttpClient trusting(Identity authority) throws Exception {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .sslContext(context(authority))
        .build();
  }

  private Socket tls(Identity authority) throws Exception {
    return context(authority).getSocketFactory().createSocket("127.0.0.1", server.port());
  }

  private static String firstLine(Socket socket) throws IOException {
    var line = new StringBuilder();
    int c = socket.getInputStream().read();
    while (c >= 0 && c != '\r') {
      line.append((char) c);
      c = socket.getInputStream().read();
    }
    return line.toString();
  }

  private HttpResponse<String> post(HttpClient client, String path, String body) throws Exception {
    return client.send(
        request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build(), text());
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + server.port() + path));
  }

  private static HttpResponse.BodyHandler<String> text() {
    return HttpResponse.BodyHandlers.ofString();
  }

  private static String review(String padding) {
    var service = Sample.service("model: {uri: hf://a/b}");
    Trees.with(service, "metadata", "annotations").put("padding", padding);
    var review = Trees.newObject();
    review.put("apiVersion", "admission.k8s.io/v1").put("kind", "AdmissionReview");
    var request = review.putObject("request").put("uid", "u").put("operation", "CREATE");
    request.set("object", service);
    return Json.text(review);
  }
}
