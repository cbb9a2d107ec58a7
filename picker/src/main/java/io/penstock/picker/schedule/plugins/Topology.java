package io.penstock.picker.schedule.plugins;

import io.penstock.picker.pool.Endpoint;
import java.util.List;

/**
 * How near two endpoints are to each other, by the labels of their pods. Pure functions.
 *
 * <p>Two are near by a label where both have it with the same value.
 */
public enum Topology {
  /** On one host. */
  HOST("kubernetes.io/hostname", 1),
  /** In one rack. */
  RACK("topology.kubernetes.io/rack", 0.20),
  /** In one zone. */
  ZONE("topology.kubernetes.io/zone", 0.05),
  /** In one region. */
  REGION("topology.kubernetes.io/region", 0.02),
  /** Nothing is known to be shared. */
  NONE("", 0);

  private static final List<Topology> NEAREST_FIRST = List.of(HOST, RACK, ZONE, REGION);

  private final String label;
  private final double score;

  Topology(String label, double score) {
    this.label = label;
    this.score = score;
  }

  /** What {@code topology-affinity-scorer} gives for it. */
  double score() {
    return score;
  }

  /** The nearest that holds of the two. */
  static Topology between(Endpoint one, Endpoint other) {
    for (int i = 0; i < NEAREST_FIRST.size(); i++) {
      var level = NEAREST_FIRST.get(i);
      var value = one.spec().labels().get(level.label);
      if (value != null && value.equals(other.spec().labels().get(level.label))) {
        return level;
      }
    }
    return NONE;
  }
}
