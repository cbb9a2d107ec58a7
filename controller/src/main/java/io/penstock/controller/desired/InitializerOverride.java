package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.arrayAt;
import static io.penstock.controller.preset.Nodes.text;

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
                var key = field.equals("volumeMounts") ? "mountPath" : "name";
                for (var each : list) {
                  addUnlessThere(arrayAt(own, field), (ObjectNode) each, key);
                }
              }
            });
  }

  private static void addUnlessThere(ArrayNode list, ObjectNode element, String key) {
    for (var there : list) {
      if (text(there, key).equals(text(element, key))) {
        return;
      }
    }
    list.add(element);
  }
}
