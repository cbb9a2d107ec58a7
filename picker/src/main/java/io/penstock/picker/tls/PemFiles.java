package io.penstock.picker.tls;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Reads certificates and private keys in PEM: keys as PKCS#8, and as certificate managers write
 * them by default, PKCS#1 for RSA and SEC 1 for elliptic curves. Pure functions.
 */
public final class PemFiles {

  private static final Pattern KEY =
      Pattern.compile(
          "-----BEGIN (|RSA |EC )PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END (|RSA |EC )PRIVATE"
              + " KEY-----");
  private static final String RSA = "1.2.840.113549.1.1.1";
  private static final String EC = "1.2.840.10045.2.1";
  private static final List<String> CURVES =
      List.of("1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35");

  private PemFiles() {}

  /**
   * A certificate chain and the key of its first certificate.
   *
   * @throws GeneralSecurityException if one of them cannot be read or they are no pair
   */
  public static Identity identity(byte[] certificates, byte[] key) throws GeneralSecurityException {
    var chain = certificates(certificates);
    var owner = chain.getFirst().getPublicKey();
    var privateKey = privateKey(key, owner.getAlgorithm());
    checkPair(privateKey, owner);
    return new Identity(privateKey, chain);
  }

  /** Every certificate of a file, at least one. */
  public static List<X509Certificate> certificates(byte[] pem) throws GeneralSecurityException {
    List<X509Certificate> all = new ArrayList<>();
    for (var certificate :
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(pem))) {
      all.add((X509Certificate) certificate);
    }
    if (all.isEmpty()) {
      throw new GeneralSecurityException("there is no certificate in PEM");
    }
    return all;
  }

  private static PrivateKey privateKey(byte[] pem, String algorithm)
      throws GeneralSecurityException {
    var matcher = KEY.matcher(new String(pem, StandardCharsets.US_ASCII));
    if (!matcher.find()) {
      throw new GeneralSecurityException("there is no unencrypted private key in PEM");
    }
    byte[] der = base64(matcher.group(2));
    byte[] pkcs8 =
        switch (matcher.group(1)) {
          case "RSA " -> pkcs8(Der.sequence(Der.id(RSA), Der.nothing()), der);
          case "EC " -> pkcs8(Der.sequence(Der.id(EC), curve(der)), der);
          default -> der;
        };
    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
  }

  private static byte[] base64(String text) throws GeneralSecurityException {
    try {
      return Base64.getMimeDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      throw new GeneralSecurityException("the private key in PEM is no base64", e);
    }
  }

  private static byte[] pkcs8(byte[] algorithm, byte[] key) {
    return Der.sequence(Der.integer(0), algorithm, Der.octets(key));
  }

  /** The id of the curve that stands in a SEC 1 key. */
  private static byte[] curve(byte[] key) throws GeneralSecurityException {
    for (var curve : CURVES) {
      byte[] id = Der.id(curve);
      if (contains(key, id)) {
        return id;
      }
    }
    throw new GeneralSecurityException("the key is on none of the curves P-256, P-384 and P-521");
  }

  private static boolean contains(byte[] bytes, byte[] wanted) {
    for (int at = 0; at + wanted.length <= bytes.length; at++) {
      int same = 0;
      while (same < wanted.length && bytes[at + same] == wanted[same]) {
        same++;
      }
      if (same == wanted.length) {
        return true;
      }
    }
    return false;
  }

  private static void checkPair(PrivateKey key, PublicKey owner) throws GeneralSecurityException {
    var signature =
        switch (owner.getAlgorithm()) {
          case "RSA" -> Signature.getInstance("SHA256withRSA");
          case "EC" -> Signature.getInstance("SHA256withECDSA");
          default -> Signature.getInstance(owner.getAlgorithm());
        };
    byte[] text = "a key proves itself".getBytes(StandardCharsets.US_ASCII);
    signature.initSign(key);
    signature.update(text);
    byte[] signed = signature.sign();
    signature.initVerify(owner);
    signature.update(text);
    if (!signature.verify(signed)) {
      throw new GeneralSecurityException("the key does not belong to the certificate");
    }
  }
}
