package io.penstock.controller.desired;

import java.util.List;

/**
 * A key pair that the pods of a service serve TLS with: a Secret that must exist beside the
 * children, with the keys {@code tls.crt}, {@code tls.key} and {@code ca.crt}. Pods reload it when
 * it changes.
 *
 * @param secretName name of the Secret
 * @param dnsNames what the certificate must name; those who connect to a pod by its address verify
 *     the first one
 */
public record ServingCertificate(String secretName, List<String> dnsNames) {

  public ServingCertificate {
    dnsNames = List.copyOf(dnsNames);
  }
}
