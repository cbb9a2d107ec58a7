package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Tiers of the KV cache beside the GPU's memory. Pure functions. */
final class CacheRules {

  private CacheRules() {}

  static void check(JsonNode workload, FieldPath path, boolean complete, Findings out) {
    var cache = Trees.object(workload, "kvCacheOffloading");
    if (cache == null) {
      return;
    }
    var at = path.child("kvCacheOffloading");
    var tiers = Trees.list(cache, "secondary");
    if (complete && !cache.isEmpty() && !hasSize(cache)) {
      out.required(
          at.child("cpu"),
          "the memory that blocks move to, and tiers in secondary are filled from");
    }
    for (int i = 0; i < tiers.size(); i++) {
      tier(tiers.get(i), at.child("secondary").index(i), out);
    }
  }

  private static boolean hasSize(ObjectNode cache) {
    var cpu = Trees.at(cache, "cpu");
    return cpu != null && !cpu.asText().isEmpty();
  }

  private static void tier(JsonNode tier, FieldPath at, Findings out) {
    var files = Trees.object(tier, "fileSystem");
    at = at.child("fileSystem");
    if (files == null) {
      out.required(at, "a tier is a fileSystem with emptyDir or pvc");
      return;
    }
    boolean empty = Trees.has(files, "emptyDir");
    boolean claim = Trees.has(files, "pvc");
    if (empty == claim) {
      out.invalid(
          at,
          files,
          empty ? "choose one of emptyDir and pvc" : "one of emptyDir and pvc must be there");
    }
    if (!claim) {
      return;
    }
    var pvc = Trees.at(files, "pvc");
    boolean spec = Trees.has(pvc, "spec");
    boolean ref = Trees.has(pvc, "ref");
    if (spec == ref) {
      out.invalid(
          at.child("pvc"),
          pvc,
          spec ? "choose one of spec and ref" : "one of spec and ref must be there");
    }
    if (ref && Trees.text(pvc, "ref", "name").isEmpty()) {
      out.required(at.child("pvc", "ref", "name"), "the name of a PersistentVolumeClaim");
    }
  }
}
