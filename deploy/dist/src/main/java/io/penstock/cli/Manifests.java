package io.penstock.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Conversion;
import io.penstock.controller.api.Document;
import io.penstock.controller.api.Documents;
import io.penstock.controller.api.Finding;
import io.penstock.controller.api.Kinds;
import io.penstock.controller.api.Validation;
import io.penstock.controller.preset.ConfigLookup;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Manifests from files: the LLMInferenceServices in them, and what those may refer to, which is
 * LLMInferenceServiceConfigs and ConfigMaps. An object without a namespace is in the one that was
 * chosen. Confined to one command.
 */
final class Manifests implements ConfigLookup {

  private final String namespace;
  private final List<ObjectNode> services = new ArrayList<>();
  private final List<ObjectNode> configs = new ArrayList<>();
  private final List<ObjectNode> configMaps = new ArrayList<>();
  private final List<String> errors = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();

  /**
   * Nothing read yet.
   *
   * @param namespace of what names none
   */
  Manifests(String namespace) {
    this.namespace = namespace;
  }

  /** Reads a file, or standard input for {@code -}; what is wrong with it is among the errors. */
  void read(String file) throws IOException {
    var text =
        file.equals("-")
            ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
            : Files.readString(Path.of(file));
    var read = Documents.read(text);
    read.errors().forEach(error -> errors.add(file + ": " + error));
    for (var document : read.documents()) {
      add(file, document);
    }
  }

  private void add(String file, Document document) {
    var object = document.tree();
    if (!Kinds.isService(object) && !Kinds.isConfig(object)) {
      if (object.path("kind").asText().equals("ConfigMap")) {
        configMaps.add(placed(object));
      } else {
        var kind = object.path("apiVersion").asText() + " " + object.path("kind").asText();
        warnings.add(file + ": " + kind + " is passed over; it is no " + Kinds.SERVICE);
      }
      return;
    }
    var verdict = Validation.of(placed(object));
    verdict.errors().forEach(each -> errors.add(located(file, document, each)));
    verdict.warnings().forEach(each -> warnings.add(located(file, document, each)));
    if (verdict.errors().isEmpty()) {
      (Kinds.isService(object) ? services : configs).add(Conversion.toHub(object));
    }
  }

  private ObjectNode placed(ObjectNode object) {
    if (object.path("metadata").path("namespace").asText("").isEmpty()) {
      object.withObject("metadata").put("namespace", namespace);
    }
    return object;
  }

  private static String located(String file, Document document, Finding finding) {
    return file + ":" + document.line(finding.path()) + ": " + finding;
  }

  /** The services, as objects of the hub version. */
  List<ObjectNode> services() {
    return services;
  }

  /** What is wrong, a sentence each. */
  List<String> errors() {
    return errors;
  }

  /** What is strange, a sentence each. */
  List<String> warnings() {
    return warnings;
  }

  @Override
  public Optional<ObjectNode> config(String namespace, String name) {
    return find(configs, namespace, name);
  }

  @Override
  public Optional<ObjectNode> configMap(String namespace, String name) {
    return find(configMaps, namespace, name);
  }

  private static Optional<ObjectNode> find(
      List<ObjectNode> objects, String namespace, String name) {
    return objects.stream()
        .filter(
            each ->
                each.path("metadata").path("namespace").asText("").equals(namespace)
                    && each.path("metadata").path("name").asText("").equals(name))
        .findFirst();
  }
}
