package io.penstock.controller.preset;

import java.util.List;

/**
 * A text of a config that is a template. Stands in the tree as a whole until the merge is done, so
 * that it is known then which texts are templates and where they come from: what the service itself
 * says is never one.
 *
 * @param text as the config has it
 * @param template its pieces
 * @param config name of the config
 * @param path of the text in the config
 */
record TemplateLeaf(String text, List<TemplateNode> template, String config, String path) {

  static TemplateLeaf of(String text, String config, String path) {
    try {
      return new TemplateLeaf(text, TemplateParser.parse(text), config, path);
    } catch (TemplateFault fault) {
      throw fault(config, path, fault);
    }
  }

  String render(TemplateEvaluation evaluation) {
    try {
      return evaluation.text(this);
    } catch (TemplateFault fault) {
      throw fault(config, path, fault);
    }
  }

  private static PresetException fault(String config, String path, TemplateFault fault) {
    return new PresetException(
        "CombineBaseError", "config %s, %s: %s".formatted(config, path, fault.getMessage()));
  }
}
