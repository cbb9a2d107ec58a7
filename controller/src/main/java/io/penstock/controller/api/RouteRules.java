package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Which ways of routing go together. Pure functions. */
final class RouteRules {

  private static final FieldPath ROUTER = FieldPath.SPEC.child("router");
  private static final FieldPath ROUTE = ROUTER.child("route");
  private static final FieldPath HTTP = ROUTE.child("http");

  private RouteRules() {}

  static void check(ObjectNode hub, boolean complete, boolean old, Findings out) {
    var router = Trees.object(hub, "spec", "router");
    if (router == null) {
      return;
    }
    boolean refs = !Trees.list(router, "route", "http", "refs").isEmpty();
    boolean spec = Trees.has(router, "route", "http", "spec");
    var gateways = Trees.list(router, "gateway", "refs");
    if (refs && spec) {
      out.forbidden(
          HTTP, "choose one: refs to HTTPRoutes of your own, or spec of one the controller makes");
    }
    if (refs && Trees.has(router, "gateway") && gateways.isEmpty()) {
      out.forbidden(
          HTTP.child("refs"),
          "HTTPRoutes of your own cannot use a managed gateway: name your Gateways in "
              + ROUTER.child("gateway", "refs")
              + ", or remove spec.router.gateway");
    }
    parents(Trees.list(router, "route", "http", "spec", "parentRefs"), gateways, hub, old, out);
    group(router, refs, complete, out);
    if (!Trees.list(router, "ingress", "refs").isEmpty()) {
      out.warn(ROUTER.child("ingress"), "Ingresses are not looked at; use a Gateway");
    }
  }

  private static void parents(
      List<JsonNode> parents, List<JsonNode> gateways, ObjectNode hub, boolean old, Findings out) {
    if (parents.isEmpty() || gateways.isEmpty()) {
      return;
    }
    var spec = HTTP.child("spec");
    var namespace = Trees.namespace(hub);
    if (!old && keys(parents, namespace).equals(keys(gateways, namespace))) {
      out.warn(
          spec.child("parentRefs"),
          "says the same as spec.router.gateway.refs, which replaces it; remove one of them");
    } else {
      out.forbidden(
          spec,
          "parentRefs and spec.router.gateway.refs conflict: both say which Gateways the route"
              + " has; keep one of them");
    }
  }

  private static Set<List<String>> keys(List<JsonNode> refs, String namespace) {
    Set<List<String>> keys = new HashSet<>();
    for (var ref : refs) {
      var own = Trees.text(ref, "namespace");
      keys.add(
          List.of(
              own.isEmpty() ? namespace : own,
              Trees.text(ref, "name"),
              Trees.text(ref, "sectionName")));
    }
    return keys;
  }

  private static void group(ObjectNode router, boolean refs, boolean complete, Findings out) {
    var group = Trees.text(router, "route", "group");
    boolean weighted = Trees.has(router, "route", "weight");
    if (group.isEmpty() && !weighted) {
      return;
    }
    if (Trees.has(router, "ingress")) {
      out.forbidden(
          ROUTE.child("group"),
          "splitting traffic needs the Gateway API; remove spec.router.ingress");
    }
    if (group.isEmpty() && complete) {
      out.required(ROUTE.child("group"), "a weight needs the name of the group it is a share of");
    }
    if (!weighted && complete) {
      out.required(ROUTE.child("weight"), "a member of a group needs a weight, 0 to 1000000");
    }
    if (refs) {
      out.forbidden(
          ROUTE.child("group"),
          "only a route that the controller makes can be split; remove spec.router.route.http.refs");
    }
  }
}
