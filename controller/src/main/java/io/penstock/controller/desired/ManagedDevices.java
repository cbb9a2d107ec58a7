package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.arrayAt;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.named;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.objectAt;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Annotations;
import io.penstock.controller.preset.ChildName;
import java.util.List;
import java.util.Optional;

/**
 * Devices that a service asks for by annotations: one ResourceClaimTemplate, and a claim on it in
 * every pod that runs an engine.
 */
final class ManagedDevices {

  private static final String NAME = "-managed-dra";
  private static final String CLAIM = "managed-device";

  private ManagedDevices() {}

  private static String annotation(ObjectNode metadata, String name) {
    return text(metadata, "annotations", name);
  }

  /** Puts the claim into the service's own pods, before anything is decided by them. */
  static void claim(ObjectNode service, String templateName) {
    var metadata = objectAt(service, "metadata");
    if (annotation(metadata, Annotations.DRA_DEVICE_CLASS).isEmpty()) {
      return;
    }
    var spec = objectAt(service, "spec");
    claimIn(metadata, spec, templateName);
    if (spec.get("prefill") instanceof ObjectNode prefill) {
      claimIn(metadata, prefill, templateName);
    }
  }

  private static void claimIn(ObjectNode metadata, ObjectNode workload, String templateName) {
    claimInPod(metadata, objectAt(workload, "template"), templateName);
    if (has(workload, "worker")) {
      claimInPod(metadata, objectAt(workload, "worker"), templateName);
    }
  }

  private static void claimInPod(ObjectNode metadata, ObjectNode pod, String templateName) {
    var chosen = annotation(metadata, Annotations.DRA_CONTAINER_NAME);
    var containers = arrayAt(pod, "containers");
    var name = chosen.isEmpty() ? text(containers.path(0), "name") : chosen;
    if (name.isEmpty()) {
      name = Engine.CONTAINER;
    }
    var container = named(pod, "containers", name);
    if (container == null) {
      container = object("name", name);
      containers.add(container);
    }
    arrayAt(objectAt(container, "resources"), "claims").add(object("name", CLAIM));
    if (named(pod, "resourceClaims", CLAIM) == null) {
      arrayAt(pod, "resourceClaims")
          .add(object("name", CLAIM, "resourceClaimTemplateName", templateName));
    }
  }

  /** Name of the template of a service. */
  static String templateName(String service) {
    return ChildName.of(service, NAME);
  }

  /** What claims are made from. */
  static Optional<ObjectNode> of(ServiceView service) {
    var deviceClass = annotation(service.metadata(), Annotations.DRA_DEVICE_CLASS);
    if (deviceClass.isEmpty()) {
      return Optional.empty();
    }
    var count = annotation(service.metadata(), Annotations.DRA_DEVICE_COUNT);
    var selectors = array();
    for (var line :
        List.of(annotation(service.metadata(), Annotations.DRA_CEL_SELECTOR).split("\n", -1))) {
      if (!line.isBlank()) {
        selectors.add(object("cel", object("expression", line.strip())));
      }
    }
    var wanted =
        object(
            "deviceClassName",
            deviceClass,
            "allocationMode",
            "ExactCount",
            "count",
            count.isEmpty() ? 1 : Long.parseLong(count),
            "selectors",
            selectors.isEmpty() ? null : selectors);
    return Optional.of(
        service.child(
            "resource.k8s.io/v1",
            "ResourceClaimTemplate",
            NAME,
            "workload",
            "spec",
            object(
                "spec",
                object(
                    "devices",
                    object("requests", array(object("name", "device", "exactly", wanted)))))));
  }
}
