package io.penstock.controller.reconcile;

import io.penstock.picker.tls.Certificates;
import io.penstock.picker.tls.Identity;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;

/** An authority that never changes. */
final class TestAuthority implements ServingAuthority {

  private final Identity authority;

  TestAuthority(Instant now) {
    try {
      authority = Certificates.authority("test", now, Duration.ofDays(1000));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public Identity signer(Instant now) {
    return authority;
  }

  @Override
  public String bundle() {
    return Identity.pem(authority.certificate());
  }
}
