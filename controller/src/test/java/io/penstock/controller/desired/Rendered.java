package io.penstock.controller.desired;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Conversion;
import io.penstock.controller.api.Document;
import io.penstock.controller.api.Documents;
import io.penstock.controller.preset.ConfigLookup;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A rendered service, for tests to look at. */
record Rendered(Rendering.Rendered result) {

  private static final Path GOLDEN =
      Path.of("src/test/resources/io/penstock/controller/desired/golden");

  /** Renders a manifest that must render. */
  static Rendered of(String manifest) {
    return of(manifest, ClusterFacts.offline());
  }

  static Rendered of(String manifest, ClusterFacts facts) {
    return of(manifest, ConfigLookup.empty(), facts);
  }

  static Rendered of(String manifest, ConfigLookup configs, ClusterFacts facts) {
    var rendering = Renderer.render(service(manifest), configs, facts);
    assertThat(rendering).isInstanceOf(Rendering.Rendered.class);
    return new Rendered((Rendering.Rendered) rendering);
  }

  static Rendering.Refused refused(String manifest, ClusterFacts facts) {
    var rendering = Renderer.render(service(manifest), ConfigLookup.empty(), facts);
    assertThat(rendering).isInstanceOf(Rendering.Refused.class);
    return (Rendering.Refused) rendering;
  }

  /** The manifest as an object of the hub version in namespace {@code llm}. */
  static ObjectNode service(String manifest) {
    var read = Documents.read(manifest);
    assertThat(read.errors()).isEmpty();
    var object = Conversion.toHub(read.documents().getFirst().tree());
    ((ObjectNode) object.path("metadata")).put("namespace", "llm");
    return object;
  }

  /** Configs and ConfigMaps, by name in any namespace but those they do not name. */
  static ConfigLookup lookup(String... manifests) {
    List<ObjectNode> objects =
        Arrays.stream(manifests)
            .flatMap(each -> Documents.read(each).documents().stream())
            .map(Document::tree)
            .toList();
    return new ConfigLookup() {
      @Override
      public Optional<ObjectNode> config(String namespace, String name) {
        return find("LLMInferenceServiceConfig", namespace, name);
      }

      @Override
      public Optional<ObjectNode> configMap(String namespace, String name) {
        return find("ConfigMap", namespace, name);
      }

      private static String text(ObjectNode object) {
        return object.path("metadata").path("namespace").asText("llm");
      }

      private Optional<ObjectNode> find(String kind, String namespace, String name) {
        return objects.stream()
            .filter(each -> each.path("kind").asText().equals(kind))
            .filter(each -> each.at("/metadata/name").asText().equals(name))
            .filter(each -> text(each).equals(namespace))
            .findFirst();
      }
    };
  }

  static String resource(String name) {
    try (var stream = Rendered.class.getResourceAsStream(name)) {
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A service with this spec, in YAML, indented by two. */
  static String serviceOf(String spec) {
    return """
    apiVersion: serving.kserve.io/v1alpha2
    kind: LLMInferenceService
    metadata: {name: llama}
    spec:
    """
        + spec;
  }

  JsonNode child(String kind, String name) {
    return result.children().stream()
        .filter(
            child ->
                child.path("kind").asText().equals(kind)
                    && child.at("/metadata/name").asText().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError(kind + " " + name + " is not among " + names()));
  }

  List<String> names() {
    return result.children().stream()
        .map(child -> child.path("kind").asText() + "/" + child.at("/metadata/name").asText())
        .toList();
  }

  JsonNode pod(String kind, String name) {
    var spec = child(kind, name).path("spec");
    return spec.has("template")
        ? spec.at("/template/spec")
        : spec.at("/leaderWorkerTemplate/leaderTemplate/spec");
  }

  JsonNode engine(String kind, String name) {
    return named(pod(kind, name).path("containers"), "main");
  }

  static JsonNode named(JsonNode list, String name) {
    for (var each : list) {
      if (each.path("name").asText().equals(name)) {
        return each;
      }
    }
    throw new AssertionError("nothing is called " + name + " in " + list);
  }

  /**
   * Compares all children with a golden file; {@code -Dpenstock.golden=write} writes it instead.
   */
  void isGolden(String file) throws IOException {
    var text = Documents.print(result.children());
    var path = GOLDEN.resolve(file);
    if ("write".equals(System.getProperty("penstock.golden"))) {
      Files.createDirectories(GOLDEN);
      Files.writeString(path, text);
    }
    assertThat(text).isEqualTo(Files.readString(path));
  }
}
