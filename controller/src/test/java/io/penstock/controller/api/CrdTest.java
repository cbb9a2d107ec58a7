package io.penstock.controller.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the API server and kubectl ask of our CRDs, as far as that can be told without them. */
class CrdTest {

  /** Bound of all annotations; client-side apply keeps the whole object in one. */
  private static final int ANNOTATION_LIMIT = 256 << 10;

  private static final List<String> FILES =
      List.of("llminferenceservices", "llminferenceserviceconfigs");

  @Test
  void they_are_small_enough_for_client_side_apply() {
    for (var name : FILES) {
      int size = Json.text(crd(name)).getBytes(StandardCharsets.UTF_8).length;
      assertThat(size).as(name).isLessThan(ANNOTATION_LIMIT);
    }
  }

  @Test
  void both_versions_are_served_and_the_hub_is_stored() {
    for (var name : FILES) {
      var versions = Trees.list(crd(name), "spec", "versions");
      assertThat(versions)
          .extracting(v -> v.get("name").textValue())
          .containsExactly(Kinds.V1ALPHA1, Kinds.V1ALPHA2);
      assertThat(versions).allMatch(v -> v.get("served").booleanValue());
      assertThat(versions)
          .extracting(v -> v.get("storage").booleanValue())
          .containsExactly(false, true);
      assertThat(versions).allMatch(v -> v.at("/subresources/status").isObject());
      assertThat(Trees.text(crd(name), "metadata", "name")).isEqualTo(name + "." + Kinds.GROUP);
    }
  }

  /** KServe's are longer than a label may be. */
  @Test
  void webhooks_have_names_that_are_labels() throws IOException {
    var file = Path.of("../deploy/kustomize/controller/webhooks.yaml");
    assertThat(Files.readString(file).lines().map(String::strip).toList())
        .filteredOn(line -> line.startsWith("- name: "))
        .hasSize(6)
        .allSatisfy(line -> assertThat(line.substring("- name: ".length())).hasSizeLessThan(64));
  }

  @Test
  void people_see_what_they_ask_for_first() {
    for (var version : Trees.list(crd("llminferenceservices"), "spec", "versions")) {
      assertThat(Trees.list(version, "additionalPrinterColumns"))
          .extracting(c -> c.get("name").textValue())
          .containsExactly("Ready", "Reason", "Phase", "Replicas", "Model", "URL", "Age");
    }
  }

  @Test
  void the_schemas_are_structural_and_have_no_defaults() {
    for (var name : FILES) {
      for (var version : Trees.list(crd(name), "spec", "versions")) {
        List<String> wrong = new ArrayList<>();
        structural(version.at("/schema/openAPIV3Schema"), name, wrong);
        assertThat(wrong).isEmpty();
      }
    }
  }

  @Test
  void a_config_has_every_member_that_a_service_has() {
    for (int i = 0; i < 2; i++) {
      var service = crd("llminferenceservices").at("/spec/versions/" + i + SPEC);
      var config = crd("llminferenceserviceconfigs").at("/spec/versions/" + i + SPEC);
      assertThat(loosened(config)).isEqualTo(loosened(service));
    }
  }

  private static final String SPEC = "/schema/openAPIV3Schema/properties/spec";

  private static JsonNode loosened(JsonNode schema) {
    if (schema instanceof ObjectNode object) {
      var copy = Trees.newObject();
      object
          .properties()
          .forEach(
              e -> {
                boolean rule =
                    !e.getValue().isObject()
                        && List.of(
                                "pattern",
                                "x-kubernetes-validations",
                                "minLength",
                                "minItems",
                                "required")
                            .contains(e.getKey());
                if (!rule) {
                  copy.set(e.getKey(), loosened(e.getValue()));
                }
              });
      return copy;
    }
    return schema;
  }

  private static void structural(JsonNode schema, String path, List<String> wrong) {
    boolean open = schema.path("x-kubernetes-preserve-unknown-fields").asBoolean();
    boolean either = schema.path("x-kubernetes-int-or-string").asBoolean();
    if (!schema.has("type") && !open && !either) {
      wrong.add(path + " has no type");
    }
    if (schema.has("default")) {
      wrong.add(path + " has a default");
    }
    if (schema.has("properties") && schema.has("additionalProperties")) {
      wrong.add(path + " has properties and additionalProperties");
    }
    if (schema.path("type").asText().equals("array") && !schema.has("items")) {
      wrong.add(path + " has no items");
    }
    schema
        .path("properties")
        .propertyStream()
        .forEach(e -> structural(e.getValue(), path + "." + e.getKey(), wrong));
    if (schema.has("items")) {
      structural(schema.get("items"), path + "[]", wrong);
    }
    if (schema.path("additionalProperties").isObject()) {
      structural(schema.get("additionalProperties"), path + "{}", wrong);
    }
  }

  private static ObjectNode crd(String name) {
    return Sample.yaml(Sample.resource("/crds/" + name + ".yaml"));
  }
}
