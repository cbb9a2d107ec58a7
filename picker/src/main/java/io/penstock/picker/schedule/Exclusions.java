package io.penstock.picker.schedule;

import io.penstock.picker.pool.Endpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Endpoints that one request must not be sent to: those that it has tried already, and, where it is
 * confined to a subset, those outside. Confined to the request's event loop.
 */
public final class Exclusions {

  private final @Nullable Predicate<Endpoint> subset;
  private final List<Endpoint> tried = new ArrayList<>(0);

  /** Nothing is excluded yet. */
  public Exclusions() {
    this(null);
  }

  private Exclusions(@Nullable Predicate<Endpoint> subset) {
    this.subset = subset;
  }

  /** Every endpoint is excluded but those of {@code subset}. */
  public static Exclusions outside(Predicate<Endpoint> subset) {
    return new Exclusions(subset);
  }

  /** Adds an endpoint that was tried. */
  public void add(Endpoint endpoint) {
    tried.add(endpoint);
  }

  /** Number of endpoints tried. */
  public int size() {
    return tried.size();
  }

  /** Whether any endpoint may be picked. */
  public boolean none() {
    return subset == null && tried.isEmpty();
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

  /** Takes out of the candidates what is excluded. */
  void apply(Candidates candidates) {
    if (subset != null) {
      for (int i = 0; i < candidates.count(); i++) {
        if (!subset.test(candidates.endpoint(i))) {
          candidates.drop(i);
        }
      }
      candidates.removeDropped(Scheduler.SUBSET);
    }
    if (!tried.isEmpty()) {
      for (int i = 0; i < candidates.count(); i++) {
        if (contains(candidates.endpoint(i))) {
          candidates.drop(i);
        }
      }
      candidates.removeDropped(Scheduler.TRIED);
    }
  }
}
