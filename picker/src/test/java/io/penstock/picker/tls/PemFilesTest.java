package io.penstock.picker.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Keys as openssl and certificate managers write them. */
class PemFilesTest {

  @ParameterizedTest
  @CsvSource({"ec.crt,ec-sec1.key", "ec.crt,ec-pkcs8.key", "rsa.crt,rsa-pkcs1.key"})
  void reads_keys_in_each_of_their_forms(String certificate, String key) throws Exception {
    var identity = PemFiles.identity(file(certificate), file(key));
    assertThat(identity.chain()).hasSize(1);
    assertThat(identity.key().getAlgorithm())
        .isEqualTo(identity.chain().getFirst().getPublicKey().getAlgorithm());
  }

  @ParameterizedTest
  @CsvSource({
    "ec.crt,rsa-pkcs1.key",
    "rsa.crt,ec-sec1.key",
    "ec.crt,ec.crt",
    "ec-sec1.key,ec-sec1.key"
  })
  void refuses_what_is_no_pair(String certificate, String key) throws IOException {
    byte[] first = file(certificate);
    byte[] second = file(key);
    assertThatThrownBy(() -> PemFiles.identity(first, second))
        .isInstanceOf(GeneralSecurityException.class);
  }

  @Test
  void refuses_a_key_that_has_lost_characters() throws IOException {
    byte[] certificate = file("ec.crt");
    var key = "-----BEGIN PRIVATE KEY-----\nAAAAA\n-----END PRIVATE KEY-----\n";
    assertThatThrownBy(
            () -> PemFiles.identity(certificate, key.getBytes(StandardCharsets.US_ASCII)))
        .isInstanceOf(GeneralSecurityException.class)
        .hasMessageContaining("private key");
  }

  private static byte[] file(String name) throws IOException {
    try (var in = PemFilesTest.class.getResourceAsStream(name)) {
      assertThat(in).as(name).isNotNull();
      return in.readAllBytes();
    }
  }
}
