package io.penstock.controller.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Trees;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The conditions of a status while it is computed, sorted by type. A condition whose status is as
 * before keeps its time of transition. Confined to one pass.
 */
final class ConditionList {

  /** Status of a condition. */
  enum Truth {
    TRUE("True"),
    FALSE("False"),
    UNKNOWN("Unknown");

    private final String text;

    Truth(String text) {
      this.text = text;
    }

    String text() {
      return text;
    }
  }

  /** What is said of one condition. */
  record Verdict(Truth truth, String reason, String message) {

    static Verdict yes(String reason, String message) {
      return new Verdict(Truth.TRUE, reason, message);
    }

    static Verdict no(String reason, String message) {
      return new Verdict(Truth.FALSE, reason, message);
    }

    static Verdict unknown(String reason, String message) {
      return new Verdict(Truth.UNKNOWN, reason, message);
    }
  }

  private final JsonNode before;
  private final long generation;
  private final Instant now;
  private final TreeMap<String, Verdict> verdicts = new TreeMap<>();

  /**
   * No condition yet.
   *
   * @param before the conditions of the last status; may be missing
   * @param generation of the service that is spoken about
   */
  ConditionList(JsonNode before, long generation, Instant now) {
    this.before = before;
    this.generation = generation;
    this.now = now.truncatedTo(ChronoUnit.SECONDS);
  }

  void set(String type, Verdict verdict) {
    verdicts.put(type, verdict);
  }

  Optional<Verdict> get(String type) {
    return Optional.ofNullable(verdicts.get(type));
  }

  /**
   * Sums conditions up into another: false as the first that is false, else unknown as the first
   * that is unknown, else true. Those that are not there do not count.
   */
  void rollUp(String type, String reasonWhenTrue, String messageWhenTrue, String... parts) {
    Verdict sum = Verdict.yes(reasonWhenTrue, messageWhenTrue);
    for (var part : parts) {
      var verdict = verdicts.get(part);
      if (verdict != null && worse(verdict.truth(), sum.truth())) {
        sum = verdict;
      }
    }
    set(type, sum);
  }

  private static boolean worse(Truth one, Truth other) {
    return rank(one) > rank(other);
  }

  private static int rank(Truth truth) {
    return switch (truth) {
      case TRUE -> 0;
      case UNKNOWN -> 1;
      case FALSE -> 2;
    };
  }

  /** As the status has them. */
  ArrayNode toTree() {
    var list = JsonNodeFactory.instance.arrayNode();
    verdicts.forEach(
        (type, verdict) -> {
          ObjectNode condition = list.addObject();
          condition.put("type", type);
          condition.put("status", verdict.truth().text());
          condition.put("reason", verdict.reason());
          condition.put("message", verdict.message());
          condition.put("observedGeneration", generation);
          condition.put("lastTransitionTime", since(type, verdict.truth()));
        });
    return list;
  }

  private String since(String type, Truth truth) {
    for (var condition : before) {
      if (Trees.text(condition, "type").equals(type)
          && Trees.text(condition, "status").equals(truth.text())
          && Trees.has(condition, "lastTransitionTime")) {
        return Trees.text(condition, "lastTransitionTime");
      }
    }
    return now.toString();
  }
}
