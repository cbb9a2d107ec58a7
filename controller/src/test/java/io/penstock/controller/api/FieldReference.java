package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The page on every field of our kinds, from their CRDs: a table row for each. A part that is like
 * one before it is not repeated.
 */
final class FieldReference {

  private final JsonNode hub;
  private final JsonNode old;

  /** One field. */
  private record Field(String path, JsonNode schema, boolean required) {}

  /**
   * A reference.
   *
   * @param crd of LLMInferenceService
   */
  FieldReference(JsonNode crd) {
    this.old = schema(crd, Kinds.V1ALPHA1);
    this.hub = schema(crd, Kinds.V1ALPHA2);
  }

  private static JsonNode schema(JsonNode crd, String version) {
    for (var each : crd.at("/spec/versions")) {
      if (each.path("name").asText().equals(version)) {
        return each.at("/schema/openAPIV3Schema");
      }
    }
    throw new IllegalArgumentException("the CRD has no version " + version);
  }

  /** The page. */
  String page() {
    var now = fields(hub.at("/properties/spec"));
    var before = fields(old.at("/properties/spec"));
    Set<String> gone = new LinkedHashSet<>(paths(before));
    gone.removeAll(paths(now));
    Set<String> come = new LinkedHashSet<>(paths(now));
    come.removeAll(paths(before));
    return """
        # Fields of an LLMInferenceService

        Made from `deploy/crds` by `mvn test -pl controller -am -Dtest=FieldReferenceTest -Dpenstock.docs=write -Dsurefire.failIfNoSpecifiedTests=false`; a test fails where it is stale. [controller.md](controller.md) says what the fields do together.

        `[]` stands for each element of a list, `*` for any key. An object that is *open* takes what its own API defines, and Penstock does not check it. Fields of `spec` that are not listed are kept, warned about and have no effect. An LLMInferenceServiceConfig has the same `spec`, of which nothing is required.

        ## spec, in v1alpha2

        %s
        ## Only in v1alpha1

        %s
        In v1alpha1 there is no %s; what an object holds there comes back in v1alpha2.

        ## status

        %s"""
        .formatted(
            table(now),
            table(before.stream().filter(field -> gone.contains(field.path())).toList()),
            String.join(", ", tops(come)),
            table(fields(hub.at("/properties/status"))));
  }

  /** Paths of the fields of a spec. */
  static List<String> paths(JsonNode spec) {
    return paths(fields(spec));
  }

  private static List<String> paths(List<Field> fields) {
    return fields.stream().map(Field::path).toList();
  }

  /** Those that are below no other. */
  private static List<String> tops(Set<String> paths) {
    return paths.stream()
        .filter(path -> paths.stream().noneMatch(other -> below(path, other)))
        .map(path -> "`" + path + "`")
        .toList();
  }

  private static boolean below(String path, String other) {
    return path.startsWith(other + ".") || path.startsWith(other + "[");
  }

  private static List<Field> fields(JsonNode schema) {
    List<Field> fields = new ArrayList<>();
    members("", schema, fields);
    return fields;
  }

  private static void members(String path, JsonNode schema, List<Field> fields) {
    for (var member : schema.path("properties").properties()) {
      var name = path.isEmpty() ? member.getKey() : path + "." + member.getKey();
      fields.add(new Field(name, member.getValue(), requires(schema, member.getKey())));
      members(name, member.getValue(), fields);
    }
    if (schema.path("items").isObject()) {
      members(path + "[]", schema.get("items"), fields);
    }
  }

  private static boolean requires(JsonNode schema, String member) {
    for (var each : schema.path("required")) {
      if (each.asText().equals(member)) {
        return true;
      }
    }
    return false;
  }

  private static String table(List<Field> fields) {
    var out = new StringBuilder("| field | type | what |\n|---|---|---|\n");
    Map<String, JsonNode> parts = new LinkedHashMap<>();
    List<String> told = new ArrayList<>();
    for (var field : fields) {
      if (told.stream().anyMatch(top -> below(field.path(), top))) {
        continue;
      }
      var like = like(field, parts);
      if (!like.isEmpty()) {
        told.add(field.path());
      }
      parts.put(field.path(), field.schema());
      out.append("| `")
          .append(field.path())
          .append("` | ")
          .append(type(field))
          .append(" | ")
          .append(like.isEmpty() ? what(field.schema()) : "as `" + like + "`")
          .append(" |\n");
    }
    return out.toString();
  }

  /** An earlier part of the same name and form that is worth not repeating. */
  private static String like(Field field, Map<String, JsonNode> parts) {
    if (!field.schema().has("properties")) {
      return "";
    }
    var name = field.path().substring(field.path().lastIndexOf('.') + 1);
    for (var part : parts.entrySet()) {
      if (part.getKey().substring(part.getKey().lastIndexOf('.') + 1).equals(name)
          && part.getValue().equals(field.schema())) {
        return part.getKey();
      }
    }
    return "";
  }

  private static String type(Field field) {
    var schema = field.schema();
    return bare(schema) + (field.required() ? ", required" : "");
  }

  private static String bare(JsonNode schema) {
    if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
      return "number or text";
    }
    if (schema.path("items").isObject()) {
      return "list of " + bare(schema.get("items"));
    }
    if (schema.path("additionalProperties").isObject()) {
      return "map of " + bare(schema.get("additionalProperties"));
    }
    boolean open =
        schema.path("x-kubernetes-preserve-unknown-fields").asBoolean()
            && !schema.has("properties");
    return (open ? "open " : "") + schema.path("type").asText();
  }

  private static String what(JsonNode schema) {
    List<String> said = new ArrayList<>();
    add(said, schema.path("description").asText());
    List<String> allowed = new ArrayList<>();
    schema.path("enum").forEach(value -> allowed.add("`" + value.asText() + "`"));
    if (!allowed.isEmpty()) {
      said.add(String.join(" or ", allowed));
    }
    if (schema.has("minimum") && schema.has("maximum")) {
      said.add(schema.get("minimum").asText() + " to " + schema.get("maximum").asText());
    } else if (schema.has("minimum")) {
      said.add(schema.get("minimum").asText() + " or more");
    }
    if (schema.has("minItems")) {
      said.add("at least " + schema.get("minItems").asText());
    }
    if (schema.has("maxItems")) {
      said.add("at most " + schema.get("maxItems").asText());
    }
    for (var rule : schema.path("x-kubernetes-validations")) {
      add(said, rule.path("message").asText());
    }
    return String.join("; ", said).replace("|", "\\|");
  }

  private static void add(List<String> said, String sentence) {
    if (!sentence.isEmpty()) {
      said.add(sentence);
    }
  }
}
