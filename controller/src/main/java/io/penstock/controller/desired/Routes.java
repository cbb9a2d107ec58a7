package io.penstock.controller.desired;

import static io.penstock.controller.preset.Nodes.array;
import static io.penstock.controller.preset.Nodes.at;
import static io.penstock.controller.preset.Nodes.has;
import static io.penstock.controller.preset.Nodes.object;
import static io.penstock.controller.preset.Nodes.objectAt;
import static io.penstock.controller.preset.Nodes.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Labels;
import java.util.ArrayList;
import java.util.List;

/**
 * The HTTPRoutes of a service. The first has the rules of the route preset; adapters have routes of
 * their own, as a rule may have 64 matches and a route fewer than 128.
 */
final class Routes {

  private static final String NAME = "-kserve-route";
  private static final String MODEL_ROUTING = "serving.kserve.io/model-based-routing-enabled";
  private static final int MATCHES_PER_RULE = 64;

  private Routes() {}

  /** Puts the Gateways that a merged spec names into its route, in place of the usual one. */
  static void adoptGateways(ObjectNode spec) {
    var refs = at(spec, "router", "gateway", "refs");
    if (!refs.isEmpty() && at(spec, "router", "route", "http", "spec") instanceof ObjectNode http) {
      http.set("parentRefs", parents(refs));
    }
  }

  static List<ObjectNode> of(ServiceView service, TrafficPeers peers) {
    var split = TrafficSplit.of(service, peers);
    var wanted = at(service.spec(), "router", "route", "http", "spec");
    var spec = wanted instanceof ObjectNode object ? object.deepCopy() : object();
    boolean byHeader = routesByHeader(service);
    var rules = array();
    for (var rule : at(spec, "rules")) {
      if (rule instanceof ObjectNode object && (byHeader || !asksForModel(service, rule))) {
        complete(service, object);
        split.share(object);
        rules.add(object);
      }
    }
    spec.set("rules", rules);
    List<ObjectNode> routes = new ArrayList<>();
    routes.add(route(service, NAME, spec));
    if (byHeader) {
      addAdapters(service, spec, split, routes);
    }
    return routes;
  }

  private static ObjectNode route(ServiceView service, String suffix, ObjectNode spec) {
    var route =
        service.child("gateway.networking.k8s.io/v1", "HTTPRoute", suffix, "router", "spec", spec);
    var group = text(service.spec(), "router", "route", "group");
    if (!group.isEmpty()) {
      objectAt(route, "metadata", "labels").put(Labels.ROUTING_GROUP, group);
    }
    return route;
  }

  private static ArrayNode parents(JsonNode refs) {
    var parents = array();
    for (var ref : refs) {
      parents.add(
          object(
              "group",
              "gateway.networking.k8s.io",
              "kind",
              "Gateway",
              "name",
              text(ref, "name"),
              "namespace",
              has(ref, "namespace") ? ref.path("namespace") : null,
              "sectionName",
              has(ref, "sectionName") ? ref.path("sectionName") : null));
    }
    return parents;
  }

  /** Whether a header may choose the model: clusters and services can turn that off. */
  private static boolean routesByHeader(ServiceView service) {
    return !service.facts().modelHeader().isEmpty()
        && text(service.spec(), "annotations", MODEL_ROUTING).equals("true");
  }

  private static boolean asksForModel(ServiceView service, JsonNode rule) {
    for (var match : rule.path("matches")) {
      for (var header : match.path("headers")) {
        var name = text(header, "name");
        if (name.isEmpty() || name.equalsIgnoreCase(service.facts().modelHeader())) {
          return true;
        }
      }
    }
    return false;
  }

  /** Without a picker a pool has no use: requests go to the Service. */
  private static void complete(ServiceView service, ObjectNode rule) {
    for (var backend : rule.path("backendRefs")) {
      if (backend instanceof ObjectNode ref
          && text(ref, "kind").equals("InferencePool")
          && text(ref, "name").equals(service.poolName())
          && !has(service.spec(), "router", "scheduler")) {
        ref.setAll(workload(service));
      }
    }
  }

  /** Where requests for the model go: through the picker's pool where there is one. */
  static ObjectNode backend(ServiceView service) {
    return has(service.spec(), "router", "scheduler")
        ? object(
            "group",
            InferencePools.group(service),
            "kind",
            "InferencePool",
            "name",
            service.poolName(),
            "port",
            Engine.PORT)
        : workload(service);
  }

  /** The Service of the pods, for requests that need no picker. */
  static ObjectNode workload(ServiceView service) {
    return object(
        "group",
        "",
        "kind",
        "Service",
        "name",
        service.child(ServiceView.WORKLOAD_SERVICE),
        "port",
        Engine.PORT);
  }

  private static void addAdapters(
      ServiceView service, ObjectNode base, TrafficSplit split, List<ObjectNode> routes) {
    var names = LoraAdapters.names(service.spec());
    for (int from = 0; from < names.size(); from += MATCHES_PER_RULE) {
      var matches = array();
      for (var name : names.subList(from, Math.min(from + MATCHES_PER_RULE, names.size()))) {
        matches.add(
            object(
                "path",
                object("type", "PathPrefix", "value", "/v1"),
                "headers",
                array(
                    object(
                        "type", "Exact",
                        "name", service.facts().modelHeader(),
                        "value", service.publishedName(name)))));
      }
      var rule =
          object(
              "name",
              "v1-adapter-routing",
              "matches",
              matches,
              "backendRefs",
              array(backend(service).put("weight", 1)),
              "timeouts",
              object("request", "0s", "backendRequest", "0s"));
      split.share(rule);
      var spec = base.deepCopy();
      spec.set("rules", array(rule));
      var number = from / MATCHES_PER_RULE + 1;
      routes.add(route(service, NAME + "-lora" + (number == 1 ? "" : "-" + number), spec));
    }
  }
}
