package io.penstock.proxy.app;

import io.penstock.picker.objective.PoolRules;
import io.penstock.picker.objective.TargetChoice;
import io.penstock.proxy.exchange.GatewayPool;
import io.penstock.proxy.openai.JsonText;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/** The rules in force, as JSON: names in order, models of a rule as they are listed. Stateless. */
final class RulesJson {

  private RulesJson() {}

  /** An array with an object for each pool. */
  static String of(List<GatewayPool> pools) {
    var json = new StringBuilder("[");
    for (var pool : pools) {
      json.append(json.length() > 1 ? ",{\"pool\":" : "{\"pool\":");
      JsonText.quote(json, pool.name());
      append(json, pool.picker().rules());
      json.append('}');
    }
    return json.append(']').toString();
  }

  private static void append(StringBuilder json, PoolRules rules) {
    json.append(",\"objectives\":{");
    var between = "";
    for (var objective : new TreeMap<>(rules.priorities()).entrySet()) {
      json.append(between);
      JsonText.quote(json, objective.getKey());
      json.append(':').append(objective.getValue());
      between = ",";
    }
    json.append("},\"rewrites\":{");
    between = "";
    for (var model : new TreeSet<>(rules.namedModels())) {
      var targets = rules.targets(model);
      if (targets != null) {
        json.append(between);
        JsonText.quote(json, model);
        json.append(':');
        append(json, targets);
        between = ",";
      }
    }
    json.append('}');
    var every = rules.targetsOfEveryModel();
    if (every != null) {
      json.append(",\"every_other_model\":");
      append(json, every);
    }
  }

  private static void append(StringBuilder json, TargetChoice targets) {
    json.append("{\"rewrite\":");
    JsonText.quote(json, targets.rewrite());
    json.append(",\"models\":[");
    var between = "";
    for (var model : targets.models()) {
      json.append(between);
      JsonText.quote(json, model);
      between = ",";
    }
    json.append("]}");
  }
}
