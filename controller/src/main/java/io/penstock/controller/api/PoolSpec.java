package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.function.UnaryOperator;

/**
 * The spec of an InferencePool in its two ways: {@code inference.networking.x-k8s.io/v1alpha2},
 * which our v1alpha1 has, and {@code inference.networking.k8s.io/v1}, which the hub has. A member
 * that is not of the expected form, such as a template, or whose new name is taken, stays as it is.
 * Pure functions.
 *
 * <pre>
 * selector: {a: b}                   selector: {matchLabels: {a: b}}
 * targetPortNumber: 8000             targetPorts: [{number: 8000}]
 * extensionRef: {portNumber: 9002}   endpointPickerRef: {port: {number: 9002}}
 * </pre>
 */
public final class PoolSpec {

  private PoolSpec() {}

  /**
   * Rewrites the pool's spec of a service or config that was turned into another version, and
   * stashes the old way where it cannot be had back from the new one.
   *
   * @param seen what the other version stashed
   * @param stash gets the old way
   */
  static void convert(
      ObjectNode object,
      UnaryOperator<ObjectNode> forth,
      UnaryOperator<ObjectNode> back,
      Stash seen,
      Stash.Builder stash) {
    var pool = Trees.object(object, "spec", "router", "scheduler", "pool");
    if (pool == null || !(pool.get("spec") instanceof ObjectNode before)) {
      return;
    }
    var known = seen.pool();
    var after =
        known != null
                && known.of().equals(Stash.hash(before))
                && known.was() instanceof ObjectNode was
            ? was
            : forth.apply(before);
    if (!back.apply(after).equals(before)) {
      stash.pool(after, before);
    }
    pool.set("spec", after);
  }

  /** The v1 way of a v1alpha2 spec. */
  public static ObjectNode toHub(ObjectNode spec) {
    var made = Trees.newObject();
    spec.properties()
        .forEach(
            e -> {
              var value = e.getValue();
              switch (e.getKey()) {
                case "selector" ->
                    made.set(
                        "selector",
                        value.isObject() ? Trees.newObject().set("matchLabels", value) : value);
                case "targetPortNumber" -> {
                  if (value.isNumber() && !spec.has("targetPorts")) {
                    made.putArray("targetPorts").addObject().set("number", value);
                  } else {
                    made.set("targetPortNumber", value);
                  }
                }
                case "extensionRef" -> {
                  boolean free = !spec.has("endpointPickerRef");
                  made.set(
                      free ? "endpointPickerRef" : "extensionRef", free ? withPort(value) : value);
                }
                default -> made.set(e.getKey(), value);
              }
            });
    return made;
  }

  /** The v1alpha2 way of a v1 spec: its first port, and no application protocol. */
  public static ObjectNode toV1alpha1(ObjectNode spec) {
    var made = Trees.newObject();
    spec.properties()
        .forEach(
            e -> {
              var value = e.getValue();
              switch (e.getKey()) {
                case "selector" -> {
                  var labels = Trees.object(value, "matchLabels");
                  made.set("selector", labels == null ? value : labels);
                }
                case "targetPorts" -> {
                  var number = value.path(0).path("number");
                  if (number.isNumber() && !spec.has("targetPortNumber")) {
                    made.set("targetPortNumber", number);
                  } else {
                    made.set("targetPorts", value);
                  }
                }
                case "endpointPickerRef" -> {
                  boolean free = !spec.has("extensionRef");
                  made.set(
                      free ? "extensionRef" : "endpointPickerRef",
                      free ? withPortNumber(value) : value);
                }
                default -> made.set(e.getKey(), value);
              }
            });
    return made;
  }

  private static JsonNode withPort(JsonNode reference) {
    if (!reference.path("portNumber").isNumber() || reference.has("port")) {
      return reference;
    }
    var made = ((ObjectNode) reference).deepCopy();
    made.putObject("port").set("number", made.remove("portNumber"));
    return made;
  }

  private static JsonNode withPortNumber(JsonNode reference) {
    var number = reference.path("port").path("number");
    if (!number.isNumber() || reference.has("portNumber")) {
      return reference;
    }
    var made = ((ObjectNode) reference).deepCopy();
    made.remove("port");
    made.set("portNumber", number);
    return made;
  }
}
