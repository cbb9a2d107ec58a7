package io.penstock.controller.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns services and configs of one version into the other, losing nothing either way: what the
 * target version has no field for travels in an annotation ({@link Stash}), and what neither knows
 * stays where it is. Pure functions on trees, the argument is never changed; metadata other than
 * annotations, and status, pass through.
 *
 * <p>What differs: {@code criticality} of a model and of adapters exists only in v1alpha1 ({@link
 * Criticalities}); {@code kvCacheOffloading} and {@code model.confidential} only in the hub; an
 * InferencePool's spec is written in two ways ({@link PoolSpec}).
 */
public final class Conversion {

  /** Parts of the hub that v1alpha1 does not have: the path of the owner, then the member. */
  private static final List<List<String>> HUB_ONLY =
      List.of(
          List.of("spec", "kvCacheOffloading"),
          List.of("spec", "prefill", "kvCacheOffloading"),
          List.of("spec", "model", "confidential"));

  private Conversion() {}

  /** The hub form of an object in any of our versions. */
  public static ObjectNode toHub(ObjectNode object) {
    var hub = object.deepCopy();
    if (Kinds.HUB_API.equals(Trees.text(object, "apiVersion"))) {
      return hub;
    }
    hub.put("apiVersion", Kinds.HUB_API);
    var hidden = Stash.take(hub, Annotations.HUB_DATA);
    var notes = new Stash.Builder();
    for (var path : HUB_ONLY) {
      show(hub, path, hidden, notes);
    }
    PoolSpec.convert(hub, PoolSpec::toHub, PoolSpec::toV1alpha1, hidden, notes);
    Criticalities.toAnnotations(hub);
    notes.build().put(hub, Annotations.V1ALPHA1_DATA);
    return hub;
  }

  /** The v1alpha1 form of an object in any of our versions. */
  public static ObjectNode toV1alpha1(ObjectNode object) {
    var old = object.deepCopy();
    if (Kinds.V1ALPHA1_API.equals(Trees.text(object, "apiVersion"))) {
      return old;
    }
    old.put("apiVersion", Kinds.V1ALPHA1_API);
    var notes = Stash.take(old, Annotations.V1ALPHA1_DATA);
    var hidden = new Stash.Builder();
    for (var path : HUB_ONLY) {
      hide(old, path, notes, hidden);
    }
    PoolSpec.convert(old, PoolSpec::toV1alpha1, PoolSpec::toHub, notes, hidden);
    Criticalities.toFields(old);
    hidden.build().put(old, Annotations.HUB_DATA);
    return old;
  }

  /** A hub-only member goes to the stash, unless its author wrote it in v1alpha1. */
  private static void hide(ObjectNode old, List<String> path, Stash notes, Stash.Builder hidden) {
    var owner = owner(old, path);
    var key = String.join(".", path);
    if (owner != null && owner.has(path.getLast()) && !notes.visible().contains(key)) {
      hidden.field(key, owner.remove(path.getLast()));
    }
  }

  /** A hub-only member comes back, unless the v1alpha1 object has one that its author wrote. */
  private static void show(ObjectNode hub, List<String> path, Stash hidden, Stash.Builder notes) {
    var owner = owner(hub, path);
    var key = String.join(".", path);
    if (owner == null) {
      return;
    }
    if (owner.has(path.getLast())) {
      notes.visible(key);
    } else if (hidden.fields().containsKey(key)) {
      owner.set(path.getLast(), hidden.fields().get(key));
    }
  }

  private static @Nullable ObjectNode owner(ObjectNode object, List<String> path) {
    return Trees.object(object, path.subList(0, path.size() - 1).toArray(String[]::new));
  }
}
