package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.arrayAt;
import static io.penstock.controller.preset.Nodes.object;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/** What pods serve TLS with, and how those who call them verify it. */
final class ServingTls {

  static final String SECRET = "-kserve-self-signed-certs";
  private static final String VOLUME = "tls-certs";

  /** Where the issuer of the pods' certificates lies in what calls them. */
  static final String CA_FILE = "/var/run/penstock/pods-ca/ca.crt";

  private static final String CA_FOLDER = "/var/run/penstock/pods-ca";

  /** Where a pod's certificate and key lie in what serves, and their issuer beside them. */
  static final String MOUNT = "/var/run/kserve/tls";

  private ServingTls() {}

  /** The certificate that must be there; empty when pods serve plain HTTP. */
  static Optional<ServingCertificate> certificate(ServiceView service) {
    if (!service.shape().tls()) {
      return Optional.empty();
    }
    var workload = service.child(ServiceView.WORKLOAD_SERVICE) + "." + service.namespace();
    return Optional.of(
        new ServingCertificate(
            service.child(SECRET),
            List.of(service.podServerName(), workload + ".svc", workload, "localhost")));
  }

  /** Gives a pod's container certificate and key. */
  static void serve(ServiceView service, ObjectNode pod, ObjectNode container) {
    if (!service.shape().tls()) {
      return;
    }
    Engine.addVolume(
        pod, object("name", VOLUME, "secret", object("secretName", service.child(SECRET))));
    Engine.mount(container, object("name", VOLUME, "mountPath", MOUNT, "readOnly", true));
  }

  /**
   * Gives a container of Penstock that calls the pods their issuer's certificate and nothing else,
   * and these arguments after the subcommand.
   */
  static void verify(ServiceView service, ObjectNode pod, ObjectNode container, List<String> args) {
    if (!service.shape().tls()) {
      return;
    }
    var items = array(object("key", "ca.crt", "path", "ca.crt"));
    Engine.addVolume(
        pod,
        object(
            "name",
            "pods-ca",
            "secret",
            object("secretName", service.child(SECRET), "items", items)));
    Engine.mount(container, object("name", "pods-ca", "mountPath", CA_FOLDER, "readOnly", true));
    var all = arrayAt(container, "args");
    for (int i = 0; i < args.size(); i++) {
      all.insert(i + 1, args.get(i));
    }
  }
}
