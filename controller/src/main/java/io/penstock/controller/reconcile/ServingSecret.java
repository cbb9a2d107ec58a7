package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Labels;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.ServingCertificate;
import io.penstock.picker.tls.Certificates;
import io.penstock.picker.tls.Identity;
import io.penstock.picker.tls.PemFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The Secret with which a service's pods serve TLS: one certificate for all of them, by DNS names
 * only, so that pods come and go without a new one. What is there is kept as long as it is good for
 * a third of its life, names what it must and comes from an authority that is still trusted.
 */
final class ServingSecret {

  static final Duration LIFE = Duration.ofDays(90);

  private static final String CERTIFICATE = "tls.crt";
  private static final String KEY = "tls.key";
  private static final String AUTHORITIES = "ca.crt";

  private ServingSecret() {}

  /**
   * The Secret as it is to be.
   *
   * @param live as it is; empty where there is none
   */
  static ObjectNode of(
      ObjectNode service,
      ServingCertificate wanted,
      Optional<ObjectNode> live,
      ServingAuthority authority,
      Instant now)
      throws IOException {
    var bundle = authority.bundle();
    var identity = live.map(each -> kept(each, wanted, bundle, now)).orElse(null);
    try {
      var serving =
          identity == null
              ? Certificates.issue(authority.signer(now), wanted.dnsNames(), now, LIFE)
              : identity;
      return secret(service, wanted.secretName(), serving, bundle);
    } catch (GeneralSecurityException e) {
      throw new IOException("this JDK cannot make certificates: " + e.getMessage(), e);
    }
  }

  private static ObjectNode secret(
      ObjectNode service, String name, Identity serving, String bundle) {
    var secret = Trees.newObject();
    secret.put("apiVersion", "v1").put("kind", "Secret").put("type", "kubernetes.io/tls");
    Trees.with(secret, "metadata").put("name", name).put("namespace", Trees.namespace(service));
    Trees.with(secret, "metadata", "labels")
        .put(Labels.NAME, Trees.name(service))
        .put(Labels.PART_OF, Labels.PART_OF_VALUE)
        .put(Labels.COMPONENT, "llminferenceservice-workload");
    Trees.with(secret, "data")
        .put(CERTIFICATE, encode(serving.certificatePem()))
        .put(KEY, encode(serving.keyPem()))
        .put(AUTHORITIES, encode(bundle));
    return secret;
  }

  /** What a Secret holds; null where that is broken, due, for other names or not trusted. */
  private static @Nullable Identity kept(
      ObjectNode live, ServingCertificate wanted, String bundle, Instant now) {
    try {
      var identity = PemFiles.identity(decode(live, CERTIFICATE), decode(live, KEY));
      var certificate = identity.certificate();
      var due = certificate.getNotAfter().toInstant().minus(LIFE.dividedBy(3));
      return due.isAfter(now)
              && names(identity).containsAll(wanted.dnsNames())
              && isTrusted(identity, bundle)
          ? identity
          : null;
    } catch (GeneralSecurityException | IllegalArgumentException _) {
      return null;
    }
  }

  private static Set<String> names(Identity identity) throws GeneralSecurityException {
    Collection<List<?>> names = identity.certificate().getSubjectAlternativeNames();
    return names == null
        ? Set.of()
        : names.stream().map(each -> String.valueOf(each.get(1))).collect(Collectors.toSet());
  }

  private static boolean isTrusted(Identity identity, String bundle)
      throws GeneralSecurityException {
    for (var authority : PemFiles.certificates(bundle.getBytes(StandardCharsets.US_ASCII))) {
      try {
        identity.certificate().verify(authority.getPublicKey());
        return true;
      } catch (GeneralSecurityException _) {
        // Another authority may have signed it.
      }
    }
    return false;
  }

  private static byte[] decode(ObjectNode secret, String key) {
    return Base64.getDecoder().decode(Trees.text(secret, "data", key));
  }

  private static String encode(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }
}
