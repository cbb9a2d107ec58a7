package io.penstock.simulator.http;

import io.penstock.simulator.json.Json;
import io.penstock.simulator.json.JsonWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A tool call the pod will answer with: the tool's name and its arguments in pieces, one for each
 * generated token. Immutable.
 */
record ToolPlan(String name, List<String> pieces) {

  private static final int PIECE_CHARS = 4;

  /**
   * The call a chat asks for: the tool that {@code tool_choice} names, any tool when it is {@code
   * required}, else the tool that the last user message names.
   */
  static Optional<ToolPlan> of(Json.Obj body, String lastUserText) {
    List<Json.Obj> functions = new ArrayList<>();
    for (Json tool : body.items("tools")) {
      if (tool instanceof Json.Obj entry && entry.get("function") instanceof Json.Obj function) {
        functions.add(function);
      }
    }
    Json choice = body.get("tool_choice");
    if (choice instanceof Json.Str word && word.value().equals("none")) {
      return Optional.empty();
    }
    boolean required = choice instanceof Json.Str word && word.value().equals("required");
    String named =
        choice instanceof Json.Obj object && object.get("function") instanceof Json.Obj function
            ? function.text("name", "")
            : "";
    for (Json.Obj function : functions) {
      String name = function.text("name", "");
      if (required || (named.isEmpty() ? lastUserText.contains(name) : named.equals(name))) {
        return Optional.of(new ToolPlan(name, pieces(arguments(function))));
      }
    }
    return Optional.empty();
  }

  /** The arguments as one text. */
  String arguments() {
    return String.join("", pieces);
  }

  private static String arguments(Json.Obj function) {
    return function.get("parameters") instanceof Json.Obj schema
        ? new JsonWriter().value(example(schema)).toString().replace("\":", "\": ")
        : "{}";
  }

  /** A value that fits a JSON schema. */
  private static Json example(Json.Obj schema) {
    List<Json> allowed = schema.items("enum");
    if (!allowed.isEmpty()) {
      return allowed.getFirst();
    }
    return switch (schema.text("type", "object")) {
      case "string" -> new Json.Str("kalo");
      case "integer", "number" -> new Json.Num(7);
      case "boolean" -> new Json.Bool(true);
      case "array" ->
          schema.get("items") instanceof Json.Obj item
              ? new Json.Arr(List.of(example(item)))
              : new Json.Arr(List.of());
      case "null" -> new Json.Null();
      default -> {
        var fields = new LinkedHashMap<String, Json>();
        if (schema.get("properties") instanceof Json.Obj properties) {
          for (Map.Entry<String, Json> property : properties.fields().entrySet()) {
            if (property.getValue() instanceof Json.Obj type) {
              fields.put(property.getKey(), example(type));
            }
          }
        }
        yield new Json.Obj(fields);
      }
    };
  }

  private static List<String> pieces(String arguments) {
    List<String> pieces = new ArrayList<>();
    for (int at = 0; at < arguments.length(); at += PIECE_CHARS) {
      pieces.add(arguments.substring(at, Math.min(arguments.length(), at + PIECE_CHARS)));
    }
    return pieces;
  }
}
