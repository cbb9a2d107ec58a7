package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Objects for tests, written as YAML. */
public final class Sample {

  private Sample() {}

  /** The one object of a text. */
  public static ObjectNode yaml(String text) {
    var read = Documents.read(text);
    if (!read.errors().isEmpty() || read.documents().size() != 1) {
      throw new IllegalArgumentException(read.toString());
    }
    return read.documents().getFirst().tree();
  }

  /** A hub service of this name with a spec. */
  public static ObjectNode service(String spec) {
    return object(Kinds.HUB_API, Kinds.SERVICE, spec);
  }

  /** A hub config with a spec. */
  public static ObjectNode config(String spec) {
    return object(Kinds.HUB_API, Kinds.CONFIG, spec);
  }

  /** An object called {@code llm} in the namespace {@code ns}. */
  public static ObjectNode object(String api, String kind, String spec) {
    var object = yaml("metadata: {name: llm, namespace: ns}");
    object.put("apiVersion", api).put("kind", kind);
    object.set("spec", yaml(spec));
    return object;
  }

  /** A manifest of the test resources. */
  public static ObjectNode seed(String name) {
    return yaml(resource("/seed/" + name + ".yaml"));
  }

  /** The text of a test resource. */
  public static String resource(String path) {
    try (var in = Sample.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalArgumentException(path + " is no test resource");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The tree of a JSON text. */
  public static JsonNode json(String text) {
    try {
      return Json.parse(text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
