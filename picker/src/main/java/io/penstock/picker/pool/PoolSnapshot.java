package io.penstock.picker.pool;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of a pool at one moment. Immutable; a request reads one snapshot and keeps it.
 *
 * @param name the pool's name
 * @param version grows by one with each change
 * @param endpoints every endpoint known, terminating ones too, in order of their slots
 */
public record PoolSnapshot(String name, long version, List<Endpoint> endpoints) {

  /** Copies the endpoints. */
  public PoolSnapshot {
    endpoints = List.copyOf(endpoints);
  }

  /** A pool without endpoints. */
  public static PoolSnapshot empty(String name) {
    return new PoolSnapshot(name, 0, List.of());
  }

  /** The same without those that only encode for others: who shares the pool's load. O(n). */
  public PoolSnapshot withoutEncoders() {
    var sharing =
        endpoints.stream().filter(endpoint -> endpoint.spec().role() != Role.ENCODE).toList();
    return sharing.size() == endpoints.size() ? this : new PoolSnapshot(name, version, sharing);
  }

  /** The endpoint of that slot, null when it has gone. O(log n). */
  public @Nullable Endpoint bySlot(int slot) {
    int low = 0;
    int high = endpoints.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int found = endpoints.get(middle).slot();
      if (found == slot) {
        return endpoints.get(middle);
      }
      if (found < slot) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return null;
  }

  /** The highest slot in use plus one; 0 for a pool without endpoints. */
  public int slotBound() {
    return endpoints.isEmpty() ? 0 : endpoints.getLast().slot() + 1;
  }

  /** Whether any endpoint lists the model. */
  public boolean serves(String model) {
    for (int i = 0; i < endpoints.size(); i++) {
      if (endpoints.get(i).serves(model)) {
        return true;
      }
    }
    return false;
  }
}
