package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static io.penstock.proxy.app.TestGateway.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.simulator.fault.Fault;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TLS on the listener, with keys and certificates made by each test. */
class TlsTest {

  private static final String CHAT = "/v1/chat/completions";

  @TempDir private Path folder;
  private X509Bundle pair;

  @BeforeEach
  void makeFirstPair() throws Exception {
    pair = pairNamed("first");
    write(pair.getCertificatePathPEM(), pair.getPrivateKeyPEM());
  }

  private static X509Bundle pairNamed(String name) throws Exception {
    return new CertificateBuilder()
        .subject("CN=" + name)
        .addSanIpAddress("127.0.0.1")
        .setIsCertificateAuthority(true)
        .algorithm(CertificateBuilder.Algorithm.ecp256)
        .buildSelfSigned();
  }

  private void write(String certificate, String key) throws IOException {
    replace("cert.pem", certificate);
    replace("key.pem", key);
  }

  private void replace(String name, String text) throws IOException {
    Path next = folder.resolve("next");
    Files.writeString(next, text);
    Files.move(
        next,
        folder.resolve(name),
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
  }

  private TestGateway gateway() throws IOException {
    return TestGateway.of(
        1,
        flags ->
            flags
                .flag("--tls.certificate", folder.resolve("cert.pem").toString())
                .flag("--tls.key", folder.resolve("key.pem").toString()));
  }

  private static SSLContext trusting(X509Bundle trusted) throws Exception {
    var context = SSLContext.getInstance("TLS");
    context.init(null, trusted.toTrustManagerFactory().getTrustManagers(), null);
    return context;
  }

  private static HttpResponse<String> post(
      TestGateway gateway, X509Bundle trusted, HttpClient.Version version, String body)
      throws Exception {
    try (var http =
        HttpClient.newBuilder().sslContext(trusting(trusted)).version(version).build()) {
      return http.send(
          HttpRequest.newBuilder(
                  URI.create("https://127.0.0.1:" + gateway.app.address().getPort() + CHAT))
              .header("content-type", "application/json")
              .timeout(Duration.ofSeconds(20))
              .POST(HttpRequest.BodyPublishers.ofString(body))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  void a_client_of_http_1_1_gets_answers_and_streams() throws Exception {
    try (var gateway = gateway()) {
      var answer = post(gateway, pair, HttpClient.Version.HTTP_1_1, chat("hello", 4, false));
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
      assertThat(answer.body()).contains("\"usage\":{");
      assertThat(post(gateway, pair, HttpClient.Version.HTTP_1_1, chat("hello", 40, true)).body())
          .endsWith("data: [DONE]\n\n");
    }
  }

  @Test
  void alpn_gives_http_2_to_a_client_that_can() throws Exception {
    try (var gateway = gateway()) {
      var answer = post(gateway, pair, HttpClient.Version.HTTP_2, chat("hello", 4, false));
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
      var stream = post(gateway, pair, HttpClient.Version.HTTP_2, chat("hello", 40, true));
      assertThat(stream.version()).isEqualTo(HttpClient.Version.HTTP_2);
      assertThat(stream.body()).endsWith("data: [DONE]\n\n");
    }
  }

  @Test
  void a_client_that_does_not_trust_the_certificate_sends_nothing() throws Exception {
    try (var gateway = gateway()) {
      var stranger = pairNamed("stranger");
      for (var version : List.of(HttpClient.Version.HTTP_1_1, HttpClient.Version.HTTP_2)) {
        assertThatThrownBy(() -> post(gateway, stranger, version, chat("hello", 4, false)))
            .isInstanceOf(SSLHandshakeException.class);
      }
      assertThat(gateway.app.conservation().accepted()).isZero();
      assertThat(
              post(gateway, pair, HttpClient.Version.HTTP_1_1, chat("hi", 1, false)).statusCode())
          .isEqualTo(200);
      awaitNoConnections(gateway);
    }
  }

  @Test
  void a_client_that_speaks_plain_text_is_closed_without_an_answer() throws Exception {
    try (var gateway = gateway()) {
      for (var bytes :
          List.of(request(CHAT, chat("hello", 4, false)), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")) {
        String answer = gateway.exchange(bytes);
        assertThat(answer).doesNotContain("HTTP/1.1", "{");
      }
      assertThat(gateway.app.conservation().accepted()).isZero();
      awaitNoConnections(gateway);
    }
  }

  @Test
  void a_client_of_tls_1_2_is_served() throws Exception {
    try (var gateway = gateway();
        var socket = socket(gateway)) {
      socket.setEnabledProtocols(new String[] {"TLSv1.2"});
      assertAnswers(socket);
      assertThat(socket.getSession().getProtocol()).isEqualTo("TLSv1.2");
    }
  }

  @Test
  void a_death_inside_a_stream_is_told_and_the_connection_closed() throws Exception {
    try (var gateway = gateway();
        var socket = socket(gateway)) {
      gateway.pod(0).faults().add(new Fault.DieInEvent(3));
      send(socket, request(CHAT, chat("hello", 9, true)));
      String answer =
          new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      assertThat(answer).containsOnlyOnce("data: {\"error\":").doesNotContain("[DONE]");
      assertThat(answer).doesNotEndWith("0\r\n\r\n");
    }
  }

  @Test
  void an_answer_to_http_1_0_that_is_cut_has_no_end_of_tls() throws Exception {
    try (var gateway = gateway();
        var socket = socket(gateway)) {
      gateway.pod(0).faults().add(new Fault.DieInEvent(3));
      send(socket, request(CHAT, chat("hello", 9, true)).replace("HTTP/1.1", "HTTP/1.0"));
      assertThatThrownBy(() -> socket.getInputStream().readAllBytes())
          .isInstanceOf(IOException.class)
          .isNotInstanceOf(SocketTimeoutException.class);
    }
  }

  @Test
  void a_client_that_leaves_a_stream_ends_it_at_the_pod() throws Exception {
    try (var gateway = gateway()) {
      gateway.pod(0).faults().add(new Fault.StallAfterEvents(3));
      try (var socket = socket(gateway)) {
        send(socket, request(CHAT, chat("hello", 400, true)));
        assertThat(socket.getInputStream().read()).isEqualTo('H');
      }
      await().until(() -> gateway.pod(0).stats().aborts() == 1);
      assertThat(gateway.app.conservation().cancelled()).isEqualTo(1);
    }
  }

  @Test
  void a_new_pair_is_for_new_connections_and_old_ones_live_on() throws Exception {
    try (var gateway = gateway();
        var old = socket(gateway)) {
      assertThat(subject(old)).isEqualTo("CN=first");

      var second = pairNamed("second");
      write(second.getCertificatePathPEM(), second.getPrivateKeyPEM());
      await().until(() -> reloads(gateway, "penstock_config_reload_total") == 1);

      pair = second;
      try (var next = socket(gateway)) {
        assertThat(subject(next)).isEqualTo("CN=second");
        assertAnswers(next);
      }
      assertAnswers(old);
      assertThat(subject(old)).isEqualTo("CN=first");
    }
  }

  @Test
  void files_that_are_no_pair_change_nothing_and_are_counted() throws Exception {
    try (var gateway = gateway()) {
      replace("cert.pem", "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n");
      await().until(() -> reloads(gateway, "penstock_config_reload_failed_total") == 1);
      try (var socket = socket(gateway)) {
        assertThat(subject(socket)).isEqualTo("CN=first");
        assertAnswers(socket);
      }

      // The certificate of one pair with the key of another.
      replace("cert.pem", pairNamed("second").getCertificatePathPEM());
      await().until(() -> reloads(gateway, "penstock_config_reload_failed_total") == 2);
      try (var socket = socket(gateway)) {
        assertThat(subject(socket)).isEqualTo("CN=first");
      }
      assertThat(reloads(gateway, "penstock_config_reload_total")).isZero();
    }
  }

  @Test
  void a_gateway_does_not_start_with_files_that_are_no_pair() throws Exception {
    replace("key.pem", pairNamed("second").getPrivateKeyPEM());
    assertThatThrownBy(this::gateway)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cert.pem")
        .hasMessageContaining("the key does not belong to the certificate");
  }

  private SSLSocket socket(TestGateway gateway) throws Exception {
    var socket =
        (SSLSocket)
            trusting(pair)
                .getSocketFactory()
                .createSocket(gateway.app.address().getAddress(), gateway.app.address().getPort());
    socket.setSoTimeout(15_000);
    return socket;
  }

  private static String subject(SSLSocket socket) throws IOException {
    var certificate = (X509Certificate) socket.getSession().getPeerCertificates()[0];
    return certificate.getSubjectX500Principal().getName();
  }

  private static void assertAnswers(Socket socket) throws IOException {
    send(socket, "GET /version HTTP/1.1\r\nhost: x\r\n\r\n");
    InputStream in = socket.getInputStream();
    var answer = new StringBuilder();
    while (!answer.toString().endsWith("}")) {
      int next = in.read();
      assertThat(next).as(answer.toString()).isNotNegative();
      answer.append((char) next);
    }
    assertThat(answer).startsWith("HTTP/1.1 200");
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    socket.getOutputStream().flush();
  }

  private static int reloads(TestGateway gateway, String counter) {
    return (int) gateway.metric(counter + "{kind=\"tls\",}");
  }

  private static void awaitNoConnections(TestGateway gateway) {
    await().until(() -> gateway.metric("penstock_client_connections") == 0);
  }
}
