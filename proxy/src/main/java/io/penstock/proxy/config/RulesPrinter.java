package io.penstock.proxy.config;

import com.fasterxml.jackson.core.JsonGenerator;
import io.penstock.picker.objective.ModelRewrite;
import io.penstock.picker.objective.Objective;
import io.penstock.picker.objective.RewriteRule;
import io.penstock.picker.objective.RewriteTarget;
import io.penstock.proxy.config.PoolConfig.Rules;
import java.io.IOException;
import java.util.stream.Collectors;

/** Shows a pool's objectives and rewrites, as the file has them. Pure functions. */
final class RulesPrinter {

  private RulesPrinter() {}

  /** As members of a pool; nothing where there is nothing. */
  static void yaml(StringBuilder out, Rules rules) {
    if (!rules.inline().objectives().isEmpty()) {
      out.append("    objectives:\n");
      for (var objective : rules.inline().objectives()) {
        out.append("      - ").append(text(objective)).append('\n');
      }
    }
    if (!rules.inline().rewrites().isEmpty()) {
      out.append("    modelRewrites:\n");
      for (var rewrite : rules.inline().rewrites()) {
        out.append("      - ").append(text(rewrite)).append('\n');
      }
    }
    var file = rules.file();
    if (file != null) {
      out.append("    rulesFile: ")
          .append(ConfigPrinter.word(ConfigPrinter.text(file.path())))
          .append('\n');
    }
  }

  /** The same as JSON, each entry as the text that the file has. */
  static void json(JsonGenerator json, Rules rules) throws IOException {
    json.writeArrayFieldStart("objectives");
    for (var objective : rules.inline().objectives()) {
      json.writeString(text(objective));
    }
    json.writeEndArray();
    json.writeArrayFieldStart("modelRewrites");
    for (var rewrite : rules.inline().rewrites()) {
      json.writeString(text(rewrite));
    }
    json.writeEndArray();
    var file = rules.file();
    if (file != null) {
      json.writeStringField("rulesFile", ConfigPrinter.text(file.path()));
    }
  }

  private static String text(Objective objective) {
    return "{name: "
        + ConfigPrinter.word(objective.name())
        + ", priority: "
        + objective.priority()
        + "}";
  }

  private static String text(ModelRewrite rewrite) {
    return rewrite.rules().stream()
        .map(RulesPrinter::text)
        .collect(
            Collectors.joining(
                ", ", "{name: " + ConfigPrinter.word(rewrite.name()) + ", rules: [", "]}"));
  }

  private static String text(RewriteRule rule) {
    var matches =
        rule.models().stream()
            .map(model -> "{model: {value: " + ConfigPrinter.word(model) + "}}")
            .collect(Collectors.joining(", "));
    var targets = rule.targets().stream().map(RulesPrinter::text).collect(Collectors.joining(", "));
    return (matches.isEmpty() ? "{" : "{matches: [" + matches + "], ")
        + "targets: ["
        + targets
        + "]}";
  }

  private static String text(RewriteTarget target) {
    var weight = target.weight() == RewriteTarget.NO_WEIGHT ? "" : ", weight: " + target.weight();
    return "{modelRewrite: " + ConfigPrinter.word(target.model()) + weight + "}";
  }
}
