package io.penstock.picker.extproc.tls;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * Who a server says it is. Immutable.
 *
 * @param key of the first certificate
 * @param chain the server's certificate first
 */
record Identity(PrivateKey key, List<X509Certificate> chain) {

  /** Copies the chain. */
  Identity {
    chain = List.copyOf(chain);
  }
}
