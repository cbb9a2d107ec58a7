package io.penstock.controller.app;

import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the API server reaches the webhooks. Immutable.
 *
 * @param listen where they are served
 * @param namespace of the Service and of the Secret with the certificates
 * @param url what the API server calls in place of the Service; null inside a cluster
 * @param files certificate and key that somebody else renews, and then somebody else also tells the
 *     API server whom to trust; null: the controller is its own authority
 */
public record WebhookSettings(
    InetSocketAddress listen, String namespace, @Nullable String url, @Nullable Files files) {

  static final String SERVICE = "penstock-webhook";

  /** Two PEM files. */
  public record Files(Path certificate, Path key) {}

  /** What the API server calls the webhooks by. */
  List<String> names() {
    var service = SERVICE + "." + namespace;
    return url == null
        ? List.of(service + ".svc", service + ".svc.cluster.local", service, SERVICE)
        : List.of(host(url));
  }

  /** The host of {@code https://HOST:PORT}, an IPv6 address without its brackets. */
  private static String host(String url) {
    var host = String.valueOf(URI.create(url).getHost());
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }
}
