package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.penstock.picker.extproc.tls.ServerTls;
import io.penstock.picker.extproc.tls.TlsChoice;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The ext-proc port over TLS. */
class TlsTest {

  private static final InstantSource CLOCK = InstantSource.system();
  private static final List<String> NAMES = List.of("localhost", "127.0.0.1");

  @Test
  void a_certificate_made_at_start_serves_gateways_that_do_not_verify() throws Exception {
    var tls = ServerTls.of(new TlsChoice.SelfSigned(NAMES, null), CLOCK);
    try (var picker = new RunningPicker(tls, "10.0.0.1:8000")) {
      var channel =
          channel(
              picker,
              SslContextBuilder.forClient().trustManager(InsecureTrustManagerFactory.INSTANCE));
      assertThat(destination(channel)).isEqualTo("10.0.0.1:8000");
      channel.shutdownNow();
      picker.awaitIdle();
    }
  }

  @Test
  void gateways_that_verify_find_the_name_in_the_certificate() throws Exception {
    var tls = ServerTls.of(new TlsChoice.SelfSigned(NAMES, null), CLOCK);
    try (var picker = new RunningPicker(tls, "10.0.0.1:8000")) {
      var seen = new Seen();
      var first = channel(picker, SslContextBuilder.forClient().trustManager(seen));
      destination(first);
      first.shutdownNow();

      var verifying =
          channel(picker, SslContextBuilder.forClient().trustManager(seen.certificates.getFirst()));
      assertThat(destination(verifying)).isEqualTo("10.0.0.1:8000");
      verifying.shutdownNow();
      picker.awaitIdle();
    }
  }

  @Test
  void plain_text_is_not_understood_where_tls_is_chosen() throws Exception {
    var tls = ServerTls.of(new TlsChoice.SelfSigned(NAMES, null), CLOCK);
    try (var picker = new RunningPicker(tls, "10.0.0.1:8000")) {
      var stream = picker.stream().requestHeaders(true, ":method", "GET", ":path", "/");
      assertThat(stream.status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
    }
  }

  @Test
  void new_connections_get_the_changed_files_and_a_pair_that_is_none_is_refused(
      @TempDir Path folder) throws Exception {
    var certificate = folder.resolve("tls.crt");
    var key = folder.resolve("tls.key");
    copy("ec.crt", certificate);
    copy("ec-sec1.key", key);
    var tls = ServerTls.of(new TlsChoice.Files(certificate, key, true, null), CLOCK);
    assertThat(tls).isNotNull();
    try (var picker = new RunningPicker(tls, "10.0.0.1:8000")) {
      assertThat(served(picker)).isEqualTo("CN=test-ec");

      copy("rsa.crt", certificate);
      tls.poll();
      assertThat(served(picker)).as("no pair yet").isEqualTo("CN=test-ec");

      copy("rsa-pkcs1.key", key);
      tls.poll();
      assertThat(served(picker)).isEqualTo("CN=test-rsa");
      picker.awaitIdle();
    }
  }

  @Test
  void files_that_cannot_be_read_are_told_once_and_not_as_a_pair_that_is_none(@TempDir Path folder)
      throws Exception {
    var certificate = folder.resolve("tls.crt");
    var key = folder.resolve("tls.key");
    copy("ec.crt", certificate);
    copy("ec-sec1.key", key);
    var tls = ServerTls.of(new TlsChoice.Files(certificate, key, true, null), CLOCK);
    assertThat(tls).isNotNull();
    var logger = (Logger) LoggerFactory.getLogger(ServerTls.class);
    var logged = new ListAppender<ILoggingEvent>();
    logged.start();
    logger.addAppender(logged);
    try {
      var sentence =
          "the TLS files cannot be read, the old ones stay: java.nio.file.NoSuchFileException: "
              + key;
      Files.delete(key);
      tls.poll();
      tls.poll();
      assertThat(logged.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .containsExactly(sentence);

      copy("ec-sec1.key", key);
      tls.poll();
      Files.delete(key);
      tls.poll();
      assertThat(logged.list)
          .extracting(ILoggingEvent::getFormattedMessage)
          .containsExactly(sentence, sentence);
    } finally {
      logger.detachAppender(logged);
    }
  }

  @Test
  void clients_without_a_certificate_of_the_authority_are_refused(@TempDir Path folder)
      throws Exception {
    var authority = folder.resolve("ca.crt");
    copy("ec.crt", authority);
    var tls = ServerTls.of(new TlsChoice.SelfSigned(NAMES, authority), CLOCK);
    try (var picker = new RunningPicker(tls, "10.0.0.1:8000")) {
      var without =
          channel(
              picker,
              SslContextBuilder.forClient().trustManager(InsecureTrustManagerFactory.INSTANCE));
      var refused = new GatewayStream(without).requestHeaders(true, ":method", "GET", ":path", "/");
      assertThat(refused.status().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
      without.shutdownNow();

      var with =
          channel(
              picker,
              SslContextBuilder.forClient()
                  .trustManager(InsecureTrustManagerFactory.INSTANCE)
                  .keyManager(resource("ec.crt"), resource("ec-pkcs8.key")));
      assertThat(destination(with)).isEqualTo("10.0.0.1:8000");
      with.shutdownNow();
      picker.awaitIdle();
    }
  }

  @Test
  void files_that_are_not_there_end_the_start(@TempDir Path folder) {
    var missing = new TlsChoice.Files(folder.resolve("a"), folder.resolve("b"), false, null);
    assertThatThrownBy(() -> ServerTls.of(missing, CLOCK)).isInstanceOf(IOException.class);
  }

  private static String served(RunningPicker picker) throws Exception {
    var seen = new Seen();
    var channel = channel(picker, SslContextBuilder.forClient().trustManager(seen));
    destination(channel);
    channel.shutdownNow();
    return seen.certificates.getFirst().getSubjectX500Principal().getName();
  }

  private static ManagedChannel channel(RunningPicker picker, SslContextBuilder tls)
      throws IOException {
    return NettyChannelBuilder.forAddress("localhost", picker.server.address().getPort())
        .sslContext(GrpcSslContexts.configure(tls).build())
        .build();
  }

  private static String destination(ManagedChannel channel) throws Exception {
    var stream = new GatewayStream(channel).requestHeaders(true, ":method", "GET", ":path", "/");
    var destination = stream.picked().destination();
    stream.cancel();
    return destination;
  }

  private static void copy(String name, Path to) throws IOException {
    Files.write(to, resource(name).readAllBytes());
  }

  private static ByteArrayInputStream resource(String name) throws IOException {
    try (var in = TlsTest.class.getResourceAsStream("/io/penstock/picker/tls/" + name)) {
      assertThat(in).as(name).isNotNull();
      return new ByteArrayInputStream(in.readAllBytes());
    }
  }

  /** Trusts everybody and remembers whom. */
  private static final class Seen extends X509ExtendedTrustManager {
    final List<X509Certificate> certificates = new CopyOnWriteArrayList<>();

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) {
      certificates.add(chain[0]);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {
      certificates.add(chain[0]);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {
      certificates.add(chain[0]);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
