package io.penstock.picker.tls;

import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;

/**
 * Who a server or an authority says it is. Immutable.
 *
 * @param key of the first certificate
 * @param chain its own certificate first
 */
public record Identity(PrivateKey key, List<X509Certificate> chain) {

  private static final Base64.Encoder LINES =
      Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));

  /** Copies the chain. */
  public Identity {
    chain = List.copyOf(chain);
  }

  /** The first certificate of the chain. */
  public X509Certificate certificate() {
    return chain.getFirst();
  }

  /** The chain as PEM. */
  public String certificatePem() {
    var pem = new StringBuilder();
    chain.forEach(each -> pem.append(pem(each)));
    return pem.toString();
  }

  /** The key as PEM, PKCS#8, not encrypted. */
  public String keyPem() {
    return pem("PRIVATE KEY", key.getEncoded());
  }

  /** One certificate as PEM. */
  public static String pem(X509Certificate certificate) {
    try {
      return pem("CERTIFICATE", certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalArgumentException("a certificate without an encoding", e);
    }
  }

  private static String pem(String what, byte[] der) {
    return "-----BEGIN "
        + what
        + "-----\n"
        + LINES.encodeToString(der)
        + "\n-----END "
        + what
        + "-----\n";
  }

  /** The names only: a key is not for logs. */
  @Override
  public String toString() {
    return "Identity[" + certificate().getSubjectX500Principal() + "]";
  }
}
