package io.penstock.controller.reconcile;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.ServingCertificate;
import io.penstock.picker.tls.Certificates;
import io.penstock.picker.tls.Identity;
import io.penstock.picker.tls.PemFiles;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ServingSecretTest {

  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
  private static final Duration YEARS = Duration.ofDays(1000);
  private static final ServingCertificate WANTED =
      new ServingCertificate("s-certs", List.of("s.n.svc", "s.n.svc.cluster.local"));

  private final Identity older = authority("older");
  private final Identity newer = authority("newer");

  @Test
  void the_first_is_made_for_the_names_and_signed_by_the_authority() throws Exception {
    var secret = at(NOW, Optional.empty(), older, older);

    var identity = identity(secret);
    identity.certificate().verify(older.certificate().getPublicKey());
    assertThat(identity.certificate().getSubjectAlternativeNames())
        .extracting(each -> String.valueOf(each.get(1)))
        .containsExactly("s.n.svc", "s.n.svc.cluster.local");
    assertThat(text(secret, "ca.crt")).isEqualTo(Identity.pem(older.certificate()));
  }

  @Test
  void one_that_is_good_is_kept_to_the_letter() throws Exception {
    var first = at(NOW, Optional.empty(), older, older);

    assertThat(at(NOW.plus(Duration.ofDays(59)), Optional.of(first), older, older))
        .isEqualTo(first);
  }

  @Test
  void one_with_a_third_of_its_life_left_is_renewed() throws Exception {
    var first = at(NOW, Optional.empty(), older, older);

    var later = at(NOW.plus(Duration.ofDays(61)), Optional.of(first), older, older);

    assertThat(text(later, "tls.crt")).isNotEqualTo(text(first, "tls.crt"));
  }

  @Test
  void a_new_authority_is_trusted_first_and_signs_what_comes_next() throws Exception {
    var first = at(NOW, Optional.empty(), older, older);

    var overlapping = at(NOW, Optional.of(first), newer, newer, older);
    assertThat(text(overlapping, "tls.crt")).isEqualTo(text(first, "tls.crt"));
    assertThat(PemFiles.certificates(text(overlapping, "ca.crt").getBytes(US_ASCII))).hasSize(2);

    var alone = at(NOW, Optional.of(overlapping), newer, newer);
    identity(alone).certificate().verify(newer.certificate().getPublicKey());
  }

  @Test
  void one_for_other_names_or_without_a_readable_key_is_made_anew() throws Exception {
    var first = at(NOW, Optional.empty(), older, older);
    var other = new ServingCertificate("s-certs", List.of("other.n.svc"));
    var renamed =
        ServingSecret.of(service(), other, Optional.of(first), trusting(older, older), NOW);
    assertThat(text(renamed, "tls.crt")).isNotEqualTo(text(first, "tls.crt"));

    Trees.with(first, "data").put("tls.key", "");
    assertThat(text(at(NOW, Optional.of(first), older, older), "tls.key")).isNotEmpty();
  }

  private ObjectNode at(
      Instant now, Optional<ObjectNode> live, Identity signer, Identity... trusted)
      throws Exception {
    return ServingSecret.of(service(), WANTED, live, trusting(signer, trusted), now);
  }

  private static ServingAuthority trusting(Identity signer, Identity... trusted) {
    return new ServingAuthority() {
      @Override
      public Identity signer(Instant now) {
        return signer;
      }

      @Override
      public String bundle() {
        var all = new StringBuilder();
        for (var each : trusted) {
          all.append(Identity.pem(each.certificate()));
        }
        return all.toString();
      }
    };
  }

  private static ObjectNode service() {
    var service = Trees.newObject();
    Trees.with(service, "metadata").put("name", "s").put("namespace", "n");
    return service;
  }

  private static Identity identity(ObjectNode secret) throws GeneralSecurityException {
    return PemFiles.identity(
        text(secret, "tls.crt").getBytes(US_ASCII), text(secret, "tls.key").getBytes(US_ASCII));
  }

  private static String text(ObjectNode secret, String key) {
    return new String(Base64.getDecoder().decode(Trees.text(secret, "data", key)), US_ASCII);
  }

  private static Identity authority(String name) {
    try {
      return Certificates.authority(name, NOW, YEARS);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
