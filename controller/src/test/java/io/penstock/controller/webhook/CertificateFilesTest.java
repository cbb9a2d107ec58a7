package io.penstock.controller.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.picker.tls.Certificates;
import io.penstock.picker.tls.Identity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CertificateFilesTest {

  @TempDir private Path folder;

  @Test
  void a_changed_pair_is_shown_and_a_half_changed_one_is_not() throws Exception {
    var first = write(Certificates.selfSigned(List.of("a"), Instant.now()));
    var files = CertificateFiles.open(folder.resolve("tls.crt"), folder.resolve("tls.key"));
    assertThat(shown(files)).isEqualTo(first);

    var second = Certificates.selfSigned(List.of("b"), Instant.now());
    Files.writeString(folder.resolve("tls.crt"), second.certificatePem());
    files.poll();
    assertThat(shown(files)).isEqualTo(first);

    Files.writeString(folder.resolve("tls.key"), second.keyPem());
    files.poll();
    assertThat(shown(files)).isEqualTo(second);

    Files.delete(folder.resolve("tls.crt"));
    files.poll();
    assertThat(shown(files)).isEqualTo(second);
  }

  @Test
  void files_that_are_no_pair_at_start_are_an_error_with_their_names() throws Exception {
    write(Certificates.selfSigned(List.of("a"), Instant.now()));
    Files.writeString(folder.resolve("tls.key"), "nothing");

    assertThatThrownBy(
            () -> CertificateFiles.open(folder.resolve("tls.crt"), folder.resolve("tls.key")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("tls.key");
  }

  private Identity write(Identity identity) throws IOException {
    Files.writeString(folder.resolve("tls.crt"), identity.certificatePem());
    Files.writeString(folder.resolve("tls.key"), identity.keyPem());
    return identity;
  }

  private static Identity shown(CertificateFiles files) {
    var alias = files.identity().chooseEngineServerAlias("EC", null, null);
    return new Identity(
        files.identity().getPrivateKey(alias),
        List.of(files.identity().getCertificateChain(alias)));
  }
}
