package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.preset.ConfigLookup;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/** Configs as they are in the cluster, for one pass over one service. Confined to that pass. */
final class ClusterConfigs implements ConfigLookup {

  private final ApiServer server;
  private final ClusterView seen;
  private final Set<Key> configMaps = new HashSet<>();

  ClusterConfigs(ApiServer server, ClusterView seen) {
    this.server = server;
    this.seen = seen;
  }

  @Override
  public Optional<ObjectNode> config(String namespace, String name) {
    return seen.get(Kind.CONFIG, new Key(namespace, name));
  }

  /**
   * Users' ConfigMaps carry no label of ours, so each is asked for; that happens only where a
   * service refers to one.
   */
  @Override
  public Optional<ObjectNode> configMap(String namespace, String name) {
    var key = new Key(namespace, name);
    if (key.isPossible()) {
      configMaps.add(key);
    }
    return LiveConfigs.read(server, Kind.CONFIG_MAP, key);
  }

  /** Every ConfigMap that was asked for, there or not. */
  Set<Key> asked() {
    return Set.copyOf(configMaps);
  }
}
