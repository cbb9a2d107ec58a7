package io.penstock.controller.preset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Short ways to write and read JSON trees. */
public final class Nodes {

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private Nodes() {}

  /**
   * An object of these members, in this order; those whose value is null are left out.
   *
   * @param keysAndValues a key, its value, the next key, …; a value is a node, a text, a number, a
   *     boolean, a map of texts, or a collection of such
   */
  public static ObjectNode object(@Nullable Object... keysAndValues) {
    if (keysAndValues.length % 2 != 0) {
      throw new IllegalArgumentException("a key without a value");
    }
    var object = NODES.objectNode();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      var value = keysAndValues[i + 1];
      if (value != null) {
        object.set(String.valueOf(keysAndValues[i]), node(value));
      }
    }
    return object;
  }

  /** An array of these elements. */
  public static ArrayNode array(Object... elements) {
    var array = NODES.arrayNode();
    for (var element : elements) {
      array.add(node(element));
    }
    return array;
  }

  private static JsonNode node(Object value) {
    return switch (value) {
      case JsonNode node -> node;
      case String text -> NODES.textNode(text);
      case Integer number -> NODES.numberNode(number);
      case Long number -> NODES.numberNode(number);
      case Boolean flag -> NODES.booleanNode(flag);
      case Map<?, ?> map -> {
        var object = NODES.objectNode();
        map.forEach((key, each) -> object.set(String.valueOf(key), node(each)));
        yield object;
      }
      case Collection<?> many -> array(many.toArray());
      default -> throw new IllegalArgumentException("no node is made of " + value.getClass());
    };
  }

  /** What lies under these keys; missing when anything on the way is absent or no object. */
  public static JsonNode at(@Nullable JsonNode from, String... keys) {
    JsonNode node = from == null ? MissingNode.getInstance() : from;
    for (var key : keys) {
      node = node.path(key);
    }
    return node;
  }

  /** The text under these keys; empty where there is none. */
  public static String text(@Nullable JsonNode from, String... keys) {
    return at(from, keys).asText("");
  }

  /** Whether something other than null lies under these keys. */
  public static boolean has(@Nullable JsonNode from, String... keys) {
    var node = at(from, keys);
    return !node.isMissingNode() && !node.isNull();
  }

  /** The object under these keys, put there where there is none. */
  public static ObjectNode objectAt(ObjectNode from, String... keys) {
    ObjectNode node = from;
    for (var key : keys) {
      node = node.get(key) instanceof ObjectNode there ? there : node.putObject(key);
    }
    return node;
  }

  /** The array under that key, put there where there is none. */
  public static ArrayNode arrayAt(ObjectNode from, String key) {
    return from.get(key) instanceof ArrayNode there ? there : from.putArray(key);
  }

  /** The element of that name in the list under {@code key}; null where there is none. */
  public static @Nullable ObjectNode named(@Nullable JsonNode from, String key, String name) {
    for (var each : at(from, key)) {
      if (each instanceof ObjectNode object && name.equals(text(object, "name"))) {
        return object;
      }
    }
    return null;
  }
}
