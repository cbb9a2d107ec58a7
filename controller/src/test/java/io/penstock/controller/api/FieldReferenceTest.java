package io.penstock.controller.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** Keeps {@code docs/controller-fields.md} true; writes it with {@code -Dpenstock.docs=write}. */
class FieldReferenceTest {

  private static final Path PAGE = Path.of("../docs/controller-fields.md");

  @Test
  void the_page_on_fields_is_what_the_crd_says() throws IOException {
    var page = new FieldReference(crd("llminferenceservices")).page();
    if ("write".equals(System.getProperty("penstock.docs"))) {
      Files.writeString(PAGE, page);
    }

    assertThat(PAGE).content().isEqualTo(page);
  }

  @Test
  void a_config_has_the_fields_of_a_service() throws IOException {
    var services = crd("llminferenceservices");
    var configs = crd("llminferenceserviceconfigs");
    for (int version = 0; version < 2; version++) {
      var spec = "/spec/versions/" + version + "/schema/openAPIV3Schema/properties/spec";
      assertThat(FieldReference.paths(configs.at(spec)))
          .containsExactlyInAnyOrderElementsOf(FieldReference.paths(services.at(spec)));
      assertThat(configs.at(spec).toString()).doesNotContain("\"required\":[\"uri\"]");
    }
  }

  private static ObjectNode crd(String name) throws IOException {
    try (var in = FieldReferenceTest.class.getResourceAsStream("/crds/" + name + ".yaml")) {
      assertThat(in).isNotNull();
      var text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return Documents.read(text).documents().getFirst().tree();
    }
  }
}
