package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.preset.ShellWords;
import java.util.List;

/** OpenTelemetry traces of engines and schedulers; variables that are there already win. */
final class Tracing {

  private Tracing() {}

  /** Turns traces on in an engine. */
  static void engine(ServiceView service, ObjectNode engine, String role) {
    if (!has(service.spec(), "tracing")) {
      return;
    }
    variables(service, engine, "inference-server-" + role);
    if (!Engine.hasFlag(engine, "--otlp-traces-endpoint")) {
      Engine.prependArgs(
          engine,
          List.of(
              "--otlp-traces-endpoint",
              ShellWords.literalArgument(text(service.spec(), "tracing", "exporterEndpoint")),
              "--collect-detailed-traces",
              "all"));
    }
  }

  /** Says where traces go. */
  static void variables(ServiceView service, ObjectNode container, String serviceName) {
    var tracing = at(service.spec(), "tracing");
    if (!has(service.spec(), "tracing")) {
      return;
    }
    Engine.addEnv(container, "OTEL_SERVICE_NAME", serviceName);
    addText(container, "OTEL_EXPORTER_OTLP_ENDPOINT", text(tracing, "exporterEndpoint"));
    addText(container, "OTEL_TRACES_EXPORTER", text(tracing, "exporter"));
    addText(container, "OTEL_TRACES_SAMPLER", text(tracing, "sampler"));
    addText(container, "OTEL_TRACES_SAMPLER_ARG", text(tracing, "samplerArg"));
    Engine.addEnvOfField(container, "OTEL_NODE_NAME", "spec.nodeName");
    Engine.addEnvOfField(container, "OTEL_POD_NAME", "metadata.name");
    Engine.addEnv(
        container,
        "OTEL_RESOURCE_ATTRIBUTES",
        "k8s.namespace.name=%s,k8s.node.name=$(OTEL_NODE_NAME),k8s.pod.name=$(OTEL_POD_NAME),llmisvc.name=%s"
            .formatted(service.namespace(), service.name()));
  }

  private static void addText(ObjectNode container, String name, String value) {
    if (!value.isEmpty()) {
      Engine.addEnv(container, name, ShellWords.literalArgument(value));
    }
  }
}
