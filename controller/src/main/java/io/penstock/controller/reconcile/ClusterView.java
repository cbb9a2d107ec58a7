package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The cluster's objects as last seen. Thread-safe; trees that it gives are not to be changed. */
interface ClusterView {

  /** Kinds that the cluster serves and whose objects are known. */
  Set<Kind> served();

  /** An object as last seen; empty where it or its kind is missing. */
  Optional<ObjectNode> get(Kind kind, Key key);

  /** All objects of a kind. */
  List<ObjectNode> all(Kind kind);

  /** All children of that owner that the controller may have made, by kind. */
  Map<Kind, List<ObjectNode>> ownedBy(String uid);

  /** Watches users' ConfigMaps that a service refers to, and no more those of before. */
  void follow(Key service, Set<Key> configMaps);

  /** The services that refer to a user's ConfigMap. */
  Set<Key> followers(Key configMap);
}
