package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Trees;
import io.penstock.controller.reconcile.ConditionList.Verdict;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What gateways have made of routes and pools, read from the statuses that they write. Pure
 * functions.
 */
final class Routing {

  private Routing() {}

  /** The Gateways that a route wants to be attached to. */
  static Set<Key> gateways(ObjectNode route) {
    Set<Key> keys = new HashSet<>();
    gatewayRefs(route).forEach(parent -> keys.add(key(parent, Trees.namespace(route))));
    return keys;
  }

  /** Where a route wants to be attached to Gateways: to all their listeners, or to some. */
  static List<JsonNode> gatewayRefs(ObjectNode route) {
    return Trees.list(route, "spec", "parentRefs").stream()
        .filter(parent -> kindOr(parent, "Gateway").equals("Gateway"))
        .toList();
  }

  /** Whether every parent has accepted the route as it is now. */
  static Verdict route(ObjectNode route) {
    var name = "HTTPRoute " + Trees.name(route);
    for (var parent : Trees.list(route, "spec", "parentRefs")) {
      var wanted = key(parent, Trees.namespace(route));
      var statuses =
          Trees.list(route, "status", "parents").stream()
              .filter(each -> isAbout(each, parent, Trees.namespace(route)))
              .filter(each -> condition(each, "Accepted").isPresent())
              .toList();
      if (statuses.isEmpty()) {
        return Verdict.no("HTTPRoutesNotReady", name + ": Gateway " + wanted + " says nothing yet");
      }
      for (var status : statuses) {
        for (var type : List.of("Accepted", "ResolvedRefs")) {
          var condition = condition(status, type);
          if (condition.isEmpty() || !isFreshAndTrue(condition.get(), route)) {
            return Verdict.no(
                "HTTPRoutesNotReady",
                "%s: Gateway %s, %s is %s"
                    .formatted(name, wanted, type, words(condition.orElse(null))));
          }
        }
      }
    }
    return Verdict.yes("Accepted", name + " is accepted");
  }

  /**
   * Whether the gateways in question have accepted the pool; one that nobody routes to is ready
   * when it is there.
   */
  static Verdict pool(ObjectNode pool, Set<Key> gateways) {
    var name = "InferencePool " + Trees.name(pool);
    for (var gateway : gateways) {
      var parent =
          Trees.list(pool, "status", "parents").stream()
              .filter(each -> parentKey(each, pool).equals(gateway))
              .findFirst();
      if (parent.isEmpty()) {
        return Verdict.no("WaitingForGateway", name + ": Gateway " + gateway + " says nothing yet");
      }
      var accepted = condition(parent.get(), "Accepted");
      if (accepted.isEmpty() || !isFreshAndTrue(accepted.get(), pool)) {
        return Verdict.no(
            "InferencePoolNotReady",
            "%s: Gateway %s, Accepted is %s"
                .formatted(name, gateway, words(accepted.orElse(null))));
      }
    }
    return Verdict.yes("Accepted", name + " is in use");
  }

  /** Whether the Gateways that a service names exist and are programmed. */
  static Verdict gateways(Set<Key> named, Function<Key, Optional<ObjectNode>> lookup) {
    for (var key : named) {
      var gateway = lookup.apply(key);
      if (gateway.isEmpty()) {
        return Verdict.no("RefsInvalid", "Gateway " + key + " does not exist");
      }
      var programmed = condition(Trees.at(gateway.get(), "status"), "Programmed");
      if (programmed.isEmpty() || !isFreshAndTrue(programmed.get(), gateway.get())) {
        return Verdict.no(
            "GatewaysNotReady",
            "Gateway %s: Programmed is %s".formatted(key, words(programmed.orElse(null))));
      }
    }
    return Verdict.yes("Programmed", "every Gateway is programmed");
  }

  private static Key parentKey(JsonNode status, ObjectNode object) {
    var ref = Trees.object(status, "parentRef");
    return key(ref == null ? Trees.newObject() : ref, Trees.namespace(object));
  }

  private static boolean isAbout(JsonNode status, JsonNode parent, String namespace) {
    var ref = Trees.object(status, "parentRef");
    return ref != null
        && key(ref, namespace).equals(key(parent, namespace))
        && kindOr(ref, "Gateway").equals(kindOr(parent, "Gateway"))
        && Trees.text(ref, "sectionName").equals(Trees.text(parent, "sectionName"));
  }

  /** What a reference names, which is in that namespace unless it says otherwise. */
  static Key key(JsonNode ref, String namespace) {
    var own = Trees.text(ref, "namespace");
    return new Key(own.isEmpty() ? namespace : own, Trees.text(ref, "name"));
  }

  private static String kindOr(JsonNode ref, String otherwise) {
    var kind = Trees.text(ref, "kind");
    return kind.isEmpty() ? otherwise : kind;
  }

  private static Optional<JsonNode> condition(@Nullable JsonNode status, String type) {
    return Trees.list(status, "conditions").stream()
        .filter(each -> Trees.text(each, "type").equals(type))
        .findFirst();
  }

  private static boolean isFreshAndTrue(JsonNode condition, ObjectNode object) {
    long seen = Trees.number(condition, 0, "observedGeneration");
    return Trees.text(condition, "status").equals("True")
        && (seen == 0 || seen >= Objects.generation(object));
  }

  private static String words(@Nullable JsonNode condition) {
    if (condition == null) {
      return "not there yet";
    }
    if (Trees.text(condition, "status").equals("True")) {
      return "about an older generation";
    }
    var message = Trees.text(condition, "message");
    return Trees.text(condition, "status")
        + " ("
        + Trees.text(condition, "reason")
        + (message.isEmpty() ? ")" : ": " + message + ")");
  }
}
