package io.penstock.picker.discovery.kubernetes;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.penstock.picker.discovery.DiscoveryException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an InferencePool says of its endpoints. Immutable.
 *
 * @param labels a pod must have them all; not empty
 * @param ports of each pod, in the pool's order; not empty
 * @param protocol what the pods are said to speak: {@link #HTTP} where nothing is said
 */
record PoolTargets(Map<String, String> labels, List<Integer> ports, String protocol) {

  /** HTTP/1.1. */
  static final String HTTP = "http";

  PoolTargets {
    labels = Map.copyOf(labels);
    ports = List.copyOf(ports);
  }

  /**
   * Reads a pool of v1 ({@code selector.matchLabels}, {@code targetPorts[].number}) or v1alpha2
   * ({@code selector}, {@code targetPortNumber}).
   *
   * @throws DiscoveryException when it lacks them; the API server lets none such pass
   */
  static PoolTargets of(GenericKubernetesResource pool) {
    boolean alpha = pool.getApiVersion().endsWith("/v1alpha2");
    @Nullable Object selector =
        alpha ? pool.get("spec", "selector") : pool.get("spec", "selector", "matchLabels");
    Map<String, String> labels = new LinkedHashMap<>();
    if (selector instanceof Map<?, ?> map) {
      map.forEach((key, value) -> labels.put(String.valueOf(key), String.valueOf(value)));
    }
    List<Integer> ports = new ArrayList<>();
    if (alpha) {
      addPort(ports, pool.get("spec", "targetPortNumber"));
    } else if (pool.get("spec", "targetPorts") instanceof List<?> list) {
      for (var each : list) {
        addPort(ports, each instanceof Map<?, ?> map ? map.get("number") : null);
      }
    }
    if (labels.isEmpty() || ports.isEmpty()) {
      throw new DiscoveryException(
          "InferencePool %s/%s has no %s"
              .formatted(
                  pool.getMetadata().getNamespace(),
                  pool.getMetadata().getName(),
                  labels.isEmpty() ? "selector" : "target port"));
    }
    var protocol = pool.get("spec", "appProtocol") instanceof String text ? text : HTTP;
    return new PoolTargets(labels, ports, protocol);
  }

  private static void addPort(List<Integer> ports, @Nullable Object number) {
    if (number instanceof Number port && port.intValue() >= 1 && port.intValue() <= 65_535) {
      ports.add(port.intValue());
    }
  }
}
