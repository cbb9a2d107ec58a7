package io.penstock.picker.discovery.kubernetes;

import io.fabric8.kubernetes.api.model.Pod;
import io.penstock.picker.discovery.RoleLabel;
import io.penstock.picker.pool.EndpointId;
import io.penstock.picker.pool.EndpointSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of one pod, one for each target port, as llm-d's picker and GIE's have them. Pure
 * functions.
 *
 * <p>An endpoint's identity is the pod's uid with its address: a new pod on an old address is
 * another endpoint, and so is a pod whose sandbox was made anew on another address.
 */
final class PodEndpoints {

  private static final String ACTIVE_PORTS = "llm-d.ai/active-ports";
  private static final String LEGACY_ACTIVE_PORTS = "inference.networking.k8s.io/active-ports";
  private static final String ENGINE = "llm-d.ai/engine-type";
  private static final String LEGACY_ENGINE = "inference.networking.k8s.io/engine-type";

  private PodEndpoints() {}

  /**
   * The endpoints of a pod that is ready or terminating; none for any other, without an address, or
   * with a role that takes no requests. Those of a terminating pod are marked so, as long as its
   * containers run.
   *
   * @param ports the pool's
   */
  static List<EndpointSpec> of(Pod pod, List<Integer> ports) {
    var status = pod.getStatus();
    boolean terminating = pod.getMetadata().getDeletionTimestamp() != null;
    if (status == null
        || status.getPodIP() == null
        || status.getPodIP().isEmpty()
        || !(terminating ? isRunning(pod) : isReady(pod))) {
      return List.of();
    }
    var labels = labels(pod);
    var role = RoleLabel.role(labels);
    if (role.isEmpty()) {
      return List.of();
    }
    var name = pod.getMetadata().getNamespace() + "/" + pod.getMetadata().getName();
    var host = status.getPodIP();
    var active = activePorts(pod);
    List<EndpointSpec> endpoints = new ArrayList<>();
    for (int rank = 0; rank < ports.size(); rank++) {
      int port = ports.get(rank);
      if (active == null || active.contains(port)) {
        endpoints.add(
            new EndpointSpec(
                new EndpointId(pod.getMetadata().getUid() + "@" + host + ":" + port),
                name + "-rank-" + rank,
                host,
                port,
                role.get(),
                labels,
                terminating));
      }
    }
    return endpoints;
  }

  private static boolean isReady(Pod pod) {
    var conditions = pod.getStatus().getConditions();
    return conditions != null
        && conditions.stream()
            .anyMatch(each -> "Ready".equals(each.getType()) && "True".equals(each.getStatus()));
  }

  private static boolean isRunning(Pod pod) {
    return "Running".equals(pod.getStatus().getPhase());
  }

  /** The pod's labels; an engine under the older name has the newer too. */
  private static Map<String, String> labels(Pod pod) {
    Map<String, String> labels = new HashMap<>();
    if (pod.getMetadata().getLabels() != null) {
      labels.putAll(pod.getMetadata().getLabels());
    }
    var engine = labels.get(LEGACY_ENGINE);
    if (engine != null) {
      labels.putIfAbsent(ENGINE, engine);
    }
    return labels;
  }

  /** What the annotation allows, null when there is none; what is no number in it is ignored. */
  private static @Nullable Set<Integer> activePorts(Pod pod) {
    var annotations = pod.getMetadata().getAnnotations();
    if (annotations == null) {
      return null;
    }
    var text = annotations.getOrDefault(ACTIVE_PORTS, annotations.get(LEGACY_ACTIVE_PORTS));
    if (text == null) {
      return null;
    }
    Set<Integer> ports = new HashSet<>();
    for (var part : text.split(",", -1)) {
      var digits = part.strip();
      if (digits.matches("[0-9]{1,5}")) {
        ports.add(Integer.parseInt(digits));
      }
    }
    return ports;
  }
}
