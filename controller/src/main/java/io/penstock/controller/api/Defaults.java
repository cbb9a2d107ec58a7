package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import org.jspecify.annotations.Nullable;

/**
 * What a service means where it says nothing. Pure functions: the argument is never changed.
 *
 * <p>A model's name is only defaulted where no config can bring one: with {@code baseRefs} it stays
 * absent, so that the merge can tell a name that was given from one that was made up.
 */
public final class Defaults {

  private Defaults() {}

  /**
   * What the webhook stores, in any version: the model's name and the label of the routing group. A
   * config is stored as it is.
   */
  public static ObjectNode stored(ObjectNode object) {
    var copy = object.deepCopy();
    if (Kinds.isService(copy)) {
      if (Trees.list(copy, "spec", "baseRefs").isEmpty()) {
        nameModel(copy);
      }
      labelGroup(copy);
    }
    return copy;
  }

  /**
   * What the controller works on: {@link #stored}, templates in one shape ({@link Normalization})
   * and each with a list of containers.
   */
  public static ObjectNode apply(ObjectNode object) {
    var copy = Normalization.apply(stored(object));
    for (var place : TemplatePlace.all(copy)) {
      if (!Trees.has(place.template(), "containers")) {
        place.template().putArray("containers");
      }
    }
    return copy;
  }

  private static void nameModel(ObjectNode service) {
    var model = Trees.object(service, "spec", "model");
    var name = Trees.name(service);
    if (model != null && !name.isEmpty() && isUnnamed(Trees.at(model, "name"))) {
      model.put("name", name);
    }
  }

  private static boolean isUnnamed(@Nullable JsonNode name) {
    return name == null || name.equals(TextNode.valueOf(""));
  }

  private static void labelGroup(ObjectNode service) {
    var labels = Trees.object(service, "metadata", "labels");
    var group = Trees.text(service, "spec", "router", "route", "group");
    if (!group.isEmpty()) {
      Trees.with(service, "metadata", "labels").put(Labels.ROUTING_GROUP, group);
    } else if (labels != null) {
      labels.remove(Labels.ROUTING_GROUP);
    }
  }
}
