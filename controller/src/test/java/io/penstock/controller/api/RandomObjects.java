package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.List;
import java.util.Random;

/**
 * Services and configs of either version, made at random: sensible, half-filled and odd ones, with
 * fields nobody knows, templates where numbers belong, and annotations that look like ours.
 */
final class RandomObjects {

  private static final List<String> ODD_STASHES =
      List.of(
          "{",
          "{}",
          "text",
          "{\"shadowed\":\"x\"}",
          "{\"visible\":[\"spec.kvCacheOffloading\"]}",
          "{\"fields\":{\"spec.model.confidential\":{\"enabled\":true}}}");
  private static final List<String> GARBAGE = List.of("{", "{}", "text", "{\"visible\": []}");

  private final Random random;

  RandomObjects(long seed) {
    random = new Random(seed);
  }

  ObjectNode v1alpha1() {
    var object = object(Kinds.V1ALPHA1_API);
    var spec = (ObjectNode) object.get("spec");
    maybe(() -> Trees.with(spec, "model").put("criticality", pick("Critical", "Standard")));
    for (var adapter : Trees.list(spec, "model", "lora", "adapters")) {
      if (adapter instanceof ObjectNode it && random.nextBoolean()) {
        it.put("criticality", pick("Critical", "Sheddable", "Standard"));
      }
    }
    maybe(
        () ->
            Trees.with(spec, "router", "scheduler", "pool")
                .set(
                    "spec",
                    pool("targetPortNumber", "extensionRef", "portNumber", "appProtocol", "port")));
    annotate(object, Annotations.HUB_DATA, GARBAGE);
    annotate(object, Annotations.V1ALPHA1_DATA, ODD_STASHES);
    return object;
  }

  ObjectNode hub() {
    var object = object(Kinds.HUB_API);
    var spec = (ObjectNode) object.get("spec");
    maybe(
        () -> {
          Trees.with(spec, "model");
          Trees.with(object, "metadata", "annotations")
              .put(Annotations.MODEL_CRITICALITY, pick("Critical", "Standard"));
        });
    maybe(
        () ->
            Trees.with(spec, "router", "scheduler", "pool")
                .set("spec", pool("targetPorts", "endpointPickerRef", "port", "appProtocol", "x")));
    annotate(object, Annotations.HUB_DATA, ODD_STASHES);
    annotate(object, Annotations.V1ALPHA1_DATA, GARBAGE);
    return object;
  }

  private ObjectNode object(String api) {
    var object = Trees.newObject();
    object.put("apiVersion", api);
    object.put("kind", random.nextInt(4) == 0 ? Kinds.CONFIG : Kinds.SERVICE);
    var metadata = object.putObject("metadata").put("name", "n" + random.nextInt(100));
    metadata.put("uid", Long.toHexString(random.nextLong())).put("generation", random.nextInt(9));
    maybe(() -> metadata.putObject("labels").put("a", word()));
    maybe(() -> metadata.putObject("annotations").put("note", word()));
    maybe(() -> metadata.putArray("finalizers").add("x/y"));
    var spec = object.putObject("spec");
    workload(spec);
    maybe(() -> workload(spec.putObject("prefill")));
    maybe(() -> model(spec.putObject("model")));
    maybe(() -> Trees.with(spec, "router").set("route", json(2)));
    maybe(() -> Trees.with(spec, "router", "scheduler").set("config", json(2)));
    maybe(() -> spec.putArray("baseRefs").addObject().put("name", word()));
    maybe(() -> spec.set("tracing", json(1)));
    maybe(() -> spec.set("unknown" + random.nextInt(3), json(3)));
    maybe(() -> object.set("status", json(4)));
    return object;
  }

  private void workload(ObjectNode workload) {
    maybe(() -> workload.put("replicas", random.nextInt()));
    maybe(() -> workload.set("parallelism", json(1)));
    maybe(() -> workload.set("template", json(4)));
    maybe(() -> workload.set("worker", json(4)));
    maybe(() -> workload.set("scaling", json(3)));
    maybe(() -> workload.set("kvCacheOffloading", json(2)));
  }

  private void model(ObjectNode model) {
    maybe(() -> model.put("uri", "hf://" + word()));
    maybe(() -> model.put("name", word()));
    maybe(() -> model.set("confidential", json(1)));
    maybe(
        () -> {
          var adapters = model.putObject("lora").putArray("adapters");
          for (int i = random.nextInt(5); i > 0; i--) {
            var adapter = adapters.addObject().put("uri", "hf://" + word());
            maybe(() -> adapter.put("name", pick("a", "b", "c", "0", "1", "2", "")));
          }
        });
  }

  /** A pool's spec with members of both ways, so that none can count on being alone. */
  private ObjectNode pool(String... members) {
    var spec = Trees.newObject();
    maybe(() -> spec.putObject("selector").put("app", word()));
    maybe(
        () -> spec.putObject("selector").putObject("matchLabels").put("app", word()).put("b", "c"));
    maybe(() -> spec.set("selector", json(2)));
    maybe(() -> spec.put("targetPortNumber", random.nextInt(65_536)));
    maybe(
        () -> {
          var ports = spec.putArray("targetPorts");
          for (int i = random.nextInt(4); i > 0; i--) {
            var port = ports.addObject().put("number", random.nextInt(65_536));
            maybe(() -> port.put("name", word()));
          }
        });
    for (var reference : List.of("extensionRef", "endpointPickerRef")) {
      maybe(
          () -> {
            var ref = spec.putObject(reference).put("name", word());
            maybe(() -> ref.put("failureMode", pick("FailOpen", "FailClose")));
            maybe(() -> ref.put("portNumber", random.nextInt(65_536)));
            maybe(() -> ref.putObject("port").put("number", random.nextInt(65_536)));
            maybe(() -> ref.set("port", json(1)));
          });
    }
    for (var member : members) {
      if (random.nextInt(6) == 0) {
        spec.set(member, json(2));
      }
    }
    return spec;
  }

  private void annotate(ObjectNode object, String key, List<String> values) {
    if (random.nextInt(4) == 0) {
      Trees.with(object, "metadata", "annotations")
          .put(key, values.get(random.nextInt(values.size())));
    }
  }

  private JsonNode json(int depth) {
    var make = JsonNodeFactory.instance;
    return switch (depth == 0 ? random.nextInt(6) : random.nextInt(10)) {
      case 0 -> make.nullNode();
      case 1 -> make.booleanNode(random.nextBoolean());
      case 2 -> make.numberNode(random.nextInt());
      case 3 -> make.numberNode(new BigDecimal(random.nextInt()).movePointLeft(3));
      case 4, 5 -> make.textNode(word());
      case 6, 7 -> {
        var list = make.arrayNode();
        for (int i = random.nextInt(3); i > 0; i--) {
          list.add(json(depth - 1));
        }
        yield list;
      }
      default -> {
        var object = make.objectNode();
        for (int i = random.nextInt(4); i > 0; i--) {
          object.set(pick("name", "spec", "number", "x", "metadata"), json(depth - 1));
        }
        yield object;
      }
    };
  }

  private String word() {
    return pick("a", "\"quoted\"", "{{ .Spec.X }}", "$(id)", "", "é", "x/y", "8000", "true");
  }

  private String pick(String... words) {
    return words[random.nextInt(words.length)];
  }

  private void maybe(Runnable action) {
    if (random.nextBoolean()) {
      action.run();
    }
  }
}
