package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.objectAt;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.preset.Quantity;

/** The disks below the memory that KV blocks are offloaded to. */
final class KvTiers {

  private static final String VOLUME = "kv-cache-secondary-";
  private static final String EPHEMERAL = "ephemeral-storage";
  private static final String PATH = "/mnt/kv-cache-";

  private KvTiers() {}

  static void attach(JsonNode workload, ObjectNode pod, ObjectNode engine) {
    int i = 0;
    for (var tier : at(workload, "kvCacheOffloading", "secondary")) {
      var files = tier.path("fileSystem");
      var path = text(files, "pvc", "ref", "path");
      Engine.addVolume(pod, volume(VOLUME + i, files, engine));
      Engine.mount(
          engine,
          object(
              "name", VOLUME + i, "mountPath", PATH + i, "subPath", path.isEmpty() ? null : path));
      i++;
    }
  }

  private static ObjectNode volume(String name, JsonNode files, ObjectNode engine) {
    if (has(files, "pvc", "ref")) {
      return object(
          "name",
          name,
          "persistentVolumeClaim",
          object("claimName", text(files, "pvc", "ref", "name")));
    }
    if (has(files, "pvc", "spec")) {
      return object(
          "name",
          name,
          "ephemeral",
          object("volumeClaimTemplate", object("spec", at(files, "pvc", "spec"))));
    }
    var size = text(files, "emptyDir", "size");
    Quantity.bytes(size).ifPresent(bytes -> reserve(bytes, engine));
    return object("name", name, "emptyDir", size.isEmpty() ? object() : object("sizeLimit", size));
  }

  /** Scheduled where there is room for it beside what the container and other tiers ask for. */
  private static void reserve(long bytes, ObjectNode engine) {
    var requests = objectAt(engine, "resources", "requests");
    long before = Quantity.bytes(text(requests, EPHEMERAL)).orElse(0L);
    requests.put(EPHEMERAL, String.valueOf(before + bytes));
  }
}
