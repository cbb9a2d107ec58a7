package io.penstock.proxy.listen;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.regex.Pattern;

/**
 * Checks that a private key belongs to a certificate, which not every TLS provider does before the
 * first handshake fails. Pure function.
 */
final class PemPair {

  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");

  private PemPair() {}

  /**
   * Returns if they belong together.
   *
   * @throws GeneralSecurityException with the reason, if they do not or cannot be read
   */
  static void check(byte[] certificate, byte[] key) throws GeneralSecurityException {
    var leaf =
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(certificate));
    var signing = signature(leaf.getPublicKey().getAlgorithm());
    var text = "a key proves itself".getBytes(StandardCharsets.US_ASCII);
    signing.initSign(privateKey(key, leaf.getPublicKey().getAlgorithm()));
    signing.update(text);
    byte[] signed = signing.sign();
    signing.initVerify(leaf.getPublicKey());
    signing.update(text);
    if (!signing.verify(signed)) {
      throw new GeneralSecurityException("the key does not belong to the certificate");
    }
  }

  private static PrivateKey privateKey(byte[] pem, String algorithm)
      throws GeneralSecurityException {
    var matcher = KEY.matcher(new String(pem, StandardCharsets.US_ASCII));
    if (!matcher.find()) {
      throw new GeneralSecurityException("the key file has no unencrypted PKCS#8 key in PEM");
    }
    byte[] der = Base64.getMimeDecoder().decode(matcher.group(1));
    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
  }

  private static Signature signature(String algorithm) throws GeneralSecurityException {
    return switch (algorithm) {
      case "RSA" -> Signature.getInstance("SHA256withRSA");
      case "EC" -> Signature.getInstance("SHA256withECDSA");
      default -> Signature.getInstance(algorithm);
    };
  }
}
