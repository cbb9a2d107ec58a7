package io.penstock.proxy.exchange;

import io.penstock.picker.pool.Endpoint;
import io.penstock.picker.pool.EndpointId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The gateway's pools, in the order of the configuration. Immutable; thread-safe. */
public final class PoolDirectory {

  private final List<GatewayPool> pools;

  /** A directory of these pools. */
  public PoolDirectory(List<GatewayPool> pools) {
    this.pools = List.copyOf(pools);
  }

  /** The pools. */
  public List<GatewayPool> pools() {
    return pools;
  }

  /**
   * The pool that a request goes to: the one {@link #serving} its model; for a request that names
   * none the only pool, null where there are several.
   *
   * @param model empty for a request that names none
   */
  @Nullable GatewayPool routed(String model) {
    return model.isEmpty() ? only() : serving(model);
  }

  private @Nullable GatewayPool only() {
    return pools.size() == 1 ? pools.getFirst() : null;
  }

  /**
   * The first pool that serves the model or has a rule for its name, else the first with a rule for
   * every model, null when there is neither.
   */
  @Nullable GatewayPool serving(String model) {
    for (int i = 0; i < pools.size(); i++) {
      if (pools.get(i).routes(model)) {
        return pools.get(i);
      }
    }
    for (int i = 0; i < pools.size(); i++) {
      if (pools.get(i).picker().rules().targets(model) != null) {
        return pools.get(i);
      }
    }
    return null;
  }

  /**
   * Whether a model that no pool serves does not exist: every pool without configured models has
   * endpoints, and each of them has listed what it serves.
   */
  boolean knowAllModels() {
    for (var pool : pools) {
      if (pool.models().isEmpty()) {
        var endpoints = pool.picker().snapshot().endpoints();
        if (endpoints.isEmpty() || endpoints.stream().anyMatch(each -> each.models().isEmpty())) {
          return false;
        }
      }
    }
    return true;
  }

  /** The pool of that name, null when there is none. */
  @Nullable GatewayPool named(String name) {
    for (var pool : pools) {
      if (pool.name().equals(name)) {
        return pool;
      }
    }
    return null;
  }

  /** The endpoint of that pool, null when it has gone. */
  static @Nullable Endpoint endpoint(GatewayPool pool, EndpointId id) {
    for (var endpoint : pool.picker().snapshot().endpoints()) {
      if (endpoint.id().equals(id)) {
        return endpoint;
      }
    }
    return null;
  }

  /** Whether every pool has an endpoint that accepts requests and has listed a model. */
  public boolean ready() {
    return pools.stream().allMatch(GatewayPool::ready);
  }
}
