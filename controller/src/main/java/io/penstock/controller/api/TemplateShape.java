package io.penstock.controller.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** What a pod template is written as. */
enum TemplateShape {
  /** {@code containers} and the like at the top. */
  POD_SPEC,
  /** Only {@code metadata} and {@code spec}. */
  POD_TEMPLATE_SPEC,
  /** Both at once, which nobody can mean. */
  MIXED;

  static TemplateShape of(ObjectNode template) {
    boolean outer = Trees.has(template, "spec") || Trees.has(template, "metadata");
    if (!outer) {
      return POD_SPEC;
    }
    return podMembers(template).isEmpty() ? POD_TEMPLATE_SPEC : MIXED;
  }

  /** Names of the members that belong to a PodSpec. */
  static List<String> podMembers(ObjectNode template) {
    List<String> names = new ArrayList<>();
    template
        .properties()
        .forEach(
            e -> {
              if (!List.of("metadata", "spec").contains(e.getKey()) && !e.getValue().isNull()) {
                names.add(e.getKey());
              }
            });
    return names;
  }
}
