package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.Rendering;
import java.util.Map;

/**
 * What a service's status keeps for the passes to come: the configs that it is made of, and which
 * editions of presets to stay with. Pure functions, but for the status that they add to.
 */
final class Remembered {

  private Remembered() {}

  /** Adds it to the next status. */
  static void keep(ServiceStatus.Sight sight, ObjectNode status) {
    applied(sight, status);
    pins(sight, status);
  }

  private static void applied(ServiceStatus.Sight sight, ObjectNode status) {
    if (sight.rendering() instanceof Rendering.Rendered rendered && !rendered.applied().isEmpty()) {
      var list = status.putArray("appliedConfigs");
      rendered
          .applied()
          .forEach(
              each ->
                  list.addObject()
                      .put("name", each.name())
                      .put("namespace", each.namespace())
                      .put("source", each.source().text()));
    }
  }

  /** Which editions of presets to stay with; what is not rendered now keeps those it had. */
  private static void pins(ServiceStatus.Sight sight, ObjectNode status) {
    Map<String, String> pins =
        sight.rendering() instanceof Rendering.Rendered rendered ? rendered.pins() : Map.of();
    var before = Trees.object(sight.service(), "status", "annotations");
    if (!pins.isEmpty()) {
      var annotations = Trees.with(status, "annotations");
      pins.forEach((key, edition) -> annotations.put(key, edition));
    } else if (before != null) {
      status.set("annotations", before.deepCopy());
    }
  }
}
