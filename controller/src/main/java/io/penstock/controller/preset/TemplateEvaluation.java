package io.penstock.controller.preset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.POJONode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.penstock.controller.preset.GoFields.Typed;
import java.util.IdentityHashMap;
import java.util.List;

/**
 * Evaluates templates against one service. Confined to one rendering.
 *
 * <p>A field whose value is itself a template is evaluated on the way, once, and not in a circle.
 * What one rendering looks at and writes has a bound, far above what configs need: a config of some
 * kilobytes can ask for more than any process has.
 */
final class TemplateEvaluation {

  private static final int DEEPEST = 16;
  private static final int MOST_VALUES = 10_000;
  private static final int MOST_CHARACTERS = 1_000_000;

  private final Typed root;
  private final IdentityHashMap<TemplateLeaf, String> texts = new IdentityHashMap<>();
  private int depth;
  private int values;
  private int characters;

  /**
   * @param root the service: metadata, merged spec, status, and {@code GlobalConfig}
   */
  TemplateEvaluation(JsonNode root) {
    this.root = new Typed(root, GoFields.ROOT);
  }

  /**
   * The text of a template.
   *
   * @throws TemplateFault when it cannot be evaluated
   */
  String text(List<TemplateNode> template) {
    return text(template, root);
  }

  /**
   * The text of a template of the tree, evaluated when it is first asked for.
   *
   * @throws TemplateFault when it cannot be evaluated
   */
  String text(TemplateLeaf leaf) {
    var known = texts.get(leaf);
    if (known == null) {
      known = text(leaf.template(), root);
      texts.put(leaf, known);
    }
    return known;
  }

  private String text(List<TemplateNode> template, Typed dot) {
    if (depth == DEEPEST) {
      throw new TemplateFault("refers to itself, or is more than " + DEEPEST + " templates deep");
    }
    depth++;
    var out = new StringBuilder();
    append(template, dot, out);
    depth--;
    return out.toString();
  }

  private void append(List<TemplateNode> template, Typed dot, StringBuilder out) {
    for (var node : template) {
      switch (node) {
        case TemplateNode.Text(var text) -> out.append(counted(text));
        case TemplateNode.Action(var expression) ->
            out.append(counted(TemplateFunctions.print(value(expression, dot).value())));
        case TemplateNode.Choice(var branches) -> {
          for (var branch : branches) {
            if (TemplateFunctions.isTrue(value(branch.condition(), dot).value())) {
              append(branch.body(), dot, out);
              break;
            }
          }
        }
      }
    }
  }

  private String counted(String text) {
    characters += Math.min(text.length(), MOST_CHARACTERS);
    if (characters > MOST_CHARACTERS) {
      throw new TemplateFault(
          "all templates together make more than %d characters".formatted(MOST_CHARACTERS));
    }
    return text;
  }

  private Typed value(Expression expression, Typed dot) {
    if (++values > MOST_VALUES) {
      throw new TemplateFault(
          "all templates together look at more than %d values".formatted(MOST_VALUES));
    }
    return switch (expression) {
      case Expression.Literal(var value) -> new Typed(value, GoFields.OPEN);
      case Expression.Dot() -> dot;
      case Expression.Root() -> root;
      case Expression.Chain(var from, var fields) -> {
        var value = value(from, dot);
        for (var field : fields) {
          value = GoFields.field(value, field);
        }
        yield new Typed(resolved(value.value()), value.type());
      }
      case Expression.Call(var function, var arguments) -> call(function, arguments, dot);
    };
  }

  private JsonNode resolved(JsonNode value) {
    return value instanceof POJONode pojo && pojo.getPojo() instanceof TemplateLeaf leaf
        ? TextNode.valueOf(text(leaf))
        : value;
  }

  private Typed call(String function, List<Expression> arguments, Typed dot) {
    return switch (function) {
      case "and", "or" -> junction(function, arguments, dot);
      case "script" -> {
        if (arguments.size() != 2) {
          throw new TemplateFault("script takes a name and a workload");
        }
        var name = TemplateFunctions.print(value(arguments.get(0), dot).value());
        var text = text(Presets.script(name), value(arguments.get(1), dot));
        yield new Typed(TextNode.valueOf(text), GoFields.OPEN);
      }
      default -> {
        var given =
            arguments.stream()
                .map(each -> value(each, dot).value())
                .map(each -> TemplateFunctions.looksInto(function) ? read(each) : each)
                .toList();
        var result = TemplateFunctions.call(function, given);
        if (result.isTextual()) {
          counted(result.textValue());
        }
        yield new Typed(resolved(result), GoFields.OPEN);
      }
    };
  }

  /** A copy without templates. */
  private JsonNode read(JsonNode value) {
    return TemplateLeaves.text(value.deepCopy(), this);
  }

  /** The first argument that decides, else the last; what comes after it is not looked at. */
  private Typed junction(String function, List<Expression> arguments, Typed dot) {
    var last = new Typed(BooleanNode.FALSE, GoFields.OPEN);
    for (var argument : arguments) {
      last = value(argument, dot);
      if (TemplateFunctions.isTrue(last.value()) == function.equals("or")) {
        return last;
      }
    }
    return last;
  }
}
