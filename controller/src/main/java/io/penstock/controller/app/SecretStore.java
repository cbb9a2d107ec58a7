package io.penstock.controller.app;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.penstock.controller.webhook.CertificateStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Keeps certificates in a Secret; of replicas that write at once one succeeds. Stateless. */
final class SecretStore implements CertificateStore {

  private static final int CONFLICT = 409;

  private final KubernetesClient client;
  private final String namespace;
  private final String name;

  SecretStore(KubernetesClient client, String namespace, String name) {
    this.client = client;
    this.namespace = namespace;
    this.name = name;
  }

  @Override
  public @Nullable Stored read() throws IOException {
    try {
      var found = client.secrets().inNamespace(namespace).withName(name).get();
      if (found == null) {
        return null;
      }
      Map<String, String> data = new LinkedHashMap<>();
      if (found.getData() != null) {
        found.getData().forEach((key, value) -> data.put(key, decoded(value)));
      }
      return new Stored(found.getMetadata().getResourceVersion(), data);
    } catch (KubernetesClientException e) {
      throw new IOException("cannot read Secret %s/%s: %s".formatted(namespace, name, told(e)), e);
    }
  }

  @Override
  public boolean replace(@Nullable Stored before, Map<String, String> data) throws IOException {
    var secret = secret(before, data);
    try {
      var resource = client.secrets().inNamespace(namespace).resource(secret);
      if (before == null) {
        resource.create();
      } else {
        resource.update();
      }
      return true;
    } catch (KubernetesClientException e) {
      if (e.getCode() == CONFLICT) {
        return false;
      }
      throw new IOException("cannot write Secret %s/%s: %s".formatted(namespace, name, told(e)), e);
    }
  }

  private Secret secret(@Nullable Stored before, Map<String, String> data) {
    return new SecretBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .withName(name)
        .withResourceVersion(before == null ? null : before.version())
        .endMetadata()
        .withType("kubernetes.io/tls")
        .withStringData(data)
        .build();
  }

  private static String decoded(String value) {
    return new String(Base64.getDecoder().decode(value), StandardCharsets.UTF_8);
  }

  private static String told(KubernetesClientException e) {
    return String.valueOf(e.getMessage());
  }
}
