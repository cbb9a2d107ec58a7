package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a model is spread over GPUs and pods. Pure functions. */
final class ParallelismRules {

  private static final List<String> NUMBERS = List.of("tensor", "pipeline", "data", "dataLocal");

  private ParallelismRules() {}

  static void check(JsonNode workload, FieldPath path, boolean complete, Findings out) {
    var parallelism = Trees.object(workload, "parallelism");
    var at = path.child("parallelism");
    for (var name : NUMBERS) {
      var number = Trees.number(parallelism, name);
      if (number != null && number < 1) {
        out.invalid(at.child(name), Trees.at(parallelism, name), "must be 1 or more");
      }
    }
    boolean data = Trees.has(parallelism, "data");
    boolean local = Trees.has(parallelism, "dataLocal");
    boolean pipeline = Trees.has(parallelism, "pipeline");
    if (pipeline && (data || local)) {
      out.invalid(
          at,
          parallelism,
          "pipeline cannot be combined with data or dataLocal; remove pipeline or both of them");
    }
    if (complete && data != local) {
      out.required(
          at.child(data ? "dataLocal" : "data"),
          "data and dataLocal must be set together: data is the number of ranks of all pods, dataLocal of each");
    }
    boolean worker = Trees.has(workload, "worker");
    if (complete && worker && !data && !local && !pipeline) {
      out.required(
          at,
          "with "
              + path.child("worker")
              + ", parallelism.data with dataLocal, or parallelism.pipeline,"
              + " must say how many pods a replica has");
    }
    var size = size(parallelism);
    if (complete && !worker && size != null && size > 1) {
      out.warn(
          at,
          (pipeline ? "pipeline" : "data and dataLocal")
              + " ask for "
              + size
              + " pods a replica, but without "
              + path.child("worker")
              + " there is one");
    }
  }

  /** The number of pods of a replica cannot change: it is immutable in a LeaderWorkerSet. */
  static void checkUpdate(ObjectNode before, ObjectNode after, Findings out) {
    same(before, after, FieldPath.SPEC, out, "spec");
    same(before, after, FieldPath.SPEC.child("prefill"), out, "spec", "prefill");
  }

  private static void same(
      ObjectNode before, ObjectNode after, FieldPath path, Findings out, String... at) {
    var was = size(Trees.object(Trees.at(before, at), "parallelism"));
    var is = size(Trees.object(Trees.at(after, at), "parallelism"));
    if (was != null && is != null && !was.equals(is)) {
      out.notSupported(
          path.child("parallelism"),
          is.toString(),
          "the number of pods a replica has cannot change, it is "
              + was
              + "; make another service, or delete this one first");
    }
  }

  /** Pods of a replica; null where nothing says so. */
  static @Nullable Long size(@Nullable JsonNode parallelism) {
    if (Trees.has(parallelism, "data") || Trees.has(parallelism, "dataLocal")) {
      long data = Math.max(Trees.number(parallelism, 1, "data"), 1);
      return Math.max(data / Math.max(Trees.number(parallelism, 1, "dataLocal"), 1), 1);
    }
    return Trees.number(parallelism, "pipeline");
  }
}
