package io.penstock.picker.extproc;

import io.penstock.picker.pool.Endpoint;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What all streams share. Thread-safe.
 *
 * @param pools at least one; the first is for gateways that ask for none
 */
record ExtProcServices(
    List<ExtProcPool> pools, ExtProcSettings settings, BodyBudget budget, EppMetrics metrics) {

  /** The pool of that name, null if there is none; the first for null. */
  @Nullable ExtProcPool pool(@Nullable String name) {
    if (name == null) {
      return pools.getFirst();
    }
    for (var pool : pools) {
      if (pool.name().equals(name)) {
        return pool;
      }
    }
    return null;
  }

  /** The endpoints of all pools, as they are now. */
  List<Endpoint> endpoints() {
    return pools.stream().flatMap(pool -> pool.picker().snapshot().endpoints().stream()).toList();
  }
}
