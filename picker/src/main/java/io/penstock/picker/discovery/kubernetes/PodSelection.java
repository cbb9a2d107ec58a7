package io.penstock.picker.discovery.kubernetes;

import io.penstock.picker.discovery.DiscoveryException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which pods are endpoints. */
public sealed interface PodSelection {

  /** Most ports of a pod that can be endpoints, as InferencePool has it. */
  int MAX_PORTS = 8;

  /** Namespace of the pods, and of the pool. */
  String namespace();

  /**
   * The pods that an InferencePool selects.
   *
   * @param group {@link #GROUP} for v1, {@link #ALPHA_GROUP} for v1alpha2
   */
  record OfPool(String group, String namespace, String name) implements PodSelection {

    /** Group of InferencePool v1. */
    public static final String GROUP = "inference.networking.k8s.io";

    /** Group of InferencePool v1alpha2. */
    public static final String ALPHA_GROUP = "inference.networking.x-k8s.io";

    /**
     * Checks the group.
     *
     * @throws DiscoveryException when it has no InferencePool
     */
    public OfPool {
      if (!group.equals(GROUP) && !group.equals(ALPHA_GROUP)) {
        throw new DiscoveryException(
            "pool group \"%s\" has no InferencePool; allowed: %s, %s"
                .formatted(group, GROUP, ALPHA_GROUP));
      }
    }

    String version() {
      return group.equals(GROUP) ? "v1" : "v1alpha2";
    }

    @Override
    public String toString() {
      return "InferencePool %s/%s of %s".formatted(namespace, name, group);
    }
  }

  /**
   * Pods with some labels; needs no InferencePool.
   *
   * @param labels at least one; a pod must have them all
   * @param ports 1 to 8 different ports; each is an endpoint of the pod
   */
  record OfLabels(String namespace, Map<String, String> labels, List<Integer> ports)
      implements PodSelection {

    /**
     * Copies and checks the labels and ports.
     *
     * @throws DiscoveryException when there is no label, no port, one twice or more than 8
     */
    public OfLabels {
      labels = Map.copyOf(labels);
      ports = List.copyOf(ports);
      if (labels.isEmpty()) {
        throw new DiscoveryException("an endpoint selector has no label; write key=value");
      }
      if (ports.isEmpty() || ports.size() > MAX_PORTS) {
        throw new DiscoveryException(
            ports.size() + " target ports are given; allowed: 1 to " + MAX_PORTS);
      }
      if (new HashSet<>(ports).size() < ports.size()) {
        throw new DiscoveryException("a target port is given twice: " + ports);
      }
      for (int port : ports) {
        if (port < 1 || port > 65_535) {
          throw new DiscoveryException("target port " + port + " is not in 1..65535");
        }
      }
    }

    /**
     * Reads the texts of {@code --endpoint-selector} and {@code --endpoint-target-ports}.
     *
     * @param selector {@code key=value,key=value}
     * @param ports {@code 8000,8001}
     * @throws DiscoveryException when they are not that
     */
    public static OfLabels parse(String namespace, String selector, String ports) {
      Map<String, String> labels = new LinkedHashMap<>();
      for (var pair : selector.split(",", -1)) {
        int equals = pair.indexOf('=');
        if (equals < 1) {
          throw new DiscoveryException(
              "endpoint selector \"" + selector + "\" is not key=value,key=value");
        }
        labels.put(pair.substring(0, equals).strip(), pair.substring(equals + 1).strip());
      }
      List<Integer> numbers = new ArrayList<>();
      for (var text : ports.split(",", -1)) {
        try {
          numbers.add(Integer.parseInt(text.strip()));
        } catch (NumberFormatException e) {
          throw new DiscoveryException("target ports \"" + ports + "\" are not numbers");
        }
      }
      return new OfLabels(namespace, labels, numbers);
    }
  }
}
