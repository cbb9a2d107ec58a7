package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.arrayAt;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;

/**
 * A user's own container of the name of the one that downloads: what it says counts, except what
 * decides what is downloaded and where to.
 */
final class InitializerOverride {

  private static final Set<String> FORCED = Set.of("name", "args", "command");

  private InitializerOverride() {}

  /** Fills {@code own}, which stands in the pod, with what {@code ours} has and it lacks. */
  static void apply(ObjectNode ours, ObjectNode own) {
    own.remove(FORCED);
    ours.properties()
        .forEach(
            member -> {
              var field = member.getKey();
              if (FORCED.contains(field) || !own.has(field)) {
                own.set(field, member.getValue());
              } else if (member.getValue() instanceof ArrayNode list) {
                var there = arrayAt(own, field);
                for (var each : list) {
                  switch (field) {
                    case "envFrom" -> putBeforeUnlessThere(there, each);
                    case "volumeMounts" -> addUnlessThere(there, each, "mountPath");
                    default -> addUnlessThere(there, each, "name");
                  }
                }
              }
            });
  }

  /** Sources of variables have no key; of two with the same variable the later one counts. */
  private static void putBeforeUnlessThere(ArrayNode list, JsonNode element) {
    for (var there : list) {
      if (there.equals(element)) {
        return;
      }
    }
    list.insert(0, element);
  }

  private static void addUnlessThere(ArrayNode list, JsonNode element, String key) {
    for (var there : list) {
      if (text(there, key).equals(text(element, key))) {
        return;
      }
    }
    list.add(element);
  }
}
