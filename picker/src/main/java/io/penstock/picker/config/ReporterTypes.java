package io.penstock.picker.config;

import static io.penstock.picker.config.Parameter.optional;
import static io.penstock.picker.config.Parameter.required;
import static io.penstock.picker.config.Parameter.usual;

import io.penstock.picker.schedule.UsageExpression;
import io.penstock.picker.schedule.UsageReport;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What reports to the gateway, by name. Stateless. */
final class ReporterTypes {

  static final String USAGE = "request-attribute-reporter";

  private static final String ATTRIBUTES = "attributes";
  private static final String EXPRESSION = "expression";
  private static final String CONDITION = "condition";
  private static final String KEY = "key";

  private ReporterTypes() {}

  static List<PluginType> all() {
    return List.of(
        PluginType.builtIn(
            PluginKind.REQUEST_CONTROL,
            USAGE,
            "tells Envoy a number made of a response's token counts, with the end of the response;"
                + " penstock serve has nobody to tell",
            "",
            required(
                ATTRIBUTES,
                new Shape.Groups(
                    List.of(
                        required(
                            KEY,
                            new Shape.Group(
                                List.of(
                                    usual("namespace", Shape.text(), "envoy.lb", "of the metadata"),
                                    required("name", Shape.text(), "in it"))),
                            "where it is told"),
                        required(
                            EXPRESSION,
                            Shape.text(),
                            "the number, CEL over usage.prompt_tokens, completion_tokens,"
                                + " total_tokens and prompt_tokens_details.cached_tokens; 0 is not"
                                + " told"),
                        optional(CONDITION, Shape.text(), "whether it is told, likewise"))),
                "exactly one")));
  }

  /** What is wrong with such a plugin beyond its shape; empty for nothing. */
  static String complaint(Values values) {
    if (!values.has(ATTRIBUTES)) {
      return "";
    }
    var attributes = values.groups(ATTRIBUTES);
    if (attributes.size() != 1) {
      return "attributes: " + attributes.size() + " are given; allowed: exactly one";
    }
    var only = attributes.getFirst();
    var wrong = wrong(EXPRESSION, only.optionalText(EXPRESSION), true);
    return wrong.isEmpty() ? wrong(CONDITION, only.optionalText(CONDITION), false) : wrong;
  }

  private static String wrong(String name, @Nullable String text, boolean number) {
    if (text == null) {
      return "";
    }
    try {
      if (number) {
        UsageExpression.ofNumber(text);
      } else {
        UsageExpression.ofTruth(text);
      }
      return "";
    } catch (IllegalArgumentException e) {
      return "attributes[0]." + name + ": " + e.getMessage();
    }
  }

  /** What such plugins report. */
  static List<UsageReport> reports(List<Plugin> reporters) {
    return reporters.stream()
        .map(plugin -> report(plugin.parameters().groups(ATTRIBUTES).getFirst()))
        .toList();
  }

  private static UsageReport report(Values attribute) {
    var key = attribute.group(KEY);
    if (key == null) {
      throw new IllegalStateException("an attribute without a key");
    }
    var condition = attribute.optionalText(CONDITION);
    return new UsageReport(
        key.text("namespace"),
        key.text("name"),
        UsageExpression.ofNumber(attribute.text(EXPRESSION)),
        condition == null ? null : UsageExpression.ofTruth(condition));
  }
}
