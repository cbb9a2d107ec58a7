package io.penstock.controller.api;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** How many pods a rollout may take away and add at a time. Pure functions. */
final class RolloutRules {

  private static final Pattern PERCENT = Pattern.compile("(\\d{1,9})%");

  private RolloutRules() {}

  static void check(JsonNode workload, FieldPath path, boolean complete, Findings out) {
    var rollout = Trees.object(workload, "rolloutStrategy");
    if (rollout == null) {
      return;
    }
    var at = path.child("rolloutStrategy");
    for (var name : List.of("maxUnavailable", "maxSurge")) {
      var value = Trees.at(rollout, name);
      if (value != null) {
        amount(value, at.child(name), out);
      }
    }
    boolean noneAway = isZero(Trees.at(rollout, "maxUnavailable"));
    var surge = Trees.at(rollout, "maxSurge");
    if (noneAway && isZero(surge)) {
      out.invalid(at, rollout, "maxUnavailable and maxSurge cannot both be 0: nothing could move");
    } else if (complete && noneAway && surge == null && Trees.has(workload, "worker")) {
      out.required(
          at.child("maxSurge"),
          "with several pods a replica and maxUnavailable 0, maxSurge must be more than 0");
    }
  }

  private static void amount(JsonNode value, FieldPath at, Findings out) {
    if (value.isIntegralNumber()) {
      if (value.longValue() < 0) {
        out.invalid(at, value, "must not be negative");
      }
      return;
    }
    if (!value.isTextual() || value.textValue().contains("{{")) {
      return;
    }
    var percent = PERCENT.matcher(value.textValue());
    if (!percent.matches()) {
      out.invalid(at, value, "must be a number of pods or a percentage such as 25%");
    } else if (Integer.parseInt(percent.group(1)) > 100) {
      out.invalid(at, value, "must not be more than 100%");
    }
  }

  private static boolean isZero(@Nullable JsonNode value) {
    return value != null && (value.asText().equals("0") || value.asText().matches("0+%"));
  }
}
