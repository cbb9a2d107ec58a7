package io.penstock.controller.app;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.penstock.controller.reconcile.ApiServer;
import io.penstock.controller.reconcile.Key;
import io.penstock.controller.reconcile.Kind;
import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** LLMInferenceServices of the cluster of the usual places, read one by one; for commands. */
public final class Services implements AutoCloseable {

  private final KubernetesClient client = CommandClient.open();

  /**
   * Reads one; empty when it does not exist.
   *
   * @param namespace null: that of the kubeconfig's context
   * @throws IOException when the API server cannot be asked or refuses
   */
  public Optional<ObjectNode> find(@Nullable String namespace, String name) throws IOException {
    var answer = new ApiServer(client).get(Kind.SERVICE_OBJECT.path(key(namespace, name)));
    if (answer.isMissing()) {
      return Optional.empty();
    }
    if (!answer.isGood()) {
      throw new IOException("the API server answers " + answer.status() + ", " + answer.message());
    }
    return Optional.of(answer.body());
  }

  /** Which object is meant. */
  public Key key(@Nullable String namespace, String name) {
    var usual = client.getNamespace() == null ? "default" : client.getNamespace();
    return new Key(namespace == null ? usual : namespace, name);
  }

  @Override
  public void close() {
    client.close();
  }
}
