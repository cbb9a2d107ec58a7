package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.SchedulingContext;
import io.penstock.picker.schedule.Scorer;

/**
 * Prefers endpoints near the one that takes the request's other leg: 1 on its host, 0.2 in its
 * rack, 0.05 in its zone, 0.02 in its region, else 0; 0 for all where there is no other leg.
 */
public final class TopologyAffinityScorer implements Scorer {

  /** Type in configuration. */
  public static final String TYPE = "topology-affinity-scorer";

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void score(SchedulingContext context, Candidates candidates, double[] scores) {
    var peer = context.peer();
    for (int i = 0; peer != null && i < candidates.count(); i++) {
      scores[i] = Topology.between(peer, candidates.endpoint(i)).score();
    }
  }
}
