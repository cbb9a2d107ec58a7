package io.penstock.proxy.listen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TlsContextTest {

  @TempDir private Path folder;
  private final List<Boolean> told = new ArrayList<>();

  private static X509Bundle pair(Algorithm algorithm) throws Exception {
    return new CertificateBuilder()
        .subject("CN=localhost")
        .setIsCertificateAuthority(true)
        .algorithm(algorithm)
        .buildSelfSigned();
  }

  private Path certificate(String pem) throws IOException {
    return Files.writeString(folder.resolve("cert.pem"), pem);
  }

  private Path key(String pem) throws IOException {
    return Files.writeString(folder.resolve("key.pem"), pem);
  }

  private TlsContext context(String certificate, String key, SslProvider provider)
      throws IOException {
    return new TlsContext(certificate(certificate), key(key), told::add, provider);
  }

  @ParameterizedTest
  @CsvSource({"JDK, rsa2048", "JDK, ecp256", "OPENSSL, rsa2048", "OPENSSL, ecp256"})
  void keys_of_both_kinds_serve_new_protocols_with_alpn(SslProvider provider, Algorithm algorithm)
      throws Exception {
    var pair = pair(algorithm);
    try (var tls = context(pair.getCertificatePathPEM(), pair.getPrivateKeyPEM(), provider)) {
      assertThat(tls.current().applicationProtocolNegotiator().protocols())
          .containsExactly("h2", "http/1.1");
      SSLEngine engine = tls.current().newEngine(UnpooledByteBufAllocator.DEFAULT);
      try {
        assertThat(engine.getEnabledProtocols())
            .contains("TLSv1.3", "TLSv1.2")
            .doesNotContain("TLSv1.1", "TLSv1", "SSLv3");
        assertThat(String.join(" ", engine.getEnabledCipherSuites()).toUpperCase(Locale.ROOT))
            .contains("GCM")
            .doesNotContain("CBC", "RC4", "3DES", "NULL", "ANON");
      } finally {
        ReferenceCountUtil.release(engine);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = SslProvider.class,
      names = {"JDK", "OPENSSL"})
  void a_changed_pair_is_taken_over_whole_or_not_at_all(SslProvider provider) throws Exception {
    var first = pair(Algorithm.ecp256);
    var second = pair(Algorithm.rsa2048);
    try (var tls = context(first.getCertificatePathPEM(), first.getPrivateKeyPEM(), provider)) {
      var before = tls.current();
      tls.poll();
      assertThat(told).isEmpty();

      certificate(second.getCertificatePathPEM());
      tls.poll();
      assertThat(told).containsExactly(false);
      assertThat(tls.current()).isSameAs(before);

      key(second.getPrivateKeyPEM());
      tls.poll();
      assertThat(told).containsExactly(false, true);
      assertThat(tls.current()).isNotSameAs(before);

      Files.delete(folder.resolve("key.pem"));
      tls.poll();
      tls.poll();
      assertThat(told).hasSize(2);
    }
  }

  @Test
  void what_is_no_pair_is_told_with_its_files_and_the_reason() throws Exception {
    var one = pair(Algorithm.ecp256);
    var other = pair(Algorithm.ecp256);
    refused(one.getCertificatePathPEM(), other.getPrivateKeyPEM(), "does not belong");
    refused(one.getCertificatePathPEM(), "", "no unencrypted PKCS#8 key");
    refused(
        one.getCertificatePathPEM(),
        one.getPrivateKeyPEM().replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
        "no unencrypted PKCS#8 key");
    refused("", one.getPrivateKeyPEM(), "cert.pem");
    refused("no certificate", one.getPrivateKeyPEM(), "cert.pem");
    refused(one.getPrivateKeyPEM(), one.getPrivateKeyPEM(), "cert.pem");
    refused(
        one.getCertificatePathPEM(),
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getEncoder().encodeToString(new byte[] {1, 2, 3})
            + "\n-----END PRIVATE KEY-----\n",
        "key.pem");
  }

  private void refused(String certificate, String key, String reason) {
    assertThatThrownBy(() -> context(certificate, key, SslProvider.JDK))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cert.pem")
        .hasMessageContaining("key.pem")
        .hasMessageContaining(reason);
  }

  @Test
  void files_that_are_not_there_are_told() {
    assertThatThrownBy(
            () -> new TlsContext(folder.resolve("cert.pem"), folder.resolve("key.pem"), told::add))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cert.pem");
  }
}
