package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The schema of our CRDs, for checks without an API server: what it would refuse (types, ranges,
 * patterns, missing and unknown members; its CEL rules are among those of {@link Validation}), and
 * which members of a spec are kept although nobody knows them. Immutable; the CRDs are read once.
 */
public final class Schema {

  private static final ObjectNode SERVICES = read("/crds/llminferenceservices.yaml");
  private static final ObjectNode CONFIGS = read("/crds/llminferenceserviceconfigs.yaml");

  private final JsonNode root;

  private Schema(JsonNode root) {
    this.root = root;
  }

  /**
   * The schema of an object's kind and version.
   *
   * @throws IllegalArgumentException when it is none of ours
   */
  public static Schema of(JsonNode object) {
    if (!Kinds.isService(object) && !Kinds.isConfig(object)) {
      throw new IllegalArgumentException("no object of " + Kinds.GROUP);
    }
    var version = Trees.text(object, "apiVersion").substring(Kinds.GROUP.length() + 1);
    for (var each : Trees.list(Kinds.isConfig(object) ? CONFIGS : SERVICES, "spec", "versions")) {
      if (Trees.text(each, "name").equals(version)) {
        return new Schema(each.at("/schema/openAPIV3Schema"));
      }
    }
    throw new IllegalStateException("the CRD has no version " + version);
  }

  /** Everything the API server would say about the object's form. */
  public Verdict check(JsonNode object) {
    var out = new Findings();
    visit(object, root, FieldPath.ROOT, out);
    unknown(object, out);
    return out.verdict();
  }

  /** Warnings about members of the spec that are kept and mean nothing. */
  void unknown(JsonNode object, Findings out) {
    kept(object.get("spec"), root.at("/properties/spec"), FieldPath.SPEC, out);
    kept(
        object.at("/spec/prefill"),
        root.at("/properties/spec/properties/prefill"),
        FieldPath.SPEC.child("prefill"),
        out);
  }

  private static void kept(
      @Nullable JsonNode value, JsonNode schema, FieldPath path, Findings out) {
    if (!(value instanceof ObjectNode object)) {
      return;
    }
    var known = schema.path("properties");
    for (var member : object.properties()) {
      if (!known.has(member.getKey())) {
        out.warn(
            path.child(member.getKey()),
            "is unknown; it is kept and has no effect"
                + Nearest.hint(member.getKey(), names(known)));
      }
    }
  }

  private static void visit(JsonNode value, JsonNode schema, FieldPath path, Findings out) {
    if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
      if (!value.isIntegralNumber() && !value.isTextual()) {
        out.invalid(path, value, "must be a whole number or text");
      }
    } else if (!isOf(value, schema.path("type").asText())) {
      out.invalid(path, value, "must be of type " + schema.path("type").asText());
      return;
    }
    switch (value) {
      case ObjectNode object -> members(object, schema, path, out);
      case JsonNode list when list.isArray() -> items(list, schema, path, out);
      case JsonNode text when text.isTextual() -> text(text, schema, path, out);
      case JsonNode number when number.isNumber() -> number(number, schema, path, out);
      default -> {}
    }
  }

  private static void members(ObjectNode object, JsonNode schema, FieldPath path, Findings out) {
    for (var name : schema.path("required")) {
      if (!Trees.has(object, name.textValue())) {
        out.required(path.child(name.textValue()), "must be there");
      }
    }
    var known = schema.path("properties");
    var rest = schema.path("additionalProperties");
    boolean open =
        schema.path("x-kubernetes-preserve-unknown-fields").asBoolean()
            || path.text().equals("metadata");
    for (var member : object.properties()) {
      var below = path.child(member.getKey());
      var value = member.getValue();
      if (value.isNull()) {
        continue;
      }
      if (known.has(member.getKey())) {
        visit(value, known.get(member.getKey()), below, out);
      } else if (rest.isObject()) {
        visit(value, rest, below, out);
      } else if (!open) {
        out.forbidden(below, "no such field" + Nearest.hint(member.getKey(), names(known)));
      }
    }
  }

  private static void items(JsonNode list, JsonNode schema, FieldPath path, Findings out) {
    if (list.size() < schema.path("minItems").asInt(0)) {
      out.invalid(path, list, "must have at least " + schema.path("minItems") + " items");
    }
    if (list.size() > schema.path("maxItems").asInt(Integer.MAX_VALUE)) {
      out.invalid(path, list, "must have at most " + schema.path("maxItems") + " items");
    }
    for (int i = 0; i < list.size(); i++) {
      visit(list.get(i), schema.path("items"), path.index(i), out);
    }
  }

  private static void text(JsonNode text, JsonNode schema, FieldPath path, Findings out) {
    var value = text.textValue();
    var allowed = schema.path("enum").valueStream().map(JsonNode::asText).toList();
    if (!allowed.isEmpty() && !allowed.contains(value)) {
      out.notSupported(
          path, value, "must be " + String.join(" or ", allowed) + Nearest.hint(value, allowed));
    }
    int length = value.codePointCount(0, value.length());
    if (length < schema.path("minLength").asInt(0)) {
      out.invalid(path, value, "must not be empty");
    }
    if (length > schema.path("maxLength").asInt(Integer.MAX_VALUE)) {
      out.invalid(path, value, "must have at most " + schema.path("maxLength") + " characters");
    }
    var pattern = schema.path("pattern");
    if (pattern.isTextual() && !Pattern.compile(pattern.textValue()).matcher(value).find()) {
      out.invalid(path, value, "must match " + pattern.textValue());
    }
  }

  private static void number(JsonNode number, JsonNode schema, FieldPath path, Findings out) {
    var value = number.decimalValue();
    bound(value, schema.path("minimum"), -1, path, number, out);
    bound(value, schema.path("maximum"), 1, path, number, out);
    if (schema.path("format").asText().equals("int32") && !number.canConvertToInt()) {
      out.invalid(path, number, "must fit into 32 bits");
    }
  }

  private static void bound(
      BigDecimal value, JsonNode bound, int side, FieldPath path, JsonNode number, Findings out) {
    if (bound.isNumber() && value.compareTo(bound.decimalValue()) == side) {
      out.invalid(path, number, "must be " + bound + (side < 0 ? " or more" : " or less"));
    }
  }

  private static boolean isOf(JsonNode value, String type) {
    return switch (type) {
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      case "string" -> value.isTextual();
      case "boolean" -> value.isBoolean();
      case "integer" -> value.isIntegralNumber();
      default -> true;
    };
  }

  private static List<String> names(JsonNode properties) {
    return properties.propertyStream().map(Map.Entry::getKey).toList();
  }

  private static ObjectNode read(String resource) {
    try (var in = Schema.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + resource);
      }
      var text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return Documents.read(text).documents().getFirst().tree();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
