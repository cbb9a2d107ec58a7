package io.penstock.picker.schedule;

import io.penstock.picker.pool.Endpoint;
import java.util.ArrayList;
import java.util.List;

/**
 * Endpoints that one request has tried already and must not be sent to again. Confined to the
 * request's event loop.
 */
public final class Exclusions {

  private final List<Endpoint> tried = new ArrayList<>(0);

  /** Adds an endpoint. */
  public void add(Endpoint endpoint) {
    tried.add(endpoint);
  }

  /** Number of endpoints added. */
  public int size() {
    return tried.size();
  }

  /** Whether the endpoint was tried: the same pod, whatever became of its slot. */
  public boolean contains(Endpoint endpoint) {
    for (int i = 0; i < tried.size(); i++) {
      var other = tried.get(i);
      if (other.slot() == endpoint.slot() && other.id().equals(endpoint.id())) {
        return true;
      }
    }
    return false;
  }
}
