package io.penstock.controller.preset;

import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/**
 * Whether pods want a device: an extended resource, as {@code nvidia.com/gpu}, or a claim. Pods
 * that want none run the engine's CPU build.
 */
public final class Accelerators {

  private Accelerators() {}

  /** Whether a pod of the workload, head or worker, asks for a device. */
  public static boolean wanted(JsonNode workload) {
    return podWants(workload.path("template")) || podWants(workload.path("worker"));
  }

  private static boolean podWants(JsonNode pod) {
    if (!pod.path("resourceClaims").isEmpty()) {
      return true;
    }
    for (var container : pod.path("containers")) {
      if (count(container, 1) > 0 || has(container, "resources", "claims")) {
        return true;
      }
    }
    return false;
  }

  /** Devices that a container asks for. */
  public static long count(JsonNode container) {
    return count(container, 0);
  }

  /**
   * As {@link #count}.
   *
   * @param unread what an amount counts that is none, as a template that is yet to be evaluated
   */
  private static long count(JsonNode container, long unread) {
    long count = 0;
    for (var kind : List.of("limits", "requests")) {
      for (var resource : at(container, "resources", kind).properties()) {
        if (isDevice(resource.getKey())) {
          var amount = Quantity.bytes(resource.getValue().asText()).orElse(unread);
          count = Math.max(count, amount);
        }
      }
    }
    return count;
  }

  private static boolean isDevice(String resource) {
    var domain = resource.substring(0, Math.max(resource.indexOf('/'), 0));
    return !domain.isEmpty()
        && !domain.equals("kubernetes.io")
        && !domain.endsWith(".kubernetes.io")
        && !resource.startsWith("rdma/");
  }
}
