package io.penstock.proxy.metrics;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The models that have series of their own. Thread-safe; {@link #get} neither locks nor allocates.
 *
 * <p>A model has them from when somebody lists it until there is no room for another one that is
 * listed, and nobody lists it any more: a pod that restarts does not set its models' counts back.
 * How the requests of one that goes have ended is added to {@link GatewayMetrics#UNKNOWN_MODEL}, so
 * that outcomes still add up to what was accepted.
 */
final class KnownModels {

  /** Most models with series of their own. */
  private static final int MAX_MODELS = 1_000;

  private final ModelMetrics.Families families;
  private final ModelMetrics unknown;
  private final Map<String, ModelMetrics> models = new ConcurrentHashMap<>();

  private final Lock lock = new ReentrantLock();

  /** What each source lists; a few for each pool. Guarded by the lock. */
  private final Map<String, List<String>> listed = new HashMap<>();

  /** Known models that nobody lists, the one that left first in front. Guarded by the lock. */
  private final Set<String> left = new LinkedHashSet<>();

  KnownModels(ModelMetrics.Families families) {
    this.families = families;
    this.unknown = new ModelMetrics(GatewayMetrics.UNKNOWN_MODEL, families);
  }

  /** The series of a model, or those of all unknown ones. */
  ModelMetrics get(String name) {
    return models.getOrDefault(name, unknown);
  }

  ModelMetrics unknown() {
    return unknown;
  }

  /** A source lists these from now on, and nothing else. */
  void list(String source, Collection<String> names) {
    var now = List.copyOf(names);
    lock.lock();
    try {
      var before = listed.put(source, now);
      if (!now.equals(before)) {
        update(before == null ? List.of() : before);
      }
    } finally {
      lock.unlock();
    }
  }

  private void update(List<String> before) {
    Set<String> all = new LinkedHashSet<>();
    listed.values().forEach(all::addAll);
    left.removeAll(all);
    for (var name : before) {
      if (!all.contains(name) && models.containsKey(name)) {
        left.add(name);
      }
    }
    for (var name : all) {
      if (!models.containsKey(name) && (models.size() < MAX_MODELS || dropOne())) {
        models.put(name, new ModelMetrics(name, families));
      }
    }
  }

  /** Makes room; false where all models are listed. */
  private boolean dropOne() {
    var names = left.iterator();
    if (!names.hasNext()) {
      return false;
    }
    var name = names.next();
    names.remove();
    var dropped = models.remove(name);
    if (dropped != null) {
      families.remove(name);
      unknown.addOutcomes(dropped);
    }
    return true;
  }

  /** Requests of all models that ended so. */
  double completed() {
    double sum = unknown.completedCount();
    for (var model : models.values()) {
      sum += model.completedCount();
    }
    return sum;
  }

  /** The same of those that their clients left. */
  double cancelled() {
    double sum = unknown.cancelledCount();
    for (var model : models.values()) {
      sum += model.cancelledCount();
    }
    return sum;
  }
}
