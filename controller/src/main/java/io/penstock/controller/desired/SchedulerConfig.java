package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.arrayAt;
import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.objectAt;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.preset.ConfigLookup;
import io.penstock.controller.preset.PresetException;
import io.penstock.controller.preset.ShellWords;
import java.util.List;

/**
 * The configuration of a service's picker: its own, else a flag in the picker's arguments, else the
 * picker's default; llm-d's picker has none for disaggregation, so that one is made for it.
 */
final class SchedulerConfig {

  private static final List<String> FLAGS =
      List.of(
          "--config-text",
          "-config-text",
          "--configText",
          "-configText",
          "--config-file",
          "-config-file",
          "--configFile",
          "-configFile");

  private static final String METRICS_SOURCE = "metrics-data-source";
  private static final String METRICS_EXTRACTOR = "core-metrics-extractor";

  private SchedulerConfig() {}

  /** Whether the container runs llm-d's picker, which is started by its own command. */
  static boolean isLlmD(JsonNode container) {
    return !container.path("args").path(0).asText().equals("picker");
  }

  /**
   * Reads {@code config.ref} into {@code config.inline}, before anything is decided by it. What may
   * be missing, and is, leaves the service without a configuration.
   *
   * @throws PresetException when the ConfigMap or its key is not there, and must be
   */
  static void resolve(ObjectNode spec, String namespace, String system, ConfigLookup configs) {
    if (!(at(spec, "router", "scheduler", "config") instanceof ObjectNode config)
        || !has(config, "ref")) {
      return;
    }
    var name = text(config, "ref", "name");
    var key = text(config, "ref", "key").isEmpty() ? "epp" : text(config, "ref", "key");
    var found = configs.configMap(namespace, name).or(() -> configs.configMap(system, name));
    boolean isThere = found.isPresent() && has(found.get(), "data", key);
    if (!isThere && at(config, "ref", "optional").asBoolean()) {
      objectAt(spec, "router", "scheduler").remove("config");
      return;
    }
    var map =
        found.orElseThrow(
            () ->
                new PresetException(
                    "ConfigNotFound",
                    "spec.router.scheduler.config.ref: ConfigMap %s is in neither %s nor %s"
                        .formatted(name, namespace, system)));
    if (!has(map, "data", key)) {
      throw new PresetException(
          "ConfigNotFound",
          "spec.router.scheduler.config.ref: ConfigMap %s has no key %s".formatted(name, key));
    }
    config.put("inline", text(map, "data", key));
    config.remove("ref");
  }

  /** Gives the picker its configuration. */
  static void addTo(ServiceView service, ObjectNode container) {
    var inline = at(service.spec(), "router", "scheduler", "config", "inline");
    if (!inline.isMissingNode() && !inline.isNull()) {
      replace(container, inline.isTextual() ? inline.textValue() : inline.toString());
    } else if (isLlmD(container)
        && FLAGS.stream().noneMatch(flag -> Engine.hasFlag(container, flag))) {
      replace(container, generated(service).toString());
    }
  }

  private static void replace(ObjectNode container, String config) {
    var kept = array();
    boolean valueFollows = false;
    for (var arg : arrayAt(container, "args")) {
      if (valueFollows) {
        valueFollows = false;
      } else if (FLAGS.contains(arg.asText())) {
        valueFollows = true;
      } else if (FLAGS.stream().noneMatch(flag -> arg.asText().startsWith(flag + "="))) {
        kept.add(arg);
      }
    }
    container.set("args", kept.add("--config-text").add(ShellWords.literalArgument(config)));
  }

  private static ObjectNode generated(ServiceView service) {
    boolean split = service.disaggregated();
    boolean adapters = !LoraAdapters.names(service.spec()).isEmpty();
    var plugins = array();
    var types =
        split
            ? List.of(
                "disagg-headers-handler",
                "prefill-filter",
                "decode-filter",
                "queue-scorer",
                "kv-cache-utilization-scorer",
                "active-request-scorer",
                "prefix-cache-scorer",
                "max-score-picker",
                "always-disagg-pd-decider")
            : List.of(
                "single-profile-handler",
                "queue-scorer",
                "kv-cache-utilization-scorer",
                "prefix-cache-scorer",
                "no-hit-lru-scorer",
                "max-score-picker");
    types.forEach(type -> plugins.add(object("type", type)));
    if (split) {
      plugins.add(
          object(
              "type",
              "disagg-profile-handler",
              "parameters",
              object("deciders", object("prefill", "always-disagg-pd-decider"))));
    }
    if (adapters) {
      plugins.add(object("type", "lora-affinity-scorer"));
    }
    if (service.shape().tls()) {
      // It calls pods by address, which no certificate names.
      plugins.add(
          object(
              "type",
              METRICS_SOURCE,
              "parameters",
              object("scheme", "https", "insecureSkipVerify", true)));
      plugins.add(object("type", METRICS_EXTRACTOR));
    }
    var profiles =
        split
            ? array(
                profile(
                    "prefill",
                    adapters,
                    "prefill-filter",
                    "prefix-cache-scorer=3",
                    "queue-scorer=2",
                    "kv-cache-utilization-scorer=2"),
                profile(
                    "decode",
                    adapters,
                    "decode-filter",
                    "active-request-scorer=2",
                    "prefix-cache-scorer=3"))
            : array(
                profile(
                    "default",
                    adapters,
                    "queue-scorer=2",
                    "kv-cache-utilization-scorer=2",
                    "prefix-cache-scorer=3",
                    "no-hit-lru-scorer=2"));
    return object(
        "apiVersion",
        "llm-d.ai/v1alpha1",
        "kind",
        "EndpointPickerConfig",
        "plugins",
        plugins,
        "schedulingProfiles",
        profiles,
        "dataLayer",
        service.shape().tls() ? object("sources", array(metrics())) : null);
  }

  private static ObjectNode metrics() {
    return object(
        "pluginRef", METRICS_SOURCE, "extractors", array(object("pluginRef", METRICS_EXTRACTOR)));
  }

  /** Whether pods that serve TLS keep their metrics from llm-d's picker, as far as one can see. */
  static boolean readsMetricsInPlain(ServiceView service, JsonNode container) {
    var inline = at(service.spec(), "router", "scheduler", "config", "inline");
    boolean isOwn =
        has(service.spec(), "router", "scheduler", "config", "inline")
            || FLAGS.stream().anyMatch(flag -> Engine.hasFlag(container, flag));
    var text =
        (inline.isTextual() ? inline.textValue() : inline.toString()) + container.path("args");
    return isLlmD(container) && isOwn && !(text.contains(METRICS_SOURCE) && text.contains("https"));
  }

  private static ObjectNode profile(String name, boolean adapters, String... plugins) {
    ArrayNode refs = array();
    for (var plugin : plugins) {
      int equals = plugin.indexOf('=');
      refs.add(
          equals < 0
              ? object("pluginRef", plugin)
              : object(
                  "pluginRef",
                  plugin.substring(0, equals),
                  "weight",
                  Integer.parseInt(plugin.substring(equals + 1))));
    }
    if (adapters) {
      refs.add(object("pluginRef", "lora-affinity-scorer", "weight", 4));
    }
    refs.add(object("pluginRef", "max-score-picker"));
    return object("name", name, "plugins", refs);
  }
}
