package io.penstock.controller.webhook;

import io.penstock.picker.tls.Certificates;
import io.penstock.picker.tls.Identity;
import io.penstock.picker.tls.PemFiles;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Our certificate authorities and the certificate that the webhook server shows, as they are kept
 * in a Secret. Immutable.
 *
 * <p>Rotation by overlap: a new authority is made while the old one has a third of its life left,
 * and everybody is told to trust both; only {@link #SPREAD} later does it sign. Whoever knew the
 * old one alone has then had that long to learn of the new one, and what the old one signed is
 * trusted until that ends.
 *
 * @param all newest first, at least one
 * @param server what the server shows, signed by {@link #signer}
 */
public record Authorities(List<Identity> all, Identity server) {

  /** Of an authority. */
  static final Duration AUTHORITY_LIFE = Duration.ofDays(3 * 365);

  /** Of what an authority signs. */
  public static final Duration SERVER_LIFE = Duration.ofDays(90);

  /** How long a new authority is only made known before it signs. */
  static final Duration SPREAD = Duration.ofDays(1);

  private static final String AUTHORITY_CERTIFICATES = "ca.crt";
  private static final String SERVER_CERTIFICATE = "tls.crt";
  private static final String SERVER_KEY = "tls.key";

  /** Followed by the authority's place, from 0. */
  private static final String AUTHORITY_KEY = "ca.key.";

  /** Copies the list. */
  public Authorities {
    all = List.copyOf(all);
  }

  /**
   * What is to be kept from now on; equal to what was kept when nothing is due.
   *
   * @param kept what was kept, however broken; null for nothing
   * @param names DNS names and IP addresses of the webhook server
   */
  static Authorities renewed(@Nullable Map<String, String> kept, List<String> names, Instant now)
      throws GeneralSecurityException {
    var before = kept == null ? null : read(kept);
    List<Identity> all = new ArrayList<>(before == null ? List.of() : before.all);
    all.removeIf(each -> ends(each).isBefore(now));
    if (all.isEmpty() || isDue(all.getFirst(), AUTHORITY_LIFE, now)) {
      var name = "penstock authority " + now.getEpochSecond();
      all.addFirst(Certificates.authority(name, now, AUTHORITY_LIFE));
    }
    var signer = signer(all, now);
    var server = before == null ? null : before.server;
    if (server == null
        || isDue(server, SERVER_LIFE, now)
        || !isFrom(signer, server)
        || !names(server).containsAll(canonical(names))) {
      server = Certificates.issue(signer, names, now, SERVER_LIFE);
    }
    return new Authorities(all, server);
  }

  /** Whom everybody is to trust, as PEM, newest first. */
  public String bundle() {
    return all.stream().map(each -> Identity.pem(each.certificate())).collect(Collectors.joining());
  }

  /** The authority that signs at this time. */
  public Identity signer(Instant now) {
    return signer(all, now);
  }

  /** As the Secret keeps it. */
  Map<String, String> data() {
    Map<String, String> data = new LinkedHashMap<>();
    data.put(SERVER_CERTIFICATE, server.certificatePem());
    data.put(SERVER_KEY, server.keyPem());
    data.put(AUTHORITY_CERTIFICATES, bundle());
    for (int i = 0; i < all.size(); i++) {
      data.put(AUTHORITY_KEY + i, all.get(i).keyPem());
    }
    return data;
  }

  private static Identity signer(List<Identity> all, Instant now) {
    return all.stream()
        .filter(each -> !begins(each).plus(SPREAD).isAfter(now))
        .findFirst()
        .orElse(all.getLast());
  }

  /** What a Secret holds; null where that is not ours or broken, so that it is made anew. */
  private static @Nullable Authorities read(Map<String, String> data) {
    try {
      List<Identity> all = new ArrayList<>();
      var certificates = PemFiles.certificates(bytes(data, AUTHORITY_CERTIFICATES));
      for (int i = 0; i < certificates.size(); i++) {
        byte[] certificate = Identity.pem(certificates.get(i)).getBytes(StandardCharsets.US_ASCII);
        all.add(PemFiles.identity(certificate, bytes(data, AUTHORITY_KEY + i)));
      }
      return new Authorities(
          all, PemFiles.identity(bytes(data, SERVER_CERTIFICATE), bytes(data, SERVER_KEY)));
    } catch (GeneralSecurityException | IllegalArgumentException _) {
      return null;
    }
  }

  private static byte[] bytes(Map<String, String> data, String key) {
    return data.getOrDefault(key, "").getBytes(StandardCharsets.US_ASCII);
  }

  /** Whether no more than a third of a life is left. */
  private static boolean isDue(Identity identity, Duration life, Instant now) {
    return !ends(identity).minus(life.dividedBy(3)).isAfter(now);
  }

  private static boolean isFrom(Identity authority, Identity server) {
    try {
      server.certificate().verify(authority.certificate().getPublicKey());
      return true;
    } catch (GeneralSecurityException _) {
      return false;
    }
  }

  private static Set<String> names(Identity server) throws GeneralSecurityException {
    Collection<List<?>> names = server.certificate().getSubjectAlternativeNames();
    return names == null
        ? Set.of()
        : names.stream().map(each -> String.valueOf(each.get(1))).collect(Collectors.toSet());
  }

  /** IP addresses as certificates give them back. */
  private static List<String> canonical(List<String> names) {
    return names.stream()
        .map(
            name -> {
              try {
                return InetAddress.ofLiteral(name).getHostAddress();
              } catch (IllegalArgumentException _) {
                return name;
              }
            })
        .toList();
  }

  private static Instant begins(Identity identity) {
    return identity.certificate().getNotBefore().toInstant();
  }

  private static Instant ends(Identity identity) {
    return identity.certificate().getNotAfter().toInstant();
  }
}
