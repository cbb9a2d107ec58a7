package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Trees;
import io.penstock.controller.desired.Rendering;
import java.util.Map;

/**
 * What a service's status keeps for the passes to come: the configs that it is made of, which
 * editions of presets to stay with, and that it has been ready. Pure functions, but for the status
 * that they add to.
 */
final class Remembered {

  /** Of a status, {@code "true"}: the service has been ready since it was created. */
  private static final String BEEN_READY = "internal.serving.kserve.io/been-ready";

  private Remembered() {}

  /**
   * Adds it to the next status.
   *
   * @param ready whether the service is ready now
   */
  static void keep(ServiceStatus.Sight sight, boolean ready, ObjectNode status) {
    applied(sight, status);
    pins(sight, status);
    if (ready || hasBeenReady(sight.service())) {
      Trees.with(status, "annotations").put(BEEN_READY, "true");
    }
  }

  /** Whether a service, as stored, has been ready since it was created. */
  static boolean hasBeenReady(ObjectNode service) {
    return Trees.text(service, "status", "annotations", BEEN_READY).equals("true");
  }

  /** The configs that it is made of; what is not rendered now stands on those it did. */
  private static void applied(ServiceStatus.Sight sight, ObjectNode status) {
    switch (sight.rendering()) {
      case Rendering.Rendered rendered when rendered.applied().isEmpty() -> {}
      case Rendering.Rendered rendered -> {
        var list = status.putArray("appliedConfigs");
        for (var each : rendered.applied()) {
          var config = list.addObject().put("name", each.name());
          config.put("namespace", each.namespace()).put("source", each.source().text());
        }
      }
      case Rendering.Refused _ -> {
        var before = Trees.at(sight.service(), "status", "appliedConfigs");
        if (before != null) {
          status.set("appliedConfigs", before.deepCopy());
        }
      }
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
