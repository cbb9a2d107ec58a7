package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.desired.ClusterFacts.PoolVersion;

/** The pool of a service's pods, in the version that the cluster serves. */
final class InferencePools {

  private static final int PICKER_PORT = 9002;

  private InferencePools() {}

  /** API group of the pool; v1's when the cluster serves none. */
  static String group(ServiceView service) {
    return version(service).group();
  }

  private static PoolVersion version(ServiceView service) {
    var version = service.shape().poolVersion();
    return version == null ? PoolVersion.V1 : version;
  }

  static ObjectNode of(ServiceView service) {
    var version = version(service);
    return service.child(
        version.apiVersion(),
        "InferencePool",
        "-inference-pool",
        "router",
        "spec",
        version == PoolVersion.V1 ? v1(service) : v1alpha2(service));
  }

  private static ObjectNode v1(ServiceView service) {
    var wanted = at(service.spec(), "router", "scheduler", "pool", "spec");
    var spec = wanted instanceof ObjectNode object ? object.deepCopy() : object();
    if (at(spec, "selector", "matchLabels").isEmpty()) {
      spec.set("selector", object("matchLabels", service.serving()));
    }
    if (at(spec, "targetPorts").isEmpty()) {
      spec.set("targetPorts", array(object("number", Engine.PORT)));
    }
    if (!service.shape().scheduler()) {
      // The gateway itself picks.
      spec.remove("endpointPickerRef");
    } else if (spec.get("endpointPickerRef") instanceof ObjectNode picker
        && !has(picker, "port", "number")) {
      picker.set("port", object("number", PICKER_PORT));
    }
    return spec;
  }

  private static ObjectNode v1alpha2(ServiceView service) {
    var spec = v1(service);
    var picker = spec.path("endpointPickerRef");
    return object(
        "selector",
        at(spec, "selector", "matchLabels"),
        "targetPortNumber",
        at(spec, "targetPorts").path(0).path("number").asInt(Engine.PORT),
        "extensionRef",
        object(
            "group",
            text(picker, "group"),
            "kind",
            text(picker, "kind").isEmpty() ? "Service" : text(picker, "kind"),
            "name",
            text(picker, "name"),
            "portNumber",
            at(picker, "port", "number").asInt(PICKER_PORT),
            "failureMode",
            text(picker, "failureMode").isEmpty() ? "FailClose" : text(picker, "failureMode")));
  }
}
