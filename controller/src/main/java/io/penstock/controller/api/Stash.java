package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What one version of an object knows and the other cannot say, as it travels in an annotation.
 * Immutable; its text is canonical, so that taking and putting it gives the same annotation.
 *
 * <p>What was written in two ways comes with a hash of the way that stayed visible: once somebody
 * edited that, the stashed way is out of date and is dropped.
 *
 * @param fields members that were taken out, by path
 * @param pool the pool's spec as it was, where translating it forth and back changes it
 * @param visible paths of hub-only members that the author wrote in v1alpha1
 * @param shadowed the annotation of this name that the object had of its own
 */
record Stash(
    Map<String, JsonNode> fields,
    @Nullable Rewritten pool,
    Set<String> visible,
    @Nullable String shadowed) {

  private static final int HASH_BYTES = 8;

  private static final Stash EMPTY = new Stash(Map.of(), null, Set.of(), null);

  /** A part as it was, and the hash of what it was rewritten to. */
  record Rewritten(String of, JsonNode was) {}

  /** Takes the stash off an object; empty where the annotation is absent or is none of ours. */
  static Stash take(ObjectNode object, String annotation) {
    var text = Trees.annotation(object, annotation);
    var stash = text == null ? null : parse(text);
    if (stash == null) {
      return EMPTY;
    }
    var annotations = Trees.with(object, "metadata", "annotations");
    if (stash.shadowed == null) {
      removeAnnotation(object, annotation);
    } else {
      annotations.put(annotation, stash.shadowed);
    }
    return stash;
  }

  /** Puts this on an object, unless there is nothing to say. */
  void put(ObjectNode object, String annotation) {
    var there = Trees.annotation(object, annotation);
    boolean looksLikeOurs = there != null && parse(there) != null;
    if (isEmpty() && !looksLikeOurs) {
      return;
    }
    Trees.with(object, "metadata", "annotations")
        .put(annotation, new Stash(fields, pool, visible, there).text());
  }

  /** Takes an annotation off, and the map with the last one. */
  static void removeAnnotation(ObjectNode object, String annotation) {
    var annotations = Trees.with(object, "metadata", "annotations");
    annotations.remove(annotation);
    if (annotations.isEmpty()) {
      Trees.with(object, "metadata").remove("annotations");
    }
  }

  /** A short fingerprint of a tree; equal trees have equal ones. */
  static String hash(JsonNode tree) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(Json.canonical(tree).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private boolean isEmpty() {
    return fields.isEmpty() && pool == null && visible.isEmpty() && shadowed == null;
  }

  private String text() {
    var tree = Trees.newObject();
    if (!fields.isEmpty()) {
      var all = tree.putObject("fields");
      fields.forEach(all::set);
    }
    if (pool != null) {
      tree.putObject("pool").put("of", pool.of).set("was", pool.was);
    }
    if (!visible.isEmpty()) {
      var all = tree.putArray("visible");
      visible.forEach(all::add);
    }
    if (shadowed != null) {
      tree.put("shadowed", shadowed);
    }
    return Json.canonical(tree);
  }

  private static @Nullable Stash parse(String text) {
    var tree = Json.objectOrNull(text);
    if (tree == null) {
      return null;
    }
    Map<String, JsonNode> fields = new TreeMap<>();
    var all = Trees.object(tree, "fields");
    if (all != null) {
      all.properties().forEach(e -> fields.put(e.getKey(), e.getValue()));
    }
    Set<String> visible = new TreeSet<>();
    Trees.list(tree, "visible").forEach(each -> visible.add(each.asText()));
    var was = tree.at("/pool/was");
    var pool = was.isMissingNode() ? null : new Rewritten(Trees.text(tree, "pool", "of"), was);
    var shadowed = Trees.at(tree, "shadowed");
    var stash =
        new Stash(
            fields,
            pool,
            visible,
            shadowed == null || !shadowed.isTextual() ? null : shadowed.textValue());
    return stash.text().equals(text) && !stash.isEmpty() ? stash : null;
  }

  /** Collects a stash; confined to one conversion. */
  static final class Builder {
    private final Map<String, JsonNode> fields = new TreeMap<>();
    private final Set<String> visible = new TreeSet<>();
    private @Nullable Rewritten pool;

    void field(String path, JsonNode value) {
      fields.put(path, value);
    }

    void visible(String path) {
      visible.add(path);
    }

    void pool(JsonNode visibleNow, JsonNode was) {
      pool = new Rewritten(hash(visibleNow), was);
    }

    Stash build() {
      return new Stash(fields, pool, visible, null);
    }
  }
}
