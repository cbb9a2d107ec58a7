package io.penstock.controller.app;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.penstock.controller.desired.ClusterFacts;
import io.penstock.controller.preset.ConfigLookup;
import io.penstock.controller.reconcile.ApiServer;
import io.penstock.controller.reconcile.Comparison;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Services as written, compared with the cluster of the usual places; for commands. */
public final class Comparisons implements AutoCloseable {

  private final KubernetesClient client = CommandClient.open();
  private final Comparison comparison;

  /**
   * Asks the cluster what it serves.
   *
   * @param configured as its controller is configured
   * @throws IOException when the API server cannot be asked
   */
  public Comparisons(ClusterFacts configured) throws IOException {
    try {
      this.comparison = Comparison.with(new ApiServer(client), configured);
    } catch (IOException e) {
      client.close();
      throw e;
    }
  }

  /**
   * What the controller would do.
   *
   * @param service of the hub version, with its namespace
   * @param configs what is written beside it
   * @throws IOException when the API server cannot be asked or refuses to answer
   */
  public Comparison.Result compare(ObjectNode service, ConfigLookup configs) throws IOException {
    try {
      return comparison.compare(service, configs);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
