package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * A member of a spec that is a pod template and is there. Immutable; the nodes are the object's
 * own.
 *
 * @param owner what it is a member of
 * @param name of the member
 * @param path of the member
 * @param hasLabels whether labels and annotations of its pods stand beside it
 */
record TemplatePlace(ObjectNode owner, String name, FieldPath path, boolean hasLabels) {

  /** The templates of a service or config, in any version. */
  static List<TemplatePlace> all(JsonNode object) {
    List<TemplatePlace> places = new ArrayList<>();
    add(places, object, "template", true, "spec");
    add(places, object, "worker", false, "spec");
    add(places, object, "template", true, "spec", "prefill");
    add(places, object, "worker", false, "spec", "prefill");
    add(places, object, "template", true, "spec", "router", "scheduler");
    add(places, object, "template", false, "spec", "router", "scheduler", "tokenizer");
    return places;
  }

  private static void add(
      List<TemplatePlace> places, JsonNode object, String name, boolean hasLabels, String... path) {
    var owner = Trees.object(object, path);
    if (owner != null && owner.get(name) instanceof ObjectNode) {
      places.add(new TemplatePlace(owner, name, FieldPath.ROOT.child(path).child(name), hasLabels));
    }
  }

  ObjectNode template() {
    return (ObjectNode) owner.get(name);
  }
}
