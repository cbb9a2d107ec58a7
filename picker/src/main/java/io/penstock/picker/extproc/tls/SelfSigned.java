package io.penstock.picker.extproc.tls;

import io.netty.util.NetUtil;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Makes a certificate that signs itself: ECDSA on P-256, for ten years, with the names it is for.
 * The JDK can make keys and signatures but no certificates, so its few fields are written by hand
 * (RFC 5280 §4.1). Pure function, a few milliseconds.
 */
final class SelfSigned {

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

  private static final Duration EARLIER = Duration.ofHours(1);
  private static final Duration LIFE = Duration.ofDays(3_650);

  private SelfSigned() {}

  /** A key and its certificate for these DNS names and IP addresses. */
  static Identity of(List<String> names, Instant now) throws GeneralSecurityException {
    var random = new SecureRandom();
    var generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec("secp256r1"), random);
    var keys = generator.generateKeyPair();
    byte[] toSign = toSign(keys, names, now, new BigInteger(SERIAL_BITS, random));
    var signature = Signature.getInstance("SHA256withECDSA");
    signature.initSign(keys.getPrivate(), random);
    signature.update(toSign);
    byte[] certificate = Der.sequence(toSign, algorithm(), Der.bits(signature.sign()));
    var parsed =
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(certificate));
    return new Identity(keys.getPrivate(), List.of(parsed));
  }

  /** {@code TBSCertificate}. */
  private static byte[] toSign(KeyPair keys, List<String> names, Instant now, BigInteger serial) {
    byte[] name =
        Der.sequence(Der.set(Der.sequence(Der.id(COMMON_NAME), Der.text("penstock picker"))));
    return Der.sequence(
        Der.part(0, Der.integer(2)),
        Der.integer(serial.setBit(0)),
        algorithm(),
        name,
        Der.sequence(Der.time(now.minus(EARLIER)), Der.time(now.plus(LIFE))),
        name,
        keys.getPublic().getEncoded(),
        Der.part(
            3,
            Der.sequence(
                critical(BASIC_CONSTRAINTS, Der.sequence()),
                critical(KEY_USAGE, Der.value(0x03, new byte[] {7, (byte) 0x80})),
                extension(EXTENDED_KEY_USAGE, Der.sequence(Der.id(SERVER_AUTH))),
                extension(SUBJECT_ALTERNATIVE_NAME, Der.sequence(alternatives(names))))));
  }

  private static byte[] alternatives(List<String> names) {
    var all = new ByteArrayOutputStream();
    for (var name : names) {
      byte[] address = NetUtil.createByteArrayFromIpAddressString(name);
      all.writeBytes(
          address == null
              ? Der.value(DNS_NAME, name.getBytes(StandardCharsets.US_ASCII))
              : Der.value(IP_ADDRESS, address));
    }
    return all.toByteArray();
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
