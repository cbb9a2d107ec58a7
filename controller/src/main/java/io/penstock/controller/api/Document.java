package io.penstock.controller.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/**
 * One object of a file of manifests, and where its parts stand in the file. Immutable but for the
 * tree, which belongs to who reads.
 *
 * @param tree the object
 * @param lines by path as {@link FieldPath} writes it, from 1
 */
public record Document(ObjectNode tree, Map<String, Integer> lines) {

  /** Copies the lines. */
  public Document {
    lines = Map.copyOf(lines);
  }

  /** The line of what stands at a path, or of the innermost part around it that is there. */
  public int line(FieldPath path) {
    var text = path.text();
    while (true) {
      var line = lines.get(text);
      if (line != null || text.isEmpty()) {
        return line == null ? 1 : line;
      }
      text = text.substring(0, Math.max(0, Math.max(text.lastIndexOf('.'), text.lastIndexOf('['))));
    }
  }
}
