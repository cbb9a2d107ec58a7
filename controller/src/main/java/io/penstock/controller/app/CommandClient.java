package io.penstock.controller.app;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;

/** How a command asks the API server: once, so that who waits is told at once that it is away. */
final class CommandClient {

  private CommandClient() {}

  /** A client for the API server of the usual places; whoever opens it closes it. */
  static KubernetesClient open() {
    var config =
        new ConfigBuilder(Config.autoConfigure(null)).withRequestRetryBackoffLimit(0).build();
    return new KubernetesClientBuilder().withConfig(config).build();
  }
}
