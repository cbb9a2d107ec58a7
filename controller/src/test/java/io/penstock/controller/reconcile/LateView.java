package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A view that still shows a service which is gone. */
record LateView(ClusterView fresh, ObjectNode service) implements ClusterView {

  @Override
  public Set<Kind> served() {
    return fresh.served();
  }

  @Override
  public Optional<ObjectNode> get(Kind kind, Key key) {
    return kind == Kind.SERVICE_OBJECT ? Optional.of(service) : fresh.get(kind, key);
  }

  @Override
  public List<ObjectNode> all(Kind kind) {
    return fresh.all(kind);
  }

  @Override
  public Map<Kind, List<ObjectNode>> ownedBy(String uid) {
    return fresh.ownedBy(uid);
  }

  @Override
  public void follow(Key service, Set<Key> configMaps) {
    fresh.follow(service, configMaps);
  }

  @Override
  public Set<Key> followers(Key configMap) {
    return fresh.followers(configMap);
  }
}
