package io.penstock.controller.app;

import io.penstock.controller.reconcile.ServingAuthority;
import io.penstock.controller.webhook.Authorities;
import io.penstock.controller.webhook.CertificateStore;
import io.penstock.controller.webhook.OwnCertificates;
import io.penstock.picker.tls.Identity;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The authority behind the pods' certificates, in a Secret of the controller's namespace that is
 * made when the first service asks. It is looked at again when it is asked and a minute has passed.
 *
 * <p>Thread-safe by one lock; only the replica that reconciles asks.
 */
final class SecretAuthority implements ServingAuthority {

  static final String SECRET = "penstock-serving-authority";

  /** An authority comes with a certificate of its own, which nobody is shown. */
  private static final List<String> NAMES = List.of("penstock-serving-authority");

  private static final Duration EVERY = Duration.ofMinutes(1);

  private final CertificateStore store;
  private final Clock clock;
  private final ReentrantLock lock = new ReentrantLock();
  private @Nullable OwnCertificates certificates;
  private Instant looked = Instant.MIN;

  /**
   * An authority that is kept.
   *
   * @param store the Secret {@link #SECRET}
   */
  SecretAuthority(CertificateStore store, Clock clock) {
    this.store = store;
    this.clock = clock;
  }

  @Override
  public Identity signer(Instant now) throws IOException {
    return current().signer(now);
  }

  @Override
  public String bundle() throws IOException {
    return current().bundle();
  }

  private Authorities current() throws IOException {
    lock.lock();
    try {
      var open = certificates;
      if (open == null) {
        open = OwnCertificates.open(store, NAMES, clock);
        certificates = open;
        looked = clock.instant();
      } else if (looked.plus(EVERY).isBefore(clock.instant())) {
        open.poll();
        looked = clock.instant();
      }
      return open.current();
    } finally {
      lock.unlock();
    }
  }
}
