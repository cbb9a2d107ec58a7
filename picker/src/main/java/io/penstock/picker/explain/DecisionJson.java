package io.penstock.picker.explain;

import io.penstock.picker.schedule.Decision;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The JSON form of a {@link DecisionRecord}; times in seconds. */
final class DecisionJson {

  private static final double NANOS = 1e9;

  private DecisionJson() {}

  static String render(DecisionRecord decision) {
    var json = new JsonText();
    json.open('{').name("id").value(decision.id()).name("requestId").value(decision.requestId());
    json.name("time").value(Instant.ofEpochMilli(decision.timeMillis()).toString());
    json.name("pool").value(decision.pool()).name("model").value(decision.model());
    json.name("promptTokens").value(decision.promptTokens());
    var course = decision.course();
    course(json, decision.outcome(), course);
    json.name("decision");
    decided(json, decision.decision());
    var weighing = decision.weighing();
    if (weighing != null) {
      json.name("disaggregation").open('{').name("reason").value(lower(weighing.reason()));
      cost(json, "localCost", weighing.localSeconds());
      cost(json, "remoteCost", weighing.remoteSeconds());
      json.close('}');
    }
    ranking(json, decision.ranking());
    var prefills = decision.prefills();
    if (prefills != null) {
      json.name("prefill").open('{');
      ranking(json, prefills);
      json.close('}');
    }
    if (!decision.encoders().isEmpty()) {
      json.name("encoders").open('[');
      for (var encoder : decision.encoders()) {
        json.value(encoder.address());
      }
      json.close(']');
    }
    json.name("attempts").open('[');
    for (var attempt : decision.attempts()) {
      attempt(json, attempt, course);
    }
    return json.close(']').close('}').toString();
  }

  private static void course(JsonText json, String outcome, @Nullable Course course) {
    json.name("outcome").value(outcome);
    if (course == null) {
      return;
    }
    text(json, "tenant", course.tenant());
    if (course.status() > 0) {
      json.name("status").value(course.status());
    }
    text(json, "reason", course.reason());
    json.name("timeline").open('[');
    course.steps(
        (name, since) ->
            json.open('{').name("step").value(name).name("at").value(since / NANOS).close('}'));
    json.close(']');
  }

  private static void text(JsonText json, String name, @Nullable String text) {
    if (text != null) {
      json.name(name).value(text);
    }
  }

  private static void ranking(JsonText json, Ranking ranking) {
    json.name("candidates").value(ranking.candidates()).name("ranked").open('[');
    for (int place = 0; place < ranking.ranked(); place++) {
      candidate(json, ranking, place);
    }
    json.close(']').name("dropped").value(ranking.dropped()).name("droppedEndpoints").open('[');
    for (int k = 0; k < ranking.droppedShown(); k++) {
      json.open('{').name("endpoint").value(ranking.droppedEndpoint(k).address());
      json.name("name").value(ranking.droppedEndpoint(k).spec().name());
      json.name("by").value(ranking.droppedBy(k)).close('}');
    }
    json.close(']');
  }

  private static void cost(JsonText json, String name, double seconds) {
    if (!Double.isNaN(seconds)) {
      json.name(name).value(seconds);
    }
  }

  private static void decided(JsonText json, Decision decided) {
    switch (decided) {
      case Decision.Disaggregated divided -> {
        route(json, divided.decode());
        json.name("prefill").open('{').name("endpoint").value(divided.prefill().address());
        json.name("name").value(divided.prefill().spec().name()).name("alternatives").open('[');
        for (var alternative : divided.prefillAlternatives()) {
          json.value(alternative.address());
        }
        json.close(']').name("predictedCachedTokens").value(divided.prefillCachedTokens());
        json.name("predictedDuration").value(divided.predictedPrefillNanos() / NANOS).close('}');
        json.name("predictedTtftOfBoth").value(divided.predictedTtftNanos() / NANOS).close('}');
      }
      case Decision.Route route -> {
        route(json, route);
        json.close('}');
      }
      case Decision.NoEndpoint none ->
          json.open('{').name("noEndpoint").value(lower(none.reason())).close('}');
    }
  }

  private static void route(JsonText json, Decision.Route route) {
    json.open('{').name("endpoint").value(route.endpoint().address());
    json.name("name").value(route.endpoint().spec().name()).name("alternatives").open('[');
    for (var alternative : route.alternatives()) {
      json.value(alternative.address());
    }
    json.close(']').name("predictedCachedTokens").value(route.cachedTokens());
    json.name("predictedTtft").value(route.predictedTtftNanos() / NANOS);
  }

  private static void candidate(JsonText json, Ranking decision, int place) {
    var endpoint = decision.endpoint(place);
    json.open('{').name("endpoint").value(endpoint.address());
    json.name("name").value(endpoint.spec().name());
    json.name("cachedTokens").value(decision.cachedTokens(place));
    json.name("score").value(decision.score(place)).name("terms").open('{');
    for (int k = 0; k < decision.termNames().size(); k++) {
      json.name(decision.termNames().get(k)).value(decision.term(place, k));
    }
    json.close('}').close('}');
  }

  private static void attempt(JsonText json, Attempt attempt, @Nullable Course course) {
    json.open('{').name("endpoint").value(attempt.endpoint().address());
    json.name("name").value(attempt.endpoint().spec().name());
    json.name("leg").value(lower(attempt.leg()));
    json.name("progress").value(attempt.progress().label());
    if (course != null) {
      json.name("startedAt").value(course.sinceArrivalNanos(attempt.startNanos()) / NANOS);
    }
    failure(json, attempt.failure());
    json.name("predictedCachedTokens").value(attempt.predictedCachedTokens());
    json.name("predictedTtft").value(attempt.predictedTtftNanos() / NANOS);
    seconds(json, "ttft", attempt.ttftNanos());
    seconds(json, "transfer", attempt.transferNanos());
    seconds(json, "duration", attempt.durationNanos());
    count(json, "promptTokens", attempt.promptTokens());
    count(json, "cachedTokens", attempt.cachedTokens());
    count(json, "completionTokens", attempt.completionTokens());
    json.close('}');
  }

  private static void failure(JsonText json, @Nullable FailureKind failure) {
    if (failure != null) {
      json.name("failure").value(lower(failure));
    }
  }

  private static void seconds(JsonText json, String name, long nanos) {
    if (nanos >= 0) {
      json.name(name).value(nanos / NANOS);
    }
  }

  private static void count(JsonText json, String name, int tokens) {
    if (tokens >= 0) {
      json.name(name).value(tokens);
    }
  }

  static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
