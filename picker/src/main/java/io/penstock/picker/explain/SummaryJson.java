package io.penstock.picker.explain;

import io.penstock.picker.schedule.Decision;
import org.jspecify.annotations.Nullable;

/** The short JSON form of a {@link DecisionRecord}, for lists and streams; times in seconds. */
final class SummaryJson {

  private static final double NANOS = 1e9;

  private SummaryJson() {}

  static String render(DecisionRecord decision) {
    var json = new JsonText();
    json.open('{').name("id").value(decision.id()).name("requestId").value(decision.requestId());
    json.name("timeMillis").value(decision.timeMillis()).name("pool").value(decision.pool());
    json.name("model").value(decision.model());
    json.name("promptTokens").value(decision.promptTokens());
    json.name("outcome").value(decision.outcome()).name("ended").value(decision.ended());
    var course = decision.course();
    if (course != null) {
      text(json, "tenant", course.tenant());
      text(json, "reason", course.reason());
    }
    switch (decision.decision()) {
      case Decision.Disaggregated divided -> {
        json.name("endpoint").value(divided.decode().endpoint().address());
        json.name("prefillEndpoint").value(divided.prefill().address());
        predicted(json, divided.prefillCachedTokens(), divided.predictedTtftNanos());
      }
      case Decision.Route route -> {
        json.name("endpoint").value(route.endpoint().address());
        predicted(json, route.cachedTokens(), route.predictedTtftNanos());
      }
      case Decision.NoEndpoint none ->
          json.name("noEndpoint").value(DecisionJson.lower(none.reason()));
    }
    actual(json, decision);
    return json.close('}').toString();
  }

  private static void predicted(JsonText json, int cachedTokens, long ttftNanos) {
    json.name("predictedCachedTokens").value(cachedTokens);
    json.name("predictedTtft").value(ttftNanos / NANOS);
  }

  /** What came of it: where it went last, and what was cached where the prompt was computed. */
  private static void actual(JsonText json, DecisionRecord decision) {
    var attempts = decision.attempts();
    json.name("attempts").value(attempts.size());
    if (attempts.isEmpty()) {
      return;
    }
    var last = attempts.getLast();
    json.name("answeredBy").value(last.endpoint().address());
    var computed = last;
    for (var attempt : attempts) {
      if (attempt.leg() == Attempt.Leg.PREFILL
          && attempt.progress() == Attempt.Progress.COMPLETED) {
        computed = attempt;
      }
    }
    if (computed.cachedTokens() >= 0) {
      json.name("cachedTokens").value(computed.cachedTokens());
    }
    if (computed.promptTokens() >= 0) {
      json.name("countedTokens").value(computed.promptTokens());
    }
    if (last.ttftNanos() >= 0) {
      long since = last.startNanos() - attempts.getFirst().startNanos();
      json.name("ttft").value((since + last.ttftNanos()) / NANOS);
    }
    if (last.failure() != null) {
      json.name("failure").value(DecisionJson.lower(last.failure()));
    }
  }

  private static void text(JsonText json, String name, @Nullable String text) {
    if (text != null) {
      json.name(name).value(text);
    }
  }
}
