package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What pod templates say that does not fit together or does not do what it seems to. Pure. */
final class TemplateRules {

  /** The container that serves. */
  private static final String MAIN = "main";

  private static final List<String> PROBES =
      List.of("livenessProbe", "readinessProbe", "startupProbe");

  private TemplateRules() {}

  static void check(ObjectNode hub, Findings out) {
    for (var place : TemplatePlace.all(hub)) {
      shape(place, out);
    }
    serving(Trees.object(hub, "spec"), FieldPath.SPEC, out);
    serving(Trees.object(hub, "spec", "prefill"), FieldPath.SPEC.child("prefill"), out);
  }

  private static void shape(TemplatePlace place, Findings out) {
    var template = place.template();
    switch (TemplateShape.of(template)) {
      case POD_SPEC -> {}
      case MIXED ->
          out.invalid(
              place.path(),
              String.join(", ", TemplateShape.podMembers(template)),
              "stands beside metadata or spec: write either a pod template (metadata and spec) or"
                  + " a bare pod spec (containers and the like)");
      case POD_TEMPLATE_SPEC -> metadata(place, out);
    }
  }

  private static void metadata(TemplatePlace place, Findings out) {
    var metadata = Trees.object(place.template(), "metadata");
    if (metadata == null) {
      return;
    }
    for (var member : metadata.properties()) {
      boolean labels = List.of("labels", "annotations").contains(member.getKey());
      if (!member.getValue().isNull() && (!labels || !place.hasLabels())) {
        out.warn(
            place.path().child("metadata", member.getKey()),
            labels
                ? "has no effect here; labels and annotations of all pods of a workload stand"
                    + " beside its template"
                : "has no effect");
      }
    }
  }

  private static void serving(@Nullable JsonNode workload, FieldPath path, Findings out) {
    if (workload == null) {
      return;
    }
    boolean several = Trees.has(workload, "worker");
    for (var name : List.of("template", "worker")) {
      var template = Trees.object(workload, name);
      if (template != null && TemplateShape.of(template) != TemplateShape.MIXED) {
        boolean outer = TemplateShape.of(template) == TemplateShape.POD_TEMPLATE_SPEC;
        var pod = outer ? Trees.object(template, "spec") : template;
        var at = outer ? path.child(name, "spec") : path.child(name);
        containers(Trees.list(pod, "containers"), at.child("containers"), workload, several, out);
      }
    }
  }

  private static void containers(
      List<JsonNode> containers, FieldPath at, JsonNode workload, boolean several, Findings out) {
    boolean found = containers.isEmpty();
    for (int i = 0; i < containers.size(); i++) {
      if (Trees.text(containers.get(i), "name").equals(MAIN)) {
        found = true;
        gpus(containers.get(i), at.index(i), workload, several, out);
        probes(containers.get(i), at.index(i), out);
      }
    }
    if (!found) {
      out.warn(at, "none is called main: vLLM runs in main, and these run beside it");
    }
  }

  private static void gpus(
      JsonNode main, FieldPath at, JsonNode workload, boolean several, Findings out) {
    var limits = Trees.object(main, "resources", "limits");
    if (limits == null) {
      return;
    }
    var parallelism = Trees.object(workload, "parallelism");
    long used =
        Trees.number(parallelism, 1, "tensor")
            * Trees.number(parallelism, 1, "dataLocal")
            * (several ? 1 : Trees.number(parallelism, 1, "pipeline"));
    for (var limit : limits.properties()) {
      var count = limit.getValue().asText();
      if (limit.getKey().endsWith("/gpu")
          && count.matches("\\d{1,9}")
          && Long.parseLong(count) != used) {
        out.warn(
            at.child("resources", "limits", limit.getKey()),
            "the pod gets "
                + count
                + ", but parallelism uses "
                + used
                + (several
                    ? " (tensor times dataLocal)"
                    : " (tensor times pipeline times dataLocal)"));
      }
    }
  }

  /** One HTTPS probe turns TLS on for the workload, so a probe by HTTP would never succeed. */
  private static void probes(JsonNode main, FieldPath at, Findings out) {
    var tls =
        PROBES.stream().filter(each -> scheme(main, each).equals("HTTPS")).findFirst().orElse("");
    if (tls.isEmpty()) {
      return;
    }
    out.warn(
        at.child(tls, "httpGet", "scheme"),
        "HTTPS makes this workload serve over TLS, with a certificate of the controller's CA");
    for (var probe : PROBES) {
      if (scheme(main, probe).equals("HTTP")) {
        out.warn(
            at.child(probe, "httpGet", "scheme"),
            "HTTP never succeeds while " + tls + " says HTTPS, which turns TLS on");
      }
    }
  }

  private static String scheme(JsonNode main, String probe) {
    return Trees.text(main, probe, "httpGet", "scheme");
  }
}
