package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.objectAt;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Annotations;
import io.penstock.controller.api.Defaults;
import io.penstock.controller.api.Finding;
import io.penstock.controller.api.Validation;
import io.penstock.controller.preset.CombinedSpec;
import io.penstock.controller.preset.ConfigLookup;
import io.penstock.controller.preset.PresetException;
import io.penstock.controller.preset.PresetScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** From an LLMInferenceService to the objects that it wants to have in its namespace. */
public final class Renderer {

  private Renderer() {}

  /** Renders a service that shares its traffic with no other. */
  public static Rendering render(ObjectNode service, ConfigLookup configs, ClusterFacts facts) {
    return render(service, configs, facts, TrafficPeers.NONE);
  }

  /**
   * Renders a service; a pure function of its arguments.
   *
   * @param service an LLMInferenceService of the hub version; not changed
   * @param configs where configs are found
   * @param facts what the cluster offers
   * @param peers who shares the traffic of its group
   */
  public static Rendering render(
      ObjectNode service, ConfigLookup configs, ClusterFacts facts, TrafficPeers peers) {
    var defaulted = Defaults.apply(service);
    var metadata = objectAt(defaulted, "metadata");
    if ("true".equalsIgnoreCase(metadata.path("annotations").path(Annotations.STOP).asText())) {
      // Also when a config is missing: stopping must always work.
      return new Rendering.Rendered(
          objectAt(defaulted, "spec"), List.of(), List.of(), List.of(), Optional.empty());
    }
    ManagedDevices.claim(defaulted, ManagedDevices.templateName(metadata.path("name").asText()));
    try {
      var scope = new PresetScope(facts.systemNamespace(), facts.presetPrefix());
      var combined = CombinedSpec.of(defaulted, configs, scope);
      var shape = Shape.of(metadata, combined.wanted(), facts);
      var missing = shape.missing(combined.wanted(), facts);
      if (missing != null) {
        return missing;
      }
      var wanted = new ServiceView(metadata, combined.wanted(), facts, shape);
      var result = combined.rendered(spec -> global(new ServiceView(metadata, spec, facts, shape)));
      SchedulerConfig.resolve(result.spec(), wanted.namespace(), facts.systemNamespace(), configs);
      Routes.adoptGateways(result.spec());
      var verdict = Validation.merged(merged(defaulted, result.spec()));
      if (!verdict.accepted()) {
        return new Rendering.Refused("InvalidRenderedConfig", sentences(verdict.errors()));
      }
      var view = new ServiceView(metadata, result.spec(), facts, shape);
      return new Rendering.Rendered(
          result.spec(),
          children(view, peers),
          result.applied(),
          Warnings.of(view, combined.wanted()),
          ServingTls.certificate(view));
    } catch (PresetException refused) {
      return new Rendering.Refused(refused.reason(), String.valueOf(refused.getMessage()));
    }
  }

  private static ObjectNode merged(ObjectNode service, ObjectNode spec) {
    var merged = service.deepCopy();
    merged.set("spec", spec);
    return merged;
  }

  private static String sentences(List<Finding> findings) {
    return findings.stream().map(Finding::toString).collect(Collectors.joining("; "));
  }

  private static List<ObjectNode> children(ServiceView service, TrafficPeers peers) {
    var shape = service.shape();
    List<ObjectNode> children = new ArrayList<>();
    ManagedDevices.of(service).ifPresent(children::add);
    children.addAll(Workloads.of(service));
    children.addAll(Scaling.of(service));
    if (shape.scheduler()) {
      children.addAll(SchedulerChildren.of(service));
    }
    if (shape.pool()) {
      children.add(InferencePools.of(service));
    }
    if (shape.ownGateway()) {
      children.addAll(GatewayChildren.of(service));
    }
    if (shape.route()) {
      children.addAll(Routes.of(service, peers));
    }
    return children;
  }

  /** What templates know as {@code .GlobalConfig}. */
  private static ObjectNode global(ServiceView service) {
    var facts = service.facts();
    return object(
        "systemNamespace", facts.systemNamespace(),
        "ingressGatewayName", facts.gateway().name(),
        "ingressGatewayNamespace", facts.gateway().namespace(),
        "enableTLS", service.shape().tls(),
        "modelBasedRoutingHeaderName", facts.modelHeader(),
        "inferencePoolName", service.poolName(),
        "inferencePoolNamespacedName", service.namespace() + "/" + service.poolName(),
        "inferencePoolGroup", InferencePools.group(service),
        "penstockImage", facts.images().penstock(),
        "modelSource", ModelStorage.source(service.spec()));
  }
}
