package io.penstock.picker.tls;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes certificates with keys of their own: ECDSA on P-256, valid from an hour ago. The JDK can
 * make keys and signatures but no certificates, so the few fields are written by hand (RFC 5280
 * §4.1). Pure functions, a few milliseconds each.
 */
public final class Certificates {

  private static final String ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
  private static final String COMMON_NAME = "2.5.4.3";
  private static final String BASIC_CONSTRAINTS = "2.5.29.19";
  private static final String KEY_USAGE = "2.5.29.15";
  private static final String EXTENDED_KEY_USAGE = "2.5.29.37";
  private static final String SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
  private static final String SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
  private static final int DNS_NAME = 0x82;
  private static final int IP_ADDRESS = 0x87;
  private static final int SERIAL_BITS = 127;
  private static final int LONGEST_NAME = 64;

  private static final Duration EARLIER = Duration.ofHours(1);
  private static final Duration LIFE = Duration.ofDays(3_650);

  private Certificates() {}

  /** A server's certificate that signs itself, for ten years. */
  public static Identity selfSigned(List<String> names, Instant now)
      throws GeneralSecurityException {
    return make("penstock picker", server(names), null, now, LIFE);
  }

  /** An authority: its certificate signs itself and others, for no purpose but that. */
  public static Identity authority(String name, Instant now, Duration life)
      throws GeneralSecurityException {
    byte[] extensions =
        Der.sequence(
            critical(BASIC_CONSTRAINTS, Der.sequence(Der.yes())),
            critical(KEY_USAGE, Der.value(0x03, new byte[] {1, 0x06})));
    return make(name, extensions, null, now, life);
  }

  /**
   * A server's certificate that an authority signs; the authority's stands behind it in the chain.
   *
   * @param names DNS names and IP addresses it is for
   */
  public static Identity issue(Identity authority, List<String> names, Instant now, Duration life)
      throws GeneralSecurityException {
    return make(names.getFirst(), server(names), authority, now, life);
  }

  private static byte[] server(List<String> names) {
    return Der.sequence(
        critical(BASIC_CONSTRAINTS, Der.sequence()),
        critical(KEY_USAGE, Der.value(0x03, new byte[] {7, (byte) 0x80})),
        extension(EXTENDED_KEY_USAGE, Der.sequence(Der.id(SERVER_AUTH))),
        extension(SUBJECT_ALTERNATIVE_NAME, Der.sequence(alternatives(names))));
  }

  private static Identity make(
      String commonName,
      byte[] extensions,
      @Nullable Identity authority,
      Instant now,
      Duration life)
      throws GeneralSecurityException {
    var random = new SecureRandom();
    var generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"), random);
    var keys = generator.generateKeyPair();
    byte[] subject = name(commonName);
    byte[] issuer =
        authority == null
            ? subject
            : authority.certificate().getSubjectX500Principal().getEncoded();
    byte[] toSign =
        Der.sequence(
            Der.part(0, Der.integer(2)),
            Der.integer(new BigInteger(SERIAL_BITS, random).setBit(0)),
            algorithm(),
            issuer,
            Der.sequence(Der.time(now.minus(EARLIER)), Der.time(now.plus(life))),
            subject,
            keys.getPublic().getEncoded(),
            Der.part(3, extensions));
    var signature = Signature.getInstance("SHA256withECDSA");
    signature.initSign(authority == null ? keys.getPrivate() : authority.key(), random);
    signature.update(toSign);
    byte[] certificate = Der.sequence(toSign, algorithm(), Der.bits(signature.sign()));
    List<X509Certificate> chain = new ArrayList<>();
    chain.add(
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(certificate)));
    if (authority != null) {
      chain.add(authority.certificate());
    }
    return new Identity(keys.getPrivate(), chain);
  }

  private static byte[] name(String commonName) {
    var cut =
        commonName.length() <= LONGEST_NAME ? commonName : commonName.substring(0, LONGEST_NAME);
    return Der.sequence(Der.set(Der.sequence(Der.id(COMMON_NAME), Der.text(cut))));
  }

  private static byte[] alternatives(List<String> names) {
    var all = new ByteArrayOutputStream();
    for (var name : names) {
      byte[] address = address(name);
      all.writeBytes(
          address == null
              ? Der.value(DNS_NAME, name.getBytes(StandardCharsets.US_ASCII))
              : Der.value(IP_ADDRESS, address));
    }
    return all.toByteArray();
  }

  private static byte @Nullable [] address(String name) {
    try {
      return InetAddress.ofLiteral(name).getAddress();
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  private static byte[] algorithm() {
    return Der.sequence(Der.id(ECDSA_WITH_SHA256));
  }

  private static byte[] critical(String id, byte[] content) {
    return Der.sequence(Der.id(id), Der.yes(), Der.octets(content));
  }

  private static byte[] extension(String id, byte[] content) {
    return Der.sequence(Der.id(id), Der.octets(content));
  }
}
