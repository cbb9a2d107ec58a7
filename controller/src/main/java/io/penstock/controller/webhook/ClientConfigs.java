package io.penstock.controller.webhook;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Json;
import io.penstock.controller.api.Trees;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * Edits how the API server reaches our webhooks, in CustomResourceDefinitions and in Mutating- and
 * ValidatingWebhookConfigurations. Pure functions: the argument is never changed, and a copy that
 * equals it says that nothing is to be written.
 */
public final class ClientConfigs {

  private ClientConfigs() {}

  /** A copy that trusts the authorities of a PEM text and no others. */
  public static ObjectNode trusting(ObjectNode object, String authorities) {
    var copy = object.deepCopy();
    var bundle =
        Base64.getEncoder().encodeToString(authorities.getBytes(StandardCharsets.US_ASCII));
    all(copy).forEach(client -> client.put("caBundle", bundle));
    return copy;
  }

  /**
   * A copy that calls a URL in place of a Service, or of another URL: for a controller outside the
   * cluster. Paths stay.
   *
   * @param base such as {@code https://192.0.2.1:9443}
   */
  public static ObjectNode at(ObjectNode object, String base) {
    var copy = object.deepCopy();
    for (var client : all(copy)) {
      var path =
          client.remove("service") instanceof ObjectNode service
              ? Trees.text(service, "path")
              : URI.create(Trees.text(client, "url")).getRawPath();
      client.put("url", base + path);
    }
    return copy;
  }

  /** A copy that calls the Service of that namespace, wherever the manifests looked for it. */
  public static ObjectNode in(ObjectNode object, String namespace) {
    var copy = object.deepCopy();
    for (var client : all(copy)) {
      if (client.get("service") instanceof ObjectNode service) {
        service.put("namespace", namespace);
      }
    }
    return copy;
  }

  /** What makes the second of the first, as a JSON patch; empty where they are equal. */
  public static String patch(ObjectNode before, ObjectNode after) {
    var patch = JsonPatch.between(before, after);
    return patch.isEmpty() ? "" : Json.text(patch);
  }

  private static List<ObjectNode> all(ObjectNode object) {
    List<ObjectNode> all = new ArrayList<>();
    var conversion = Trees.object(object, "spec", "conversion", "webhook", "clientConfig");
    if (conversion != null) {
      all.add(conversion);
    }
    for (var webhook : Trees.list(object, "webhooks")) {
      var client = Trees.object(webhook, "clientConfig");
      if (client != null) {
        all.add(client);
      }
    }
    return all;
  }
}
