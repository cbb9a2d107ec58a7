package io.penstock.controller.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * Files of manifests, YAML or JSON, as trees: several documents, empty ones skipped, {@code kind:
 * List} taken apart. YAML is read as kubectl reads it ({@link YamlTree}). Pure functions.
 *
 * @param documents what could be read, in order
 * @param errors what could not, one sentence each with its line
 */
public record Documents(List<Document> documents, List<String> errors) {

  private static final int MAX_CHARACTERS = 16 << 20;
  private static final int MAX_DEPTH = 200;

  private static final ObjectMapper YAML =
      new YAMLMapper(
          YAMLFactory.builder()
              .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
              .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
              .disable(YAMLGenerator.Feature.SPLIT_LINES)
              .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
              .stringQuotingChecker(new YamlQuoting())
              .build());

  /** Copies both lists. */
  public Documents {
    documents = List.copyOf(documents);
    errors = List.copyOf(errors);
  }

  /** Reads a file's text. */
  public static Documents read(String text) {
    List<Document> documents = new ArrayList<>();
    List<String> errors = new ArrayList<>();
    var options = new LoaderOptions();
    options.setCodePointLimit(MAX_CHARACTERS);
    options.setNestingDepthLimit(MAX_DEPTH);
    options.setAllowDuplicateKeys(false);
    try {
      var composer =
          new Composer(
              new ParserImpl(new StreamReader(new StringReader(text)), options),
              new Resolver(),
              options);
      while (composer.checkNode()) {
        Map<String, Integer> lines = new HashMap<>();
        var tree = YamlTree.of(composer.getNode(), lines, errors);
        if (tree instanceof ObjectNode object) {
          addAll(object, lines, documents, errors);
        } else if (tree != null && !tree.isNull()) {
          errors.add("line " + lines.get("") + ": a manifest must be a mapping");
        }
      }
    } catch (MarkedYAMLException e) {
      var mark = e.getProblemMark();
      int line = mark == null ? 1 : mark.getLine() + 1;
      errors.add("line " + line + ": this is not YAML: " + e.getProblem());
    } catch (NumberFormatException e) {
      // Of eight hexadecimal digits, with which the scanner does not reckon.
      errors.add("line 1: this is not YAML: the escape of a character is out of range");
    } catch (YAMLException e) {
      errors.add("line 1: this is not YAML: " + e.getMessage());
    }
    return new Documents(documents, errors);
  }

  /** The YAML of objects, documents parted by {@code ---}; reads back as the same trees. */
  public static String print(List<? extends JsonNode> objects) {
    var out = new StringBuilder();
    for (var object : objects) {
      try {
        out.append(out.isEmpty() ? "" : "---\n").append(YAML.writeValueAsString(object));
      } catch (JsonProcessingException e) {
        throw new IllegalStateException("a JSON tree always has a text", e);
      }
    }
    return out.toString();
  }

  private static void addAll(
      ObjectNode object,
      Map<String, Integer> lines,
      List<Document> documents,
      List<String> errors) {
    var items = object.get("items");
    if (!Trees.text(object, "kind").equals("List") || items == null || !items.isArray()) {
      documents.add(new Document(object, lines));
      return;
    }
    for (int i = 0; i < items.size(); i++) {
      var here = "items[" + i + "]";
      if (items.get(i) instanceof ObjectNode item) {
        documents.add(new Document(item, below(here, lines)));
      } else {
        errors.add("line " + lines.getOrDefault(here, 1) + ": a manifest must be a mapping");
      }
    }
  }

  /** The lines of one part, its path being the new root. */
  private static Map<String, Integer> below(String root, Map<String, Integer> lines) {
    Map<String, Integer> below = new LinkedHashMap<>();
    lines.forEach(
        (path, line) -> {
          if (path.equals(root)) {
            below.put("", line);
          } else if (path.startsWith(root + ".")) {
            below.put(path.substring(root.length() + 1), line);
          }
        });
    return below;
  }
}
