package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.arrayAt;
import static io.penstock.controller.preset.Nodes.named;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/** The container of a pod that runs the inference server, and changes that parts make to it. */
final class Engine {

  static final String CONTAINER = "main";
  static final int PORT = 8000;
  static final List<String> PROBES = List.of("livenessProbe", "readinessProbe", "startupProbe");

  private Engine() {}

  /** The engine's container; empty when a pod has none of that name. */
  static Optional<ObjectNode> of(JsonNode pod) {
    return Optional.ofNullable(named(pod, "containers", CONTAINER));
  }

  /** Puts arguments before those that are there: who comes later has the last word. */
  static void prependArgs(ObjectNode container, List<String> args) {
    var all = array(args.toArray());
    all.addAll(arrayAt(container, "args"));
    container.set("args", all);
  }

  /** Whether the user's arguments have that flag. */
  static boolean hasFlag(JsonNode container, String flag) {
    for (var arg : container.path("args")) {
      if (arg.asText().equals(flag) || arg.asText().startsWith(flag + "=")) {
        return true;
      }
    }
    return false;
  }

  /** Adds a variable unless one of that name is there. */
  static void addEnv(ObjectNode container, String name, String value) {
    if (named(container, "env", name) == null) {
      arrayAt(container, "env").add(object("name", name, "value", value));
    }
  }

  /** Adds a variable with a field of the pod unless one of that name is there. */
  static void addEnvOfField(ObjectNode container, String name, String fieldPath) {
    if (named(container, "env", name) == null) {
      arrayAt(container, "env")
          .add(
              object(
                  "name", name, "valueFrom", object("fieldRef", object("fieldPath", fieldPath))));
    }
  }

  /** Adds a mount unless something is mounted there. */
  static void mount(ObjectNode container, ObjectNode mount) {
    for (var there : container.path("volumeMounts")) {
      if (text(there, "mountPath").equals(text(mount, "mountPath"))) {
        return;
      }
    }
    arrayAt(container, "volumeMounts").add(mount);
  }

  /** Adds a volume unless one of that name is there. */
  static void addVolume(ObjectNode pod, ObjectNode volume) {
    if (named(pod, "volumes", text(volume, "name")) == null) {
      arrayAt(pod, "volumes").add(volume);
    }
  }
}
