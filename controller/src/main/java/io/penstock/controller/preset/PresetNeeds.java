package io.penstock.controller.preset;

import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Which presets a service's spec asks for, with its base configs under it. */
final class PresetNeeds {

  private PresetNeeds() {}

  /** Their names without prefix, lowest precedence first. */
  static List<String> of(JsonNode spec) {
    List<String> suffixes = new ArrayList<>();
    if (has(spec, "router", "scheduler")
        && text(spec, "router", "scheduler", "pool", "ref", "name").isEmpty()) {
      suffixes.add("config-llm-scheduler");
    }
    if (has(spec, "router", "route") && at(spec, "router", "route", "http", "refs").isEmpty()) {
      suffixes.add("config-llm-router-route");
    }
    if (has(spec, "tracing")) {
      suffixes.add("config-llm-tracing");
    }
    if (has(spec, "prefill")) {
      suffixes.add("config-llm-prefill-" + shape(spec.path("prefill")));
      suffixes.add("config-llm-decode-" + shape(spec));
    } else {
      suffixes.add("config-llm-" + shape(spec));
    }
    return suffixes;
  }

  private static String shape(JsonNode workload) {
    if (!has(workload, "worker")) {
      return "template";
    }
    return workload.path("parallelism").path("pipeline").asInt() > 0
        ? "worker-pipeline-parallel"
        : "worker-data-parallel";
  }
}
