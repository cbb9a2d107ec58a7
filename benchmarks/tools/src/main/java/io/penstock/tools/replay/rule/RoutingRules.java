package io.penstock.tools.replay.rule;

import java.util.List;

/** Routing rules by name. Stateless. */
public final class RoutingRules {

  /** Names that {@link #named} knows. */
  public static final List<String> NAMES =
      List.of(
          "round-robin",
          "least-request",
          "smg",
          "aibrix",
          "llm-d-default",
          "llm-d-precise",
          "dynamo",
          "preble",
          "min-pttft");

  private RoutingRules() {}

  /**
   * A fresh rule.
   *
   * @throws IllegalArgumentException for a name that is not one of {@link #NAMES}
   */
  public static RoutingRule named(String name) {
    return switch (name) {
      case "round-robin" -> new RoundRobin();
      case "least-request" -> new LeastRequest();
      case "smg" -> new SmgCacheAware();
      case "aibrix" -> new AibrixPrefixCache();
      case "llm-d-default" -> new LlmdScorers(false);
      case "llm-d-precise" -> new LlmdScorers(true);
      case "dynamo" -> new DynamoKvRouter();
      case "preble" -> new PrebleE2();
      case "min-pttft" -> new MinPredictedTtft();
      default -> throw new IllegalArgumentException("no routing rule is called " + name);
    };
  }
}
