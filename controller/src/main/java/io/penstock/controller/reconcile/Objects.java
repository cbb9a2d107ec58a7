package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Trees;
import java.util.List;

/** What every Kubernetes object says of itself. Pure functions. */
final class Objects {

  private Objects() {}

  static Key key(JsonNode object) {
    return new Key(Trees.namespace(object), Trees.name(object));
  }

  static String uid(JsonNode object) {
    return Trees.text(object, "metadata", "uid");
  }

  static String resourceVersion(JsonNode object) {
    return Trees.text(object, "metadata", "resourceVersion");
  }

  static long generation(JsonNode object) {
    return Trees.number(object, 0, "metadata", "generation");
  }

  static String label(JsonNode object, String key) {
    return Trees.text(object, "metadata", "labels", key);
  }

  /** Whether somebody has asked to delete it. */
  static boolean isGoing(JsonNode object) {
    return Trees.has(object, "metadata", "deletionTimestamp");
  }

  static List<String> ownerUids(JsonNode object) {
    return Trees.list(object, "metadata", "ownerReferences").stream()
        .map(each -> Trees.text(each, "uid"))
        .toList();
  }

  /** Whether the owner with that uid is the one that controls it. */
  static boolean isControlledBy(JsonNode object, String uid) {
    return Trees.list(object, "metadata", "ownerReferences").stream()
        .anyMatch(each -> Trees.isTrue(each, "controller") && Trees.text(each, "uid").equals(uid));
  }

  /** Makes the owner the one that controls the object; changes the object. */
  static void own(ObjectNode object, ObjectNode owner) {
    Trees.with(object, "metadata")
        .putArray("ownerReferences")
        .addObject()
        .put("apiVersion", Trees.text(owner, "apiVersion"))
        .put("kind", Trees.text(owner, "kind"))
        .put("name", Trees.name(owner))
        .put("uid", uid(owner))
        .put("controller", true)
        .put("blockOwnerDeletion", true);
  }
}
