package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Ways into JSON trees that forgive what is absent. A member that is {@code null} counts as absent,
 * and a member of another type than asked for too: schema and validation speak about those. Pure
 * functions, but for {@link #with}.
 */
public final class Trees {

  private Trees() {}

  /** What stands at the end of a path of member names; null when it is absent. */
  public static @Nullable JsonNode at(@Nullable JsonNode from, String... path) {
    var here = from;
    for (var name : path) {
      if (here == null) {
        return null;
      }
      here = here.get(name);
    }
    return here == null || here.isNull() ? null : here;
  }

  /** Whether anything stands there. */
  public static boolean has(@Nullable JsonNode from, String... path) {
    return at(from, path) != null;
  }

  /** The object at the end of a path; null when there is none. */
  public static @Nullable ObjectNode object(@Nullable JsonNode from, String... path) {
    return at(from, path) instanceof ObjectNode object ? object : null;
  }

  /** The members of the list at the end of a path; empty when there is none. */
  public static List<JsonNode> list(@Nullable JsonNode from, String... path) {
    var found = at(from, path);
    return found != null && found.isArray() ? List.copyOf(found.valueStream().toList()) : List.of();
  }

  /** The text at the end of a path; empty when there is none. */
  public static String text(@Nullable JsonNode from, String... path) {
    var found = at(from, path);
    return found != null && found.isTextual() ? found.textValue() : "";
  }

  /** The whole number at the end of a path; null when there is none. */
  public static @Nullable Long number(@Nullable JsonNode from, String... path) {
    var found = at(from, path);
    return found != null && found.isIntegralNumber() ? found.longValue() : null;
  }

  /** The whole number at the end of a path; {@code otherwise} when there is none. */
  public static long number(@Nullable JsonNode from, long otherwise, String... path) {
    var found = number(from, path);
    return found == null ? otherwise : found;
  }

  /** Whether {@code true} stands there. */
  public static boolean isTrue(@Nullable JsonNode from, String... path) {
    var found = at(from, path);
    return found != null && found.isBoolean() && found.booleanValue();
  }

  /** The object at the end of a path, made where it is absent; changes the tree. */
  public static ObjectNode with(ObjectNode from, String... path) {
    var here = from;
    for (var name : path) {
      here = here.get(name) instanceof ObjectNode there ? there : here.putObject(name);
    }
    return here;
  }

  public static ObjectNode newObject() {
    return JsonNodeFactory.instance.objectNode();
  }

  /** {@code metadata.name}; empty while the API server has not made one up. */
  public static String name(JsonNode object) {
    return text(object, "metadata", "name");
  }

  /** {@code metadata.namespace}; empty where none is given. */
  public static String namespace(JsonNode object) {
    return text(object, "metadata", "namespace");
  }

  /** The value of an annotation; null when it is absent. */
  public static @Nullable String annotation(JsonNode object, String key) {
    var found = at(object, "metadata", "annotations", key);
    return found != null && found.isTextual() ? found.textValue() : null;
  }
}
