package io.penstock.controller.preset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.POJONode;
import com.fasterxml.jackson.databind.node.TextNode;

/** The texts of a tree that are templates: found in a config, evaluated in the merged spec. */
final class TemplateLeaves {

  private TemplateLeaves() {}

  /**
   * A copy of a config's spec with its templates read.
   *
   * @throws PresetException when one is not understood
   */
  static ObjectNode read(ObjectNode spec, String config) {
    var copy = spec.deepCopy();
    replaceTexts(copy, config, "spec");
    return copy;
  }

  /**
   * A copy of a merged spec with every template replaced by its text.
   *
   * @throws PresetException when one cannot be evaluated
   */
  static ObjectNode render(ObjectNode merged, TemplateEvaluation evaluation) {
    var copy = merged.deepCopy();
    evaluate(copy, evaluation);
    return copy;
  }

  private static void replaceTexts(JsonNode node, String config, String path) {
    switch (node) {
      case ObjectNode object ->
          object
              .properties()
              .forEach(
                  member -> {
                    var at = path + "." + member.getKey();
                    if (isTemplate(member.getValue())) {
                      member.setValue(read(member.getValue(), config, at));
                    } else {
                      replaceTexts(member.getValue(), config, at);
                    }
                  });
      case ArrayNode list -> {
        for (int i = 0; i < list.size(); i++) {
          var at = path + "[" + i + "]";
          if (isTemplate(list.get(i))) {
            list.set(i, read(list.get(i), config, at));
          } else {
            replaceTexts(list.get(i), config, at);
          }
        }
      }
      default -> {}
    }
  }

  private static boolean isTemplate(JsonNode node) {
    return node.isTextual() && node.textValue().contains("{{");
  }

  private static JsonNode read(JsonNode text, String config, String path) {
    return new POJONode(TemplateLeaf.of(text.textValue(), config, path));
  }

  private static void evaluate(JsonNode node, TemplateEvaluation evaluation) {
    switch (node) {
      case ObjectNode object ->
          object
              .properties()
              .forEach(member -> member.setValue(text(member.getValue(), evaluation)));
      case ArrayNode list -> {
        for (int i = 0; i < list.size(); i++) {
          list.set(i, text(list.get(i), evaluation));
        }
      }
      default -> {}
    }
  }

  /** The node with every template in it replaced by its text; changes the node. */
  static JsonNode text(JsonNode node, TemplateEvaluation evaluation) {
    if (node instanceof POJONode pojo && pojo.getPojo() instanceof TemplateLeaf leaf) {
      return TextNode.valueOf(leaf.render(evaluation));
    }
    evaluate(node, evaluation);
    return node;
  }
}
