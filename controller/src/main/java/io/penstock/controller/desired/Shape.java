package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import io.penstock.controller.api.Annotations;
import io.penstock.controller.desired.ClusterFacts.PoolVersion;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which parts a service is made of, from what it and its base configs say and what the cluster
 * serves.
 *
 * @param ownGateway Penstock's gateway is the way in, with the picker inside
 * @param scheduler a picker of its own is rendered, for a gateway of others
 * @param pool an InferencePool of its own is rendered
 * @param route an HTTPRoute is rendered
 * @param sidecar decode pods have llm-d's routing sidecar
 * @param poolVersion of the InferencePool; null when the cluster serves none
 * @param tls pods serve TLS
 */
record Shape(
    boolean ownGateway,
    boolean scheduler,
    boolean pool,
    boolean route,
    boolean sidecar,
    @Nullable PoolVersion poolVersion,
    boolean tls) {

  /** {@code false}: no routing sidecar, whatever gateway it is. */
  static final String SIDECAR = "penstock.io/routing-sidecar";

  static Shape of(JsonNode metadata, JsonNode spec, ClusterFacts facts) {
    boolean asked = has(spec, "router");
    boolean own =
        asked
            && (!facts.gatewayApi()
                || at(metadata, "annotations", Annotations.GATEWAY).asText().equals("penstock"));
    boolean scheduler = has(spec, "router", "scheduler");
    boolean foreignPool = !text(spec, "router", "scheduler", "pool", "ref", "name").isEmpty();
    boolean picked = scheduler && !own;
    return new Shape(
        own,
        picked && !foreignPool,
        (picked || own) && !foreignPool,
        !own
            && has(spec, "router", "route")
            && at(spec, "router", "route", "http", "refs").isEmpty(),
        picked
            && has(spec, "prefill")
            && !at(metadata, "annotations", SIDECAR).asText().equals("false"),
        facts.poolVersions().contains(PoolVersion.V1)
            ? PoolVersion.V1
            : facts.poolVersions().contains(PoolVersion.V1ALPHA2) ? PoolVersion.V1ALPHA2 : null,
        facts.tls() || asksForTls(spec) || asksForTls(spec.path("prefill")));
  }

  /** Null when the cluster has everything; else what is missing. */
  Rendering.@Nullable Refused missing(JsonNode spec, ClusterFacts facts) {
    if (!facts.leaderWorkerSet() && (has(spec, "worker") || has(spec, "prefill", "worker"))) {
      return new Rendering.Refused(
          "LeaderWorkerSetCRDMissing",
          "spec.worker needs LeaderWorkerSets (leaderworkerset.x-k8s.io/v1), which the cluster does"
              + " not serve; install them, or leave worker out");
    }
    if (!facts.gatewayApi()) {
      List<String> explicit = new ArrayList<>();
      if (!at(spec, "router", "route", "http", "refs").isEmpty()) {
        explicit.add("spec.router.route.http.refs");
      }
      if (has(spec, "router", "route", "http", "spec")) {
        explicit.add("spec.router.route.http.spec");
      }
      if (!at(spec, "router", "gateway", "refs").isEmpty()) {
        explicit.add("spec.router.gateway.refs");
      }
      if (!explicit.isEmpty()) {
        return new Rendering.Refused(
            "GatewayAPIMissing",
            String.join(", ", explicit)
                + " needs the Gateway API (gateway.networking.k8s.io/v1), which the cluster does"
                + " not serve; install it, or leave that out to get Penstock's gateway");
      }
    }
    if (pool && poolVersion == null) {
      return new Rendering.Refused(
          "InferencePoolCRDMissing",
          "spec.router needs InferencePools, which the cluster does not serve; allowed: "
              + PoolVersion.V1.apiVersion()
              + " or "
              + PoolVersion.V1ALPHA2.apiVersion());
    }
    if (ownGateway && poolVersion != PoolVersion.V1 && pool) {
      return new Rendering.Refused(
          "InferencePoolCRDMissing",
          "Penstock's gateway needs InferencePools of " + PoolVersion.V1.apiVersion());
    }
    return null;
  }

  /** A probe that asks over HTTPS says that the server is to serve it. */
  private static boolean asksForTls(JsonNode workload) {
    for (var container : at(workload, "template", "containers")) {
      for (var probe : Engine.PROBES) {
        if (container.path("name").asText().equals(Engine.CONTAINER)
            && at(container, probe, "httpGet", "scheme").asText().equals("HTTPS")) {
          return true;
        }
      }
    }
    return false;
  }
}
