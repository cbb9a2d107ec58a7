package io.penstock.controller.reconcile;

import io.penstock.picker.tls.Identity;
import java.io.IOException;
import java.time.Instant;

/** Who signs the certificates that pods serve TLS with. Thread-safe. */
public interface ServingAuthority {

  /**
   * Signs at this time.
   *
   * @throws IOException when it is not known and cannot be asked for
   */
  Identity signer(Instant now) throws IOException;

  /** Whom those who connect to pods are to trust, as PEM. */
  String bundle() throws IOException;
}
