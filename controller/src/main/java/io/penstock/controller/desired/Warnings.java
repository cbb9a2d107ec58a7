package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.controller.preset.Accelerators;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What a service says that will not do what it seems to; nothing here stops it. */
final class Warnings {

  private Warnings() {}

  /**
   * @param wanted what the service and its base configs say, presets aside
   */
  static List<String> of(ServiceView service, JsonNode wanted) {
    List<String> warnings = new ArrayList<>();
    devices(service.spec(), "spec", warnings);
    devices(service.spec().path("prefill"), "spec.prefill", warnings);
    if (has(service.spec(), "router", "scheduler", "tokenizer")) {
      warnings.add(
          "spec.router.scheduler.tokenizer is not rendered: Penstock's picker needs no tokenizer"
              + " beside it");
    }
    if (service.shape().ownGateway()) {
      pickerOfItsOwn(at(wanted, "router", "scheduler"), warnings);
    }
    if (service.shape().tls()) {
      plainProbes(service.spec(), "spec", warnings);
      plainProbes(service.spec().path("prefill"), "spec.prefill", warnings);
    }
    if (service.shape().tls() && service.shape().scheduler()) {
      Engine.of(at(service.spec(), "router", "scheduler", "template"))
          .filter(container -> SchedulerConfig.readsMetricsInPlain(service, container))
          .ifPresent(
              _ ->
                  warnings.add(
                      "pods serve TLS: llm-d's picker reads the pods' metrics over plain HTTP, and"
                          + " gets none, unless its configuration has a metrics-data-source with"
                          + " scheme https"));
    }
    if (service.shape().tls() && service.shape().route()) {
      warnings.add(
          "pods serve TLS: the Gateway must speak TLS to them too, as by a BackendTLSPolicy with"
              + " hostname "
              + service.podServerName());
    }
    return warnings;
  }

  private static void pickerOfItsOwn(JsonNode scheduler, List<String> warnings) {
    var ignored =
        Stream.of("config", "template", "labels", "annotations")
            .filter(each -> has(scheduler, each))
            .toList();
    if (!ignored.isEmpty()) {
      warnings.add(
          "spec.router.scheduler: %s without effect: Penstock's gateway is the way in, and picks by"
                  .formatted(String.join(", ", ignored))
              + " itself");
    }
  }

  private static void devices(JsonNode workload, String path, List<String> warnings) {
    var parallelism = workload.path("parallelism");
    long perPod = factor(parallelism, "tensor");
    if (has(workload, "worker")) {
      perPod *= factor(parallelism, "dataLocal");
    } else {
      perPod *= factor(parallelism, "pipeline") * factor(parallelism, "data");
    }
    long given = Engine.of(workload.path("template")).map(Accelerators::count).orElse(0L);
    if (given > 0 && given != perPod) {
      warnings.add(
          "%s.template asks for %d devices, %s.parallelism uses %d"
              .formatted(path, given, path, perPod));
    }
  }

  private static long factor(JsonNode parallelism, String field) {
    return Math.max(1, parallelism.path(field).asLong(1));
  }

  private static void plainProbes(JsonNode workload, String path, List<String> warnings) {
    Engine.of(workload.path("template"))
        .ifPresent(
            engine -> {
              for (var probe : Engine.PROBES) {
                if (has(engine, probe, "httpGet")
                    && !at(engine, probe, "httpGet", "scheme").asText().equals("HTTPS")) {
                  warnings.add(
                      "%s.template: %s asks over HTTP, but the pods serve TLS"
                          .formatted(path, probe));
                }
              }
            });
  }
}
