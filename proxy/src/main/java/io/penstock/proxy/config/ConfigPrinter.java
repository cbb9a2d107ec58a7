package io.penstock.proxy.config;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.penstock.picker.config.EndpointPickerPrinter;
import io.penstock.picker.discovery.kubernetes.PodSelection;
import io.penstock.picker.scrape.PodTls;
import io.penstock.proxy.config.PoolConfig.Disaggregation;
import io.penstock.proxy.config.PoolConfig.Discovery;
import io.penstock.proxy.config.PoolConfig.RoutingPolicy;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Shows the configuration that is in force, and where each value came from: as YAML that can be
 * loaded again ({@code --print-config}), and as JSON ({@code /config}). Pure functions.
 *
 * <p>There is nothing to redact, by design: keys and certificates live in files of their own, of
 * which the configuration knows the path and this shows no more.
 */
public final class ConfigPrinter {

  private static final JsonFactory JSON = new JsonFactory();

  private ConfigPrinter() {}

  /** The tree as YAML, the source of each value as a comment. */
  public static String yaml(LoadResult.Loaded loaded) {
    var out = new StringBuilder();
    var group = "";
    for (var setting : Settings.all()) {
      if (!setting.group().equals(group)) {
        group = setting.group();
        out.append(group).append(":\n");
      }
      out.append(group.isEmpty() ? "" : "  ")
          .append(setting.key())
          .append(": ")
          .append(word(text(loaded, setting)))
          .append("  # ")
          .append(loaded.sources().source(setting))
          .append('\n');
    }
    out.append("pools:  # ").append(loaded.sources().poolsSource()).append('\n');
    for (var pool : loaded.config().pools()) {
      out.append("  - name: ").append(word(pool.name())).append('\n');
      if (!pool.models().isEmpty()) {
        out.append("    models: ").append(words(pool.models())).append('\n');
      }
      discovery(out, pool.discovery());
      policy(out, "picker", "", pool.policy());
      var shadow = pool.shadow();
      if (shadow != null) {
        policy(out, "shadow", "sample: " + shadow.sample(), shadow.policy());
      }
      out.append("    scrape: {interval: ")
          .append(time(pool.scrape().interval().toNanos()))
          .append("}\n");
      var tls = pool.tls();
      if (tls != null) {
        out.append("    tls: {").append(members(tls)).append("}\n");
      }
      out.append("    disaggregation: {").append(members(pool.disaggregation())).append("}\n");
      RulesPrinter.yaml(out, pool.rules());
    }
    return out.toString();
  }

  /**
   * {@code {"settings":{path:{"value","source"}},"pools":[…],"poolsSource":…}} of what is in force.
   * Where a change waits for the next start, {@code "next"} beside a value, and {@code
   * "poolsNext"}, have what it says.
   *
   * @param started what the gateway was started with
   * @param latest what it has taken over since
   */
  public static String json(LoadResult.Loaded started, LoadResult.Loaded latest) {
    var text = new StringWriter();
    try (var json = JSON.createGenerator(text)) {
      json.writeStartObject();
      json.writeObjectFieldStart("settings");
      for (var setting : Settings.all()) {
        var next = text(latest, setting);
        var inForce = Settings.isLive(setting) ? latest : started;
        var value = text(inForce, setting);
        json.writeObjectFieldStart(setting.path());
        json.writeStringField("value", value);
        json.writeStringField("source", inForce.sources().source(setting));
        if (!next.equals(value)) {
          json.writeStringField("next", next);
        }
        json.writeEndObject();
      }
      json.writeEndObject();
      var pools = pools(started);
      var nextPools = pools(latest);
      json.writeFieldName("pools");
      json.writeRawValue(pools);
      json.writeStringField("poolsSource", started.sources().poolsSource());
      if (!nextPools.equals(pools)) {
        json.writeFieldName("poolsNext");
        json.writeRawValue(nextPools);
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return text.toString();
  }

  private static String pools(LoadResult.Loaded loaded) throws IOException {
    var text = new StringWriter();
    try (var json = JSON.createGenerator(text)) {
      json.writeStartArray();
      for (var pool : loaded.config().pools()) {
        pool(json, pool);
      }
      json.writeEndArray();
    }
    return text.toString();
  }

  private static void discovery(StringBuilder out, Discovery discovery) {
    out.append("    discovery:\n");
    switch (discovery) {
      case Discovery.Static(var endpoints) -> {
        out.append("      static:\n        endpoints:\n");
        for (var endpoint : endpoints) {
          out.append("          - {address: ")
              .append(word(new HostPort(endpoint.host(), endpoint.port()).toString()))
              .append(", role: ")
              .append(endpoint.role().name().toLowerCase(Locale.ROOT));
          if (!endpoint.labels().isEmpty()) {
            out.append(", labels: {")
                .append(
                    new TreeMap<>(endpoint.labels())
                        .entrySet().stream()
                            .map(label -> word(label.getKey()) + ": " + word(label.getValue()))
                            .collect(Collectors.joining(", ")))
                .append('}');
          }
          out.append("}\n");
        }
      }
      case Discovery.EndpointFile(var path) ->
          out.append("      file: {path: ").append(word(text(path))).append("}\n");
      case Discovery.Dns(var name, var port, var interval) ->
          out.append("      dns: {address: ")
              .append(word(new HostPort(name, port).toString()))
              .append(", interval: ")
              .append(time(interval.toNanos()))
              .append("}\n");
      case Discovery.Kubernetes(var pods) ->
          out.append("      kubernetes: {")
              .append(
                  kubernetes(pods).entrySet().stream()
                      .map(each -> each.getKey() + ": " + word(each.getValue()))
                      .collect(Collectors.joining(", ")))
              .append("}\n");
    }
  }

  /** A policy under its key, with one more member where there is one. */
  private static void policy(StringBuilder out, String key, String more, RoutingPolicy policy) {
    var last = more.isEmpty() ? "}\n" : ", " + more + "}\n";
    switch (policy) {
      case RoutingPolicy.BuiltIn(var name, var config) ->
          out.append("    ").append(key).append(": {policy: ").append(word(name)).append(last);
      case RoutingPolicy.InFile(var file, var config) ->
          out.append("    ")
              .append(key)
              .append(": {configFile: ")
              .append(word(text(file.path())))
              .append(file.experimental() ? ", allowExperimentalPlugins: true" : "")
              .append(last);
      case RoutingPolicy.Inline(var config, var experimental) -> {
        out.append("    ").append(key).append(":\n");
        if (!more.isEmpty()) {
          out.append("      ").append(more).append('\n');
        }
        if (experimental) {
          out.append("      allowExperimentalPlugins: true\n");
        }
        out.append("      config:\n").append(EndpointPickerPrinter.yaml(config).indent(8));
      }
    }
  }

  private static void pool(JsonGenerator json, PoolConfig pool) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", pool.name());
    json.writeArrayFieldStart("models");
    for (var model : pool.models()) {
      json.writeString(model);
    }
    json.writeEndArray();
    json.writeObjectFieldStart("discovery");
    switch (pool.discovery()) {
      case Discovery.Static(var endpoints) -> {
        json.writeArrayFieldStart("static");
        for (var endpoint : endpoints) {
          json.writeStartObject();
          json.writeStringField(
              "address", new HostPort(endpoint.host(), endpoint.port()).toString());
          json.writeStringField("role", endpoint.role().name().toLowerCase(Locale.ROOT));
          json.writeEndObject();
        }
        json.writeEndArray();
      }
      case Discovery.EndpointFile(var path) -> json.writeStringField("file", text(path));
      case Discovery.Dns(var name, var port, var interval) -> {
        json.writeStringField("dns", new HostPort(name, port).toString());
        json.writeStringField("interval", time(interval.toNanos()));
      }
      case Discovery.Kubernetes(var pods) -> {
        json.writeObjectFieldStart("kubernetes");
        for (var each : kubernetes(pods).entrySet()) {
          json.writeStringField(each.getKey(), each.getValue());
        }
        json.writeEndObject();
      }
    }
    json.writeEndObject();
    json.writeStringField("picker", PoolConfig.title(pool.policy()));
    var shadow = pool.shadow();
    if (shadow != null) {
      json.writeStringField("shadow", PoolConfig.title(shadow.policy()));
      json.writeNumberField("shadowSample", shadow.sample());
    }
    json.writeStringField("scrapeInterval", time(pool.scrape().interval().toNanos()));
    if (pool.tls() != null) {
      json.writeStringField("tls", "{" + members(pool.tls()) + "}");
    }
    json.writeStringField("disaggregation", "{" + members(pool.disaggregation()) + "}");
    RulesPrinter.json(json, pool.rules());
    json.writeEndObject();
  }

  /** As the file has it. */
  private static String members(Disaggregation disaggregation) {
    var policy = disaggregation.policy();
    return "connector: "
        + disaggregation.connector().text()
        + ", decider: "
        + policy.decider().name().toLowerCase(Locale.ROOT)
        + ", promptTokens: "
        + policy.promptTokens()
        + ", nonCachedTokens: "
        + policy.nonCachedTokens()
        + ", kvBytesPerToken: "
        + policy.kvBytesPerToken()
        + "B, bandwidth: "
        + policy.bytesPerSecond()
        + "B, overhead: "
        + time(policy.overhead().toNanos())
        + ", overflow: "
        + policy.overflow()
        + ", prefillTimeout: "
        + time(disaggregation.prefillTimeout().toNanos());
  }

  /** As the file has it; false is not said. */
  private static String members(PodTls.Settings tls) {
    List<String> members = new ArrayList<>();
    if (tls.ca() != null) {
      members.add("ca: " + word(text(tls.ca())));
    }
    if (tls.serverName() != null) {
      members.add("serverName: " + word(tls.serverName()));
    }
    if (tls.insecure()) {
      members.add("insecure: true");
    }
    return String.join(", ", members);
  }

  /** As the file has it. */
  private static Map<String, String> kubernetes(PodSelection pods) {
    Map<String, String> members = new LinkedHashMap<>();
    switch (pods) {
      case PodSelection.OfPool pool -> {
        members.put("pool", pool.namespace() + "/" + pool.name());
        members.put("group", pool.group());
      }
      case PodSelection.OfLabels labels -> {
        members.put("namespace", labels.namespace());
        members.put(
            "selector",
            new TreeMap<>(labels.labels())
                .entrySet().stream().map(Object::toString).collect(Collectors.joining(",")));
        members.put(
            "ports", labels.ports().stream().map(String::valueOf).collect(Collectors.joining(",")));
      }
    }
    return members;
  }

  private static String text(LoadResult.Loaded loaded, Setting<?> setting) {
    var text = loaded.sources().text(setting);
    return setting.type() == SettingType.FILE_OR_OFF && !text.isEmpty()
        ? text(Path.of(text))
        : text;
  }

  /** A path as it means the same from wherever it is loaded. */
  static String text(Path path) {
    return path.toAbsolutePath().toString();
  }

  private static String words(Collection<String> texts) {
    return texts.stream().map(ConfigPrinter::word).collect(Collectors.joining(", ", "[", "]"));
  }

  /** A YAML scalar: plain where that is safe, otherwise in quotes. */
  static String word(String text) {
    boolean plain =
        !text.isEmpty()
            && text.chars()
                .allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || "._-/".indexOf(c) >= 0))
            && text.charAt(0) != '-';
    return plain || text.matches("[0-9.]+:[0-9]+")
        ? text
        : '"' + new String(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
  }

  /** A time in the largest unit that keeps it whole. */
  private static String time(long nanos) {
    if (nanos % 1_000_000_000 == 0) {
      return nanos / 1_000_000_000 + "s";
    }
    return nanos % 1_000_000 == 0 ? nanos / 1_000_000 + "ms" : nanos / 1_000 + "us";
  }
}
