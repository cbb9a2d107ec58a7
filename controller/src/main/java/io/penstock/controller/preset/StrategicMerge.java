package io.penstock.controller.preset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.Set;

/**
 * Lays one spec over another as Kubernetes' strategic merge patch does: maps are merged, lists of
 * named things by their key, other lists replaced.
 *
 * <p>What the upper spec says counts, also when it says {@code false}, {@code 0} or {@code ""};
 * {@code null} takes away what the lower one has. An element with {@code $patch: delete} takes away
 * the element of that key, a map with {@code $patch: replace} replaces. Where two of which only one
 * may be set meet (the {@code value} and {@code valueFrom} of a variable, the kinds of a volume,
 * the handlers of a probe), the upper one stays alone.
 */
final class StrategicMerge {

  private static final String DIRECTIVE = "$patch";

  /** Of each choice only one member may be there. */
  private static final Set<String> HANDLERS =
      Set.of("exec", "httpGet", "tcpSocket", "grpc", "sleep");

  private static final Set<String> VALUES = Set.of("value", "valueFrom");

  private StrategicMerge() {}

  /** A new tree: {@code upper} over {@code lower}, both specs of a service. */
  static ObjectNode merge(ObjectNode lower, ObjectNode upper) {
    return merge(lower, upper, MergeShape.WORKLOAD);
  }

  private static ObjectNode merge(ObjectNode lower, ObjectNode upper, MergeShape shape) {
    var directive = upper.path(DIRECTIVE).asText();
    if ("replace".equals(directive)) {
      return withoutNulls(upper);
    }
    var merged = lower.deepCopy();
    upper
        .properties()
        .forEach(
            member -> {
              var field = member.getKey();
              var value = member.getValue();
              if (value.isNull()) {
                merged.remove(field);
                return;
              }
              if (DIRECTIVE.equals(field)) {
                return;
              }
              if (shape == MergeShape.CHOICE) {
                dropRivals(merged, field);
              }
              merged.set(field, merged(merged.path(field), value, shape, field));
            });
    return merged;
  }

  private static JsonNode merged(JsonNode lower, JsonNode upper, MergeShape shape, String field) {
    if (upper instanceof ObjectNode object) {
      return lower instanceof ObjectNode there
          ? merge(there, object, shape.of(field))
          : withoutNulls(object);
    }
    var key = shape.listKey(field);
    if (key != null && upper instanceof ArrayNode list) {
      var there = lower instanceof ArrayNode array ? array.deepCopy() : list.arrayNode();
      mergeByKey(there, list, key, shape.of(field));
      return there;
    }
    return upper.deepCopy();
  }

  /** What is new comes after what is there, in its own order. */
  private static void mergeByKey(
      ArrayNode merged, ArrayNode upper, String key, MergeShape elements) {
    for (var element : upper) {
      int at = indexOf(merged, key, element.path(key));
      if ("delete".equals(element.path(DIRECTIVE).asText())) {
        if (at >= 0) {
          merged.remove(at);
        }
      } else if (at < 0) {
        merged.add(element instanceof ObjectNode object ? withoutNulls(object) : element);
      } else if (merged.get(at) instanceof ObjectNode there && element instanceof ObjectNode over) {
        merged.set(at, merge(there, over, elements));
      }
    }
  }

  private static int indexOf(ArrayNode list, String key, JsonNode value) {
    for (int i = 0; i < list.size(); i++) {
      // A port may be written as a number or, by a template, as text.
      if (!value.isMissingNode() && list.get(i).path(key).asText().equals(value.asText())) {
        return i;
      }
    }
    return -1;
  }

  private static void dropRivals(ObjectNode merged, String field) {
    if (HANDLERS.contains(field)) {
      merged.remove(without(HANDLERS, field));
    } else if (VALUES.contains(field)) {
      merged.remove(without(VALUES, field));
    } else if (isVolumeKind(merged, field)) {
      var kinds = merged.properties().stream().map(member -> member.getKey()).toList();
      for (var kind : kinds) {
        if (!kind.equals("name") && !kind.equals(field)) {
          merged.remove(kind);
        }
      }
    }
  }

  /** A volume is a name and one object that says what it is; nothing else has that form. */
  private static boolean isVolumeKind(ObjectNode merged, String field) {
    return merged.has("name")
        && !field.equals("name")
        && !merged.has("value")
        && !merged.has("valueFrom");
  }

  private static Set<String> without(Set<String> all, String one) {
    var rest = new HashSet<>(all);
    rest.remove(one);
    return rest;
  }

  /** A copy in which nothing is null and no directive is left. */
  private static ObjectNode withoutNulls(ObjectNode object) {
    var copy = object.objectNode();
    object
        .properties()
        .forEach(
            member -> {
              var value = member.getValue();
              if (!value.isNull() && !DIRECTIVE.equals(member.getKey())) {
                copy.set(member.getKey(), withoutNulls(value));
              }
            });
    return copy;
  }

  private static JsonNode withoutNulls(JsonNode value) {
    return switch (value) {
      case ObjectNode object -> withoutNulls(object);
      case ArrayNode list -> {
        var copy = list.arrayNode();
        list.forEach(each -> copy.add(withoutNulls(each)));
        yield copy;
      }
      default -> value;
    };
  }
}
