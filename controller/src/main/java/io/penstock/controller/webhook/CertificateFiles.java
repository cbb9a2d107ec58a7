package io.penstock.controller.webhook;

import io.penstock.picker.tls.CurrentIdentity;
import io.penstock.picker.tls.PemFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A certificate and key in files that somebody else renews, such as cert-manager's Secret in a
 * volume. A change is for the handshakes that follow; one that is no pair is refused and the old
 * one stays.
 *
 * <p>{@link #poll} belongs to one thread; the identity may be used from anywhere.
 */
public final class CertificateFiles {

  private static final Logger LOG = LoggerFactory.getLogger(CertificateFiles.class);

  private final Path certificate;
  private final Path key;
  private final CurrentIdentity identity;
  private byte[] seenCertificate;
  private byte[] seenKey;

  private CertificateFiles(
      Path certificate,
      Path key,
      CurrentIdentity identity,
      byte[] seenCertificate,
      byte[] seenKey) {
    this.certificate = certificate;
    this.key = key;
    this.identity = identity;
    this.seenCertificate = seenCertificate;
    this.seenKey = seenKey;
  }

  /**
   * Reads both.
   *
   * @param certificate chain, PEM
   * @param key of its first certificate, PEM, not encrypted
   * @throws IOException when one cannot be read or they are no pair
   */
  public static CertificateFiles open(Path certificate, Path key) throws IOException {
    byte[] chain = Files.readAllBytes(certificate);
    byte[] secret = Files.readAllBytes(key);
    try {
      var identity = new CurrentIdentity(PemFiles.identity(chain, secret));
      return new CertificateFiles(certificate, key, identity, chain, secret);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException(certificate + " and " + key + ": " + e.getMessage(), e);
    }
  }

  /** Looks once; what is no pair is looked at again when the files change again. */
  public void poll() {
    try {
      byte[] chain = Files.readAllBytes(certificate);
      byte[] secret = Files.readAllBytes(key);
      if (Arrays.equals(chain, seenCertificate) && Arrays.equals(secret, seenKey)) {
        return;
      }
      seenCertificate = chain;
      seenKey = secret;
      identity.replace(PemFiles.identity(chain, secret));
      LOG.info("the webhook's certificate was replaced");
    } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
      LOG.warn("{} and {} are no pair, the old one stays: {}", certificate, key, e.getMessage());
    }
  }

  /** Shown by the server. */
  public CurrentIdentity identity() {
    return identity;
  }
}
