package io.penstock.controller.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** The difference of two objects as a JSON patch (RFC 6902); lists are replaced whole. Pure. */
final class JsonPatch {

  private JsonPatch() {}

  static ArrayNode between(ObjectNode before, ObjectNode after) {
    var patch = JsonNodeFactory.instance.arrayNode();
    compare(before, after, "", patch);
    return patch;
  }

  private static void compare(ObjectNode before, ObjectNode after, String path, ArrayNode patch) {
    for (var member : before.properties()) {
      if (!after.has(member.getKey())) {
        patch.addObject().put("op", "remove").put("path", path + step(member.getKey()));
      }
    }
    for (var member : after.properties()) {
      var was = before.get(member.getKey());
      var is = member.getValue();
      var here = path + step(member.getKey());
      if (was instanceof ObjectNode from && is instanceof ObjectNode to) {
        compare(from, to, here, patch);
      } else if (!is.equals(was)) {
        add(patch, was == null ? "add" : "replace", here, is);
      }
    }
  }

  private static void add(ArrayNode patch, String operation, String path, JsonNode value) {
    patch.addObject().put("op", operation).put("path", path).set("value", value);
  }

  private static String step(String name) {
    return "/" + name.replace("~", "~0").replace("/", "~1");
  }
}
