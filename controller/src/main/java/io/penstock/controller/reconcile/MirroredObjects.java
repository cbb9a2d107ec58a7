package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Objects by key and by owner. One thread writes, any may read; who reads sees each object that is
 * there all the time, by either way, also while it is being replaced.
 */
final class MirroredObjects {

  private final Map<Key, ObjectNode> objects = new ConcurrentHashMap<>();
  private final Map<String, Set<Key>> byOwner = new ConcurrentHashMap<>();

  Optional<ObjectNode> get(Key key) {
    return Optional.ofNullable(objects.get(key));
  }

  List<ObjectNode> all() {
    return List.copyOf(objects.values());
  }

  /** Those with an owner of that uid. */
  List<ObjectNode> ownedBy(String uid) {
    return byOwner.getOrDefault(uid, Set.of()).stream().flatMap(key -> get(key).stream()).toList();
  }

  /** Puts an object there, in place of what it returns. */
  @Nullable ObjectNode put(ObjectNode now) {
    var key = Objects.key(now);
    var before = objects.put(key, now);
    var owners = Objects.ownerUids(now);
    for (var owner : owners) {
      byOwner.computeIfAbsent(owner, uid -> ConcurrentHashMap.newKeySet()).add(key);
    }
    if (before != null) {
      Objects.ownerUids(before).stream()
          .filter(owner -> !owners.contains(owner))
          .forEach(owner -> disown(key, owner));
    }
    return before;
  }

  void remove(ObjectNode gone) {
    var key = Objects.key(gone);
    var known = objects.remove(key);
    if (known != null) {
      Objects.ownerUids(known).forEach(owner -> disown(key, owner));
    }
  }

  private void disown(Key key, String owner) {
    byOwner.computeIfPresent(
        owner,
        (uid, keys) -> {
          keys.remove(key);
          return keys.isEmpty() ? null : keys;
        });
  }
}
