package io.penstock.picker.schedule.plugins;

import io.penstock.picker.schedule.Candidates;
import io.penstock.picker.schedule.Filter;
import io.penstock.picker.schedule.SchedulingContext;

/**
 * Keeps endpoints at least so near to the one that takes the request's other leg; all where none
 * is, or where there is no other leg.
 */
public final class TopologyAffinityFilter implements Filter {

  /** Type in configuration. */
  public static final String TYPE = "topology-affinity-filter";

  private final Topology farthest;

  /**
   * A filter.
   *
   * @param farthest the farthest that stays
   */
  public TopologyAffinityFilter(Topology farthest) {
    this.farthest = farthest;
  }

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public void filter(SchedulingContext context, Candidates candidates) {
    var peer = context.peer();
    if (peer == null) {
      return;
    }
    for (int i = 0; i < candidates.count(); i++) {
      if (Topology.between(peer, candidates.endpoint(i)).compareTo(farthest) > 0) {
        candidates.drop(i);
      }
    }
    if (candidates.remaining() == 0) {
      candidates.keepAll();
    }
  }
}
