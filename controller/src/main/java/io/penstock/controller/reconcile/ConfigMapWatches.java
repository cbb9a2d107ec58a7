package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.penstock.controller.api.Trees;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Users' ConfigMaps that services refer to, each watched by itself as long as one does: they carry
 * no label of ours, and a cluster may have more of them than a controller should remember.
 * Thread-safe by one lock, under which nothing blocks.
 */
final class ConfigMapWatches implements AutoCloseable {

  private static final Logger log = LoggerFactory.getLogger(ConfigMapWatches.class);

  private final KubernetesClient client;
  private final Executor blocking;
  private final Consumer<ObjectNode> changed;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<Key, Set<Key>> followers = new HashMap<>();
  private final Map<Key, SharedIndexInformer<ConfigMap>> informers = new HashMap<>();

  /**
   * Watches nothing yet.
   *
   * @param blocking where requests may block
   * @param changed called with the name of a ConfigMap that came, changed or went
   */
  ConfigMapWatches(KubernetesClient client, Executor blocking, Consumer<ObjectNode> changed) {
    this.client = client;
    this.blocking = blocking;
    this.changed = changed;
  }

  /** The ConfigMaps that a service refers to from now on, whether they are there or not. */
  void follow(Key service, Set<Key> configMaps) {
    lock.lock();
    try {
      for (var entry : Map.copyOf(followers).entrySet()) {
        if (!configMaps.contains(entry.getKey()) && entry.getValue().remove(service)) {
          leave(entry.getKey());
        }
      }
      for (var configMap : configMaps) {
        followers.computeIfAbsent(configMap, key -> new HashSet<>()).add(service);
        informers.computeIfAbsent(configMap, this::watch);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Stops watching what nobody refers to any more. */
  private void leave(Key configMap) {
    if (followers.getOrDefault(configMap, Set.of()).isEmpty()) {
      followers.remove(configMap);
      var informer = informers.remove(configMap);
      if (informer != null) {
        blocking.execute(informer::stop);
      }
    }
  }

  /** The services that refer to a ConfigMap. */
  Set<Key> followers(Key configMap) {
    lock.lock();
    try {
      return Set.copyOf(followers.getOrDefault(configMap, Set.of()));
    } finally {
      lock.unlock();
    }
  }

  private SharedIndexInformer<ConfigMap> watch(Key key) {
    var informer =
        client.configMaps().inNamespace(key.namespace()).withName(key.name()).runnableInformer(0);
    informer.exceptionHandler(
        (started, cause) -> {
          log.warn("ConfigMap {} cannot be watched now: {}", key, cause.toString());
          return true;
        });
    informer.addEventHandler(new Handler(key));
    blocking.execute(informer::start);
    return informer;
  }

  /** Passes on that something has happened; what the ConfigMap says is read when it is needed. */
  private final class Handler implements ResourceEventHandler<ConfigMap> {

    private final Key key;

    Handler(Key key) {
      this.key = key;
    }

    @Override
    public void onAdd(ConfigMap added) {
      tell();
    }

    @Override
    public void onUpdate(ConfigMap before, ConfigMap after) {
      tell();
    }

    @Override
    public void onDelete(ConfigMap gone, boolean finalStateUnknown) {
      tell();
    }

    private void tell() {
      var named = Trees.newObject();
      named.put("apiVersion", Kind.CONFIG_MAP.apiVersion()).put("kind", Kind.CONFIG_MAP.kindName());
      Trees.with(named, "metadata").put("name", key.name()).put("namespace", key.namespace());
      changed.accept(named);
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      informers.values().forEach(informer -> blocking.execute(informer::stop));
      informers.clear();
      followers.clear();
    } finally {
      lock.unlock();
    }
  }
}
