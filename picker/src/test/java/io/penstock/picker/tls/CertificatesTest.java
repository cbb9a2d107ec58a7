package io.penstock.picker.tls;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.security.interfaces.ECPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CertificatesTest {

  private static final Instant NOW = Instant.parse("2026-11-24T20:00:00Z");
  private static final int DNS = 2;
  private static final int IP = 7;

  @Test
  void the_certificate_signs_itself_and_is_for_the_names_it_was_asked_for() throws Exception {
    var names = List.of("localhost", "epp.default.svc", "127.0.0.1", "fd00::7");
    var certificate = Certificates.selfSigned(names, NOW).chain().getFirst();

    certificate.verify(certificate.getPublicKey());
    assertThat(certificate.getVersion()).isEqualTo(3);
    assertThat(certificate.getSigAlgName()).isEqualTo("SHA256withECDSA");
    var key = (ECPublicKey) certificate.getPublicKey();
    assertThat(key.getParams().getCurve().getField().getFieldSize()).isEqualTo(256);
    assertThat(certificate.getBasicConstraints()).as("no authority").isEqualTo(-1);
    assertThat(certificate.getKeyUsage()[0]).as("for signatures").isTrue();
    assertThat(certificate.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
    List<List<?>> alternatives = List.copyOf(certificate.getSubjectAlternativeNames());
    assertThat(alternatives)
        .isEqualTo(
            List.of(
                List.of(DNS, "localhost"),
                List.of(DNS, "epp.default.svc"),
                List.of(IP, "127.0.0.1"),
                List.of(IP, "fd00:0:0:0:0:0:0:7")));
  }

  @Test
  void it_is_valid_for_ten_years_from_an_hour_ago() throws Exception {
    var certificate = Certificates.selfSigned(List.of("a"), NOW).chain().getFirst();
    certificate.checkValidity(java.util.Date.from(NOW));
    assertThat(certificate.getNotBefore().toInstant()).isEqualTo(NOW.minusSeconds(3_600));
    assertThat(certificate.getNotAfter().toInstant()).isEqualTo(NOW.plusSeconds(3_650L * 86_400));
  }

  @Test
  void dates_after_2049_and_many_names_are_encoded_too() throws Exception {
    var late = Instant.parse("2060-01-01T00:00:00Z");
    var names = IntStream.range(0, 500).mapToObj(i -> "pod-" + i + ".pods.example").toList();
    var certificate = Certificates.selfSigned(names, late).chain().getFirst();
    certificate.verify(certificate.getPublicKey());
    assertThat(certificate.getNotBefore().toInstant()).isEqualTo(late.minusSeconds(3_600));
    assertThat(certificate.getSubjectAlternativeNames()).hasSize(500);
  }

  @Test
  void no_two_are_the_same() throws Exception {
    var first = Certificates.selfSigned(List.of("a"), NOW).chain().getFirst();
    var second = Certificates.selfSigned(List.of("a"), NOW).chain().getFirst();
    assertThat(first.getSerialNumber()).isNotEqualTo(second.getSerialNumber()).isPositive();
    assertThat(first.getPublicKey()).isNotEqualTo(second.getPublicKey());
  }

  @Test
  void an_authority_signs_what_servers_show() throws Exception {
    var authority = Certificates.authority("an authority", NOW, Duration.ofDays(365));
    var server =
        Certificates.issue(authority, List.of("a.b.svc", "127.0.0.1"), NOW, Duration.ofDays(90));

    authority.certificate().verify(authority.certificate().getPublicKey());
    assertThat(authority.certificate().getBasicConstraints()).isEqualTo(Integer.MAX_VALUE);
    assertThat(authority.certificate().getKeyUsage()[5]).as("signs certificates").isTrue();
    server.certificate().verify(authority.certificate().getPublicKey());
    assertThat(server.chain()).hasSize(2).last().isEqualTo(authority.certificate());
    assertThat(server.certificate().getIssuerX500Principal())
        .isEqualTo(authority.certificate().getSubjectX500Principal());
    assertThat(server.certificate().getNotAfter().toInstant())
        .isEqualTo(NOW.plus(Duration.ofDays(90)));

    var read =
        PemFiles.identity(
            server.certificatePem().getBytes(StandardCharsets.US_ASCII),
            server.keyPem().getBytes(StandardCharsets.US_ASCII));
    assertThat(read.chain()).isEqualTo(server.chain());
    assertThat(read.key()).isEqualTo(server.key());
    assertThat(server).asString().doesNotContain("PRIVATE");
  }
}
