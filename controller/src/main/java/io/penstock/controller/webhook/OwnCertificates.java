package io.penstock.controller.webhook;

import io.penstock.picker.tls.CurrentIdentity;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.InstantSource;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The certificates of a controller that is its own authority. Every replica serves with what the
 * store holds; whoever finds something due renews it, and of several only one succeeds.
 *
 * <p>{@link #poll} belongs to one thread; what it gives and the identity may be used from anywhere.
 */
public final class OwnCertificates {

  private static final Logger LOG = LoggerFactory.getLogger(OwnCertificates.class);

  /** Each lost race means that somebody wrote; more than a few in a row mean something else. */
  private static final int ATTEMPTS = 5;

  private final CertificateStore store;
  private final List<String> names;
  private final InstantSource clock;
  private final CurrentIdentity identity;
  private volatile Authorities current;

  private OwnCertificates(
      CertificateStore store, List<String> names, InstantSource clock, Authorities first) {
    this.store = store;
    this.names = names;
    this.clock = clock;
    this.current = first;
    this.identity = new CurrentIdentity(first.server());
  }

  /**
   * Reads what is kept, or makes it.
   *
   * @param names DNS names and IP addresses that the API server calls the webhook by
   * @throws IOException when the store cannot be asked
   */
  public static OwnCertificates open(
      CertificateStore store, List<String> names, InstantSource clock) throws IOException {
    return new OwnCertificates(store, List.copyOf(names), clock, settle(store, names, clock));
  }

  /**
   * Looks whether something is due or was renewed by another replica; call it every few minutes and
   * when the Secret changes.
   *
   * @return what holds from now on
   * @throws IOException when the store cannot be asked; what held before holds on
   */
  public Authorities poll() throws IOException {
    var next = settle(store, names, clock);
    if (!next.equals(current)) {
      LOG.info("the webhook's certificates changed; {} authorities are trusted", next.all().size());
      identity.replace(next.server());
      current = next;
    }
    return next;
  }

  /** Shown by the server. */
  public CurrentIdentity identity() {
    return identity;
  }

  /** What held at the last look. */
  public Authorities current() {
    return current;
  }

  private static Authorities settle(CertificateStore store, List<String> names, InstantSource clock)
      throws IOException {
    for (int i = 0; i < ATTEMPTS; i++) {
      var kept = store.read();
      try {
        var next = Authorities.renewed(kept == null ? null : kept.data(), names, clock.instant());
        boolean same = kept != null && next.data().equals(kept.data());
        if (same || store.replace(kept, next.data())) {
          return next;
        }
      } catch (GeneralSecurityException e) {
        throw new IOException("this JDK cannot make certificates: " + e.getMessage(), e);
      }
    }
    throw new IOException("the stored certificates changed " + ATTEMPTS + " times while reading");
  }
}
