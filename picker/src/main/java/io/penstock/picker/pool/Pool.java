package io.penstock.picker.pool;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The one writer of a pool's snapshots: applies deltas, gives slots, tells listeners.
 *
 * <p>{@link #apply}, {@link #models} and {@link #release} are called on one thread, the owner's
 * (the control thread of the assembly); {@link #snapshot} from anywhere.
 */
public final class Pool {

  /** Told of each change on the owner's thread, after the new snapshot is visible. */
  public interface Listener {

    /**
     * One delta was applied.
     *
     * @param snapshot the pool as it is now
     * @param added endpoints that got a slot
     * @param removed endpoints whose slot waits for {@link Pool#release}
     */
    void changed(PoolSnapshot snapshot, List<Endpoint> added, List<Endpoint> removed);
  }

  private final String name;
  private final Map<EndpointId, Endpoint> byId = new HashMap<>();
  private final TreeMap<Integer, Endpoint> bySlot = new TreeMap<>();
  private final ArrayDeque<Integer> free = new ArrayDeque<>();
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();
  private int nextSlot;
  private volatile PoolSnapshot snapshot;

  /** An empty pool. */
  public Pool(String name) {
    this.name = name;
    this.snapshot = PoolSnapshot.empty(name);
  }

  /** The newest snapshot. Thread-safe; one volatile read. */
  public PoolSnapshot snapshot() {
    return snapshot;
  }

  /** Adds a listener; it hears of changes from now on. */
  public void listen(Listener listener) {
    listeners.add(listener);
  }

  /**
   * Applies a delta.
   *
   * @return endpoints that found no slot because {@link Endpoint#MAX_SLOTS} are taken
   */
  public List<EndpointSpec> apply(PoolDelta delta) {
    List<Endpoint> removed = new ArrayList<>();
    List<Endpoint> added = new ArrayList<>();
    List<EndpointSpec> refused = new ArrayList<>();
    for (var id : delta.removals()) {
      var gone = byId.remove(id);
      if (gone != null) {
        bySlot.remove(gone.slot());
        removed.add(gone);
      }
    }
    for (var spec : delta.upserts()) {
      var known = byId.get(spec.id());
      if (known != null) {
        put(new Endpoint(known.slot(), spec, known.models()));
        continue;
      }
      int fresh = takeSlot();
      if (fresh < 0) {
        refused.add(spec);
        continue;
      }
      var endpoint = new Endpoint(fresh, spec, List.of());
      put(endpoint);
      added.add(endpoint);
    }
    publish(added, removed);
    return refused;
  }

  /** Notes what an endpoint lists under {@code /v1/models}; ignored when it has gone or agrees. */
  public void models(EndpointId id, List<ServedModel> models) {
    var known = byId.get(id);
    if (known == null || known.models().equals(models)) {
      return;
    }
    put(new Endpoint(known.slot(), known.spec(), models));
    publish(List.of(), List.of());
  }

  /** Makes the slot of a removed endpoint free for the next one, once nothing refers to it. */
  public void release(int slot) {
    assert !bySlot.containsKey(slot) : slot;
    free.addLast(slot);
  }

  private void put(Endpoint endpoint) {
    byId.put(endpoint.id(), endpoint);
    bySlot.put(endpoint.slot(), endpoint);
  }

  private int takeSlot() {
    if (!free.isEmpty()) {
      return free.pollFirst();
    }
    return nextSlot < Endpoint.MAX_SLOTS ? nextSlot++ : -1;
  }

  private void publish(List<Endpoint> added, List<Endpoint> removed) {
    var next = new PoolSnapshot(name, snapshot.version() + 1, new ArrayList<>(bySlot.values()));
    snapshot = next;
    for (var listener : listeners) {
      listener.changed(next, added, removed);
    }
  }
}
