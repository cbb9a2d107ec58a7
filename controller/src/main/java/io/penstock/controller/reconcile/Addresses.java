package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Trees;
import io.penstock.controller.preset.ChildName;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Where clients reach a service: through the Gateways of its route, else through Penstock's own
 * gateway, else at the Service of its pods. Pure functions.
 */
final class Addresses {

  private Addresses() {}

  /**
   * Addresses by URL, each with its name, in the order of preference.
   *
   * @param live the service's children
   * @param gateways finds Gateways
   */
  static SortedMap<String, String> of(
      ObjectNode service,
      List<ObjectNode> live,
      String clusterDomain,
      Function<Key, Optional<ObjectNode>> gateways) {
    SortedMap<String, String> byUrl = new TreeMap<>();
    var routes =
        live.stream().filter(each -> Trees.text(each, "kind").equals("HTTPRoute")).toList();
    for (var route : routes) {
      pathOf(route).ifPresent(path -> throughGateways(route, path, gateways, byUrl));
    }
    if (byUrl.isEmpty()) {
      // Whoever sends the right header reaches the service all the same.
      routes.forEach(route -> throughGateways(route, "", gateways, byUrl));
    }
    if (byUrl.isEmpty()) {
      services(live)
          .filter(each -> isCalled(each, service, "-kserve-gateway"))
          .forEach(each -> byUrl.put(inCluster(each, clusterDomain), "gateway-internal"));
    }
    if (byUrl.isEmpty()) {
      services(live)
          .filter(each -> isCalled(each, service, "-kserve-workload-svc"))
          .forEach(each -> byUrl.put(inCluster(each, clusterDomain), "internal"));
    }
    return byUrl;
  }

  /** As {@code status.addresses} has them. */
  static ArrayNode toTree(SortedMap<String, String> byUrl) {
    var list = JsonNodeFactory.instance.arrayNode();
    byUrl.forEach((url, name) -> list.addObject().put("name", name).put("url", url));
    return list;
  }

  private static boolean isCalled(ObjectNode child, ObjectNode service, String suffix) {
    return Trees.name(child).equals(ChildName.of(Trees.name(service), suffix));
  }

  private static Stream<ObjectNode> services(List<ObjectNode> live) {
    return live.stream()
        .filter(
            each ->
                Trees.text(each, "kind").equals("Service")
                    && Trees.text(each, "apiVersion").equals("v1"));
  }

  private static String inCluster(ObjectNode service, String clusterDomain) {
    var port = Trees.list(service, "spec", "ports").getFirst();
    long number = Trees.number(port, 0, "port");
    boolean tls =
        Trees.text(port, "name").startsWith("https")
            || Trees.text(port, "appProtocol").equals("https");
    var host =
        "%s.%s.svc.%s".formatted(Trees.name(service), Trees.namespace(service), clusterDomain);
    return url(tls ? "https" : "http", host, number);
  }

  private static void throughGateways(
      ObjectNode route,
      String path,
      Function<Key, Optional<ObjectNode>> gateways,
      SortedMap<String, String> byUrl) {
    for (var parent : Routing.gatewayRefs(route)) {
      gateways
          .apply(Routing.key(parent, Trees.namespace(route)))
          .ifPresent(found -> throughGateway(route, path, parent, found, byUrl));
    }
  }

  private static void throughGateway(
      ObjectNode route,
      String path,
      JsonNode parent,
      ObjectNode gateway,
      SortedMap<String, String> byUrl) {
    for (var listener : Trees.list(gateway, "spec", "listeners")) {
      if (!isMeant(listener, parent)) {
        continue;
      }
      var protocol = Trees.text(listener, "protocol").toLowerCase(Locale.ROOT);
      var scheme = protocol.equals("tls") ? "https" : protocol;
      if (!scheme.equals("http") && !scheme.equals("https")) {
        continue;
      }
      long port = Trees.number(listener, 80, "port");
      for (var host : hosts(route, listener, gateway)) {
        byUrl.put(url(scheme, host, port) + path, "gateway-external");
      }
    }
  }

  /** Whether a reference to a Gateway is to that listener, too. */
  private static boolean isMeant(JsonNode listener, JsonNode parent) {
    var section = Trees.text(parent, "sectionName");
    long port = Trees.number(listener, 80, "port");
    return (section.isEmpty() || section.equals(Trees.text(listener, "name")))
        && Trees.number(parent, port, "port") == port;
  }

  private static List<String> hosts(ObjectNode route, JsonNode listener, ObjectNode gateway) {
    var own =
        Trees.list(route, "spec", "hostnames").stream()
            .map(JsonNode::asText)
            .filter(each -> !each.isEmpty() && !each.startsWith("*"))
            .toList();
    if (!own.isEmpty()) {
      return own;
    }
    var hostname = Trees.text(listener, "hostname");
    if (!hostname.isEmpty() && !hostname.equals("*")) {
      return List.of(hostname.startsWith("*.") ? "inference" + hostname.substring(1) : hostname);
    }
    return Trees.list(gateway, "status", "addresses").stream()
        .map(each -> Trees.text(each, "value"))
        .toList();
  }

  /**
   * The shallowest path prefix that the route matches whatever the headers are; empty where it
   * matches none.
   */
  private static Optional<String> pathOf(ObjectNode route) {
    var rules = Trees.list(route, "spec", "rules");
    // A rule that asks for nothing takes every path.
    boolean takesAll =
        rules.isEmpty() || rules.stream().anyMatch(rule -> Trees.list(rule, "matches").isEmpty());
    return rules.stream()
        .flatMap(rule -> Trees.list(rule, "matches").stream())
        // The API server gives a match by header alone the path /.
        .filter(match -> Trees.list(match, "headers").isEmpty())
        .map(match -> Trees.text(match, "path", "value"))
        .filter(path -> !path.isEmpty() && !path.startsWith("/publishers/"))
        .min(Comparator.comparingLong(path -> path.chars().filter(c -> c == '/').count()))
        .map(path -> path.equals("/") ? "" : path)
        .or(() -> takesAll ? Optional.of("") : Optional.empty());
  }

  private static String url(String scheme, String host, long port) {
    var bracketed = host.contains(":") ? "[" + host + "]" : host;
    boolean usual = scheme.equals("http") ? port == 80 : port == 443;
    return scheme + "://" + bracketed + (usual ? "" : ":" + port);
  }
}
