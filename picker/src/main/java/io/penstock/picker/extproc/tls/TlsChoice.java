package io.penstock.picker.extproc.tls;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How the ext-proc address is secured. */
public sealed interface TlsChoice {

  /** Not at all. */
  record Plaintext() implements TlsChoice {}

  /**
   * With a certificate made at start, which gateways take without verifying it.
   *
   * @param names DNS names and IP addresses that the certificate is for
   * @param clientCa PEM file of the authorities that clients' certificates must come from; null
   *     where clients need none
   */
  record SelfSigned(List<String> names, @Nullable Path clientCa) implements TlsChoice {

    /** Copies the names. */
    public SelfSigned {
      names = List.copyOf(names);
    }
  }

  /**
   * With a certificate in files.
   *
   * @param certificate chain, PEM
   * @param key of its first certificate, PEM, not encrypted
   * @param reload whether a change of the files is taken over
   * @param clientCa as in {@link SelfSigned}
   */
  record Files(Path certificate, Path key, boolean reload, @Nullable Path clientCa)
      implements TlsChoice {}
}
