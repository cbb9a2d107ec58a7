package io.penstock.picker.pool;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a discovery source saw change.
 *
 * @param upserts endpoints that are new or differ from before; matched by id
 * @param removals endpoints that have gone
 */
public record PoolDelta(List<EndpointSpec> upserts, List<EndpointId> removals) {

  /** Copies the lists. */
  public PoolDelta {
    upserts = List.copyOf(upserts);
    removals = List.copyOf(removals);
  }

  /** Whether nothing changed. */
  public boolean isEmpty() {
    return upserts.isEmpty() && removals.isEmpty();
  }

  /** The same for whom endpoints of that role are none: one that takes the role leaves. */
  public PoolDelta without(Role role) {
    List<EndpointSpec> kept = new ArrayList<>();
    List<EndpointId> gone = new ArrayList<>(removals);
    for (var spec : upserts) {
      if (spec.role() == role) {
        gone.add(spec.id());
      } else {
        kept.add(spec);
      }
    }
    return new PoolDelta(kept, gone);
  }

  /** What leads from one full list to the next, for sources that read full lists. */
  public static PoolDelta between(List<EndpointSpec> before, List<EndpointSpec> after) {
    Map<EndpointId, EndpointSpec> old = new HashMap<>();
    for (var spec : before) {
      old.put(spec.id(), spec);
    }
    List<EndpointSpec> upserts = new ArrayList<>();
    for (var spec : after) {
      if (!spec.equals(old.remove(spec.id()))) {
        upserts.add(spec);
      }
    }
    return new PoolDelta(upserts, List.copyOf(old.keySet()));
  }
}
