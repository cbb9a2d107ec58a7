package io.penstock.picker.config;

import io.penstock.picker.flow.BandSettings;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Shows a configuration that is in force, as YAML that can be loaded again, with where each part
 * came from as a comment. Pure functions.
 */
public final class EndpointPickerPrinter {

  private EndpointPickerPrinter() {}

  /** The whole configuration. */
  public static String yaml(EndpointPickerConfig config) {
    var out = new StringBuilder("apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\n");
    if (config.flow().settings().gate()) {
      out.append("featureGates: [flowControl]\n");
    }
    out.append("plugins:\n");
    for (var plugin : config.plugins()) {
      out.append("  - name: ").append(word(plugin.name())).append("  # ");
      out.append(plugin.origin()).append("\n    type: ").append(plugin.type().name()).append('\n');
      if (!plugin.parameters().entries().isEmpty()) {
        out.append("    parameters:\n");
        parameters(out, plugin.parameters(), plugin.origin());
      }
    }
    out.append("schedulingProfiles:\n");
    for (var profile : config.profiles()) {
      out.append("  - name: ").append(word(profile.name())).append("  # ");
      out.append(profile.origin()).append("\n    plugins:\n");
      for (var member : profile.plugins()) {
        out.append("      - {pluginRef: ").append(word(member.plugin().name()));
        if (member.plugin().type().is(PluginKind.SCORER)) {
          out.append(", weight: ").append(number(member.weight()));
        }
        out.append("}  # ").append(member.origin());
        boolean scorer = member.plugin().type().is(PluginKind.SCORER);
        out.append(scorer && !member.weightGiven() ? "; default weight\n" : "\n");
      }
    }
    out.append("dataLayer:\n  sources:\n");
    for (var source : config.sources()) {
      out.append("    - pluginRef: ").append(word(source.getFirst().name())).append('\n');
      out.append("      extractors: ").append(refs(source.subList(1, source.size())));
      out.append('\n');
    }
    out.append("requestHandler:\n  parsers: ").append(refs(config.parsers())).append('\n');
    out.append("flowControl:\n  saturationDetector: {pluginRef: ");
    out.append(word(config.saturationDetector().name())).append("}\n");
    if (config.flow().settings().gate()) {
      flow(out, config.flow());
    }
    return out.toString();
  }

  private static void flow(StringBuilder out, FlowConfig flow) {
    var settings = flow.settings();
    out.append("  maxBytes: ").append(settings.maxBytes()).append('\n');
    out.append("  maxRequests: ").append(settings.maxRequests()).append('\n');
    out.append("  defaultRequestTTL: ").append(GoDuration.text(settings.ttlNanos()));
    out.append("\n  noEndpointRequestTTL: ");
    out.append(GoDuration.text(settings.noEndpointTtlNanos())).append('\n');
    out.append("  usageLimitPolicyPluginRef: ").append(word(flow.limit())).append('\n');
    out.append("  enableEviction: ").append(settings.eviction()).append('\n');
    out.append("  defaultPriorityBand: {");
    band(out, settings.defaultBand(), flow.defaultBand());
    out.append("  defaultNegativePriorityBand: {");
    band(out, settings.defaultNegativeBand(), flow.defaultNegativeBand());
    if (!flow.bands().isEmpty()) {
      out.append("  priorityBands:\n");
    }
    flow.bands()
        .forEach(
            (priority, policies) -> {
              out.append("    - {priority: ").append(priority).append(", ");
              band(out, settings.band(priority), policies);
            });
  }

  private static void band(StringBuilder out, BandSettings band, FlowConfig.BandPolicies policies) {
    out.append("maxBytes: ").append(band.maxBytes());
    out.append(", maxRequests: ").append(band.maxRequests());
    out.append(", fairnessPolicyRef: ").append(word(policies.fairness()));
    out.append(", orderingPolicyRef: ").append(word(policies.ordering())).append("}\n");
  }

  private static void parameters(StringBuilder out, Values values, String origin) {
    values
        .entries()
        .forEach(
            (name, entry) ->
                out.append("      ")
                    .append(name)
                    .append(": ")
                    .append(flow(entry.shape(), entry.value()))
                    .append("  # ")
                    .append(entry.given() ? origin : "default")
                    .append('\n'));
  }

  private static String refs(List<Plugin> plugins) {
    return plugins.stream()
        .map(plugin -> "{pluginRef: " + word(plugin.name()) + "}")
        .collect(Collectors.joining(", ", "[", "]"));
  }

  private static String flow(Shape shape, Object value) {
    return switch (value) {
      case Values group ->
          group.entries().entrySet().stream()
              .map(
                  each ->
                      each.getKey() + ": " + flow(each.getValue().shape(), each.getValue().value()))
              .collect(Collectors.joining(", ", "{", "}"));
      case List<?> list ->
          list.stream().map(each -> flow(shape, each)).collect(Collectors.joining(", ", "[", "]"));
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(each -> word(each.getKey().toString()) + ": " + word(each.getValue().toString()))
              .collect(Collectors.joining(", ", "{", "}"));
      case Double number -> number(number);
      case Long nanos when shape instanceof Shape.Time -> GoDuration.text(nanos);
      case String text -> word(text);
      default -> value.toString();
    };
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e15
        ? String.valueOf((long) value)
        : String.valueOf(value);
  }

  /** A YAML scalar: plain where that is safe, otherwise in quotes. */
  private static String word(String text) {
    return text.matches("[A-Za-z][A-Za-z0-9._/-]*")
            && !text.matches("(?i)true|false|null|yes|no|on|off")
        ? text
        : '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }
}
