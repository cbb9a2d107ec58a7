package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Whether an object in the cluster already is as desired: what is desired is there, whatever else
 * defaults and others have added. Pure functions.
 *
 * <p>Lists of objects with a key of Kubernetes' ({@code name}, {@code containerPort}, …) are
 * compared by that key, others element by element. Quantities are compared by amount, a number that
 * may be text by its digits, and what is empty counts as absent.
 */
final class Sameness {

  private static final List<String> KEYS =
      List.of("name", "containerPort", "mountPath", "port", "topologyKey", "ip", "number", "uid");

  private static final Set<String> AMOUNTS =
      Set.of("limits", "requests", "capacity", "averageValue", "value", "sizeLimit", "divisor");

  private Sameness() {}

  /**
   * Where the object first lacks what is desired, such as {@code spec.replicas}; empty when it
   * lacks nothing.
   */
  static Optional<String> difference(JsonNode desired, JsonNode live) {
    return Optional.ofNullable(lacking("", desired, live, false));
  }

  private static @Nullable String lacking(
      String path, JsonNode desired, @Nullable JsonNode live, boolean amount) {
    if (isEmpty(desired) && (live == null || isEmpty(live))) {
      return null;
    }
    if (live == null) {
      return path;
    }
    if (desired.isObject() && live.isObject()) {
      for (var member : desired.properties()) {
        var name = member.getKey();
        var found =
            lacking(
                path.isEmpty() ? name : path + "." + name,
                member.getValue(),
                live.get(name),
                amount || AMOUNTS.contains(name));
        if (found != null) {
          return found;
        }
      }
      return null;
    }
    if (desired.isArray() && live.isArray()) {
      return lackingInList(path, desired, live, amount);
    }
    return same(desired, live, amount) ? null : path;
  }

  private static @Nullable String lackingInList(
      String path, JsonNode desired, JsonNode live, boolean amount) {
    var key = keyOf(desired, live);
    if (key == null && desired.size() != live.size()) {
      return path;
    }
    for (int i = 0; i < desired.size(); i++) {
      var other = key == null ? live.get(i) : find(live, key, desired.get(i).path(key));
      var found = lacking(path + "[" + i + "]", desired.get(i), other, amount);
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  /** The key by which both lists' objects can be told apart; null when there is none. */
  private static @Nullable String keyOf(JsonNode desired, JsonNode live) {
    for (var key : KEYS) {
      if (tellsApart(desired, key) && tellsApart(live, key)) {
        return key;
      }
    }
    return null;
  }

  private static boolean tellsApart(JsonNode list, String key) {
    Set<String> seen = new TreeSet<>();
    for (var each : list) {
      if (!each.isObject() || !each.has(key) || !seen.add(each.get(key).asText())) {
        return false;
      }
    }
    return !list.isEmpty();
  }

  private static @Nullable JsonNode find(JsonNode list, String key, JsonNode value) {
    for (var each : list) {
      if (each.get(key).asText().equals(value.asText())) {
        return each;
      }
    }
    return null;
  }

  private static boolean same(JsonNode desired, JsonNode live, boolean amount) {
    if (desired.equals(live)) {
      return true;
    }
    if (!desired.isValueNode() || !live.isValueNode() || desired.isBoolean() || live.isBoolean()) {
      return false;
    }
    if (desired.isNumber() && live.isNumber()) {
      return desired.decimalValue().compareTo(live.decimalValue()) == 0;
    }
    if (desired.asText().equals(live.asText())) {
      return true;
    }
    if (!amount) {
      return false;
    }
    var one = amount(desired);
    var other = amount(live);
    return one != null && other != null && one.compareTo(other) == 0;
  }

  private static @Nullable BigDecimal amount(JsonNode quantity) {
    try {
      return Quantity.parse(quantity.asText()).getNumericalAmount();
    } catch (RuntimeException notAQuantity) {
      return null;
    }
  }

  private static boolean isEmpty(JsonNode node) {
    return node.isNull()
        || (node.isContainerNode() && node.isEmpty())
        || (node.isTextual() && node.textValue().isEmpty());
  }
}
