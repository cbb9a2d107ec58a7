package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.preset.ConfigLookup;
import java.util.Optional;

/** Configs as they are in the cluster. Thread-safe. */
final class ClusterConfigs implements ConfigLookup {

  private final ApiServer server;
  private final ClusterView seen;

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
    return LiveConfigs.read(server, Kind.CONFIG_MAP, new Key(namespace, name));
  }
}
