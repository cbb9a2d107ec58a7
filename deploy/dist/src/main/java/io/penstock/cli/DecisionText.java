package io.penstock.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

/**
 * A decision as lines for a terminal: the reason in a sentence, the candidates with what each term
 * of their cost comes to, who was excluded, the attempts, what was expected and what came, and the
 * timeline. Pure functions of the record's JSON.
 */
final class DecisionText {

  private static final int BAR = 40;

  private final JsonNode record;
  private final Ink ink;
  private final List<String> lines = new ArrayList<>();

  private DecisionText(JsonNode record, Ink ink) {
    this.record = record;
    this.ink = ink;
  }

  /** The lines of what {@code /debug/decisions/ID} says. */
  static List<String> lines(JsonNode record, Ink ink) {
    var text = new DecisionText(record, ink);
    text.head();
    text.reason();
    text.ranking("", record, record.path("decision").path("endpoint").asText());
    var prefill = record.path("prefill");
    if (prefill.isObject()) {
      text.ranking(
          "Who computes the prompt:", prefill, record.at("/decision/prefill/endpoint").asText());
    }
    text.excluded();
    text.attempts();
    text.compared();
    text.timeline();
    return text.lines;
  }

  private void head() {
    var outcome = record.path("outcome").asText().replace('_', ' ');
    var line = new StringBuilder(ink.bold("request " + record.path("requestId").asText()));
    line.append("  ").append(outcomeInk(outcome).apply(outcome));
    if (record.has("status")) {
      line.append(' ').append(record.path("status").asInt());
    }
    if (record.has("reason")) {
      line.append(' ').append(ink.bad(record.path("reason").asText()));
    }
    lines.add(line.toString());
    var facts = new StringBuilder(record.path("time").asText());
    for (var fact : List.of("model", "tenant", "pool")) {
      if (record.has(fact)) {
        facts.append(", ").append(fact).append(' ').append(record.path(fact).asText());
      }
    }
    facts.append(", decision ").append(record.path("id").asLong());
    lines.add(ink.faint(facts.toString()));
    lines.add("");
  }

  private UnaryOperator<String> outcomeInk(String outcome) {
    return switch (outcome) {
      case "completed" -> ink::good;
      case "failed", "rejected" -> ink::bad;
      default -> ink::warning;
    };
  }

  private void reason() {
    var decision = record.path("decision");
    if (decision.has("noEndpoint")) {
      lines.add(
          "No pod could take it: " + decision.path("noEndpoint").asText().replace('_', ' ') + ".");
      return;
    }
    var ranked = record.path("ranked");
    var winner = ranked.path(0);
    var next = ranked.path(1);
    lines.add(
        "%s held %,d of %,d prompt tokens%s."
            .formatted(
                ink.bold(decision.path("endpoint").asText()),
                winner.path("cachedTokens").asInt(),
                record.path("promptTokens").asInt(),
                isCost(ranked) ? " and costs " + time(-winner.path("score").asDouble()) : ""));
    if (next.isObject() && isCost(ranked)) {
      lines.add(
          "%s, next, would have cost %s."
              .formatted(next.path("endpoint").asText(), time(-next.path("score").asDouble())));
    }
    var weighing = record.path("disaggregation");
    if (weighing.isObject()) {
      var costs =
          weighing.has("localCost")
              ? ": alone %s, divided %s"
                  .formatted(
                      time(weighing.path("localCost").asDouble()),
                      time(weighing.path("remoteCost").asDouble()))
              : "";
      lines.add(
          (decision.has("prefill")
                  ? "Its prompt is computed at " + decision.at("/prefill/endpoint").asText()
                  : "It is not divided between two pods")
              + " ("
              + weighing.path("reason").asText().replace('_', ' ')
              + costs
              + ").");
    }
  }

  /** Whether the terms are seconds, of which the least win. */
  private static boolean isCost(JsonNode ranked) {
    boolean cost = !ranked.isEmpty();
    for (var candidate : ranked) {
      cost &= candidate.path("score").asDouble() <= 0;
    }
    return cost;
  }

  private void ranking(String title, JsonNode ranking, String winner) {
    var ranked = ranking.path("ranked");
    if (ranked.isEmpty()) {
      return;
    }
    lines.add("");
    if (!title.isEmpty()) {
      lines.add(title);
    }
    boolean cost = isCost(ranked);
    List<String> terms = new ArrayList<>();
    ranked.path(0).path("terms").fieldNames().forEachRemaining(terms::add);
    double most = 0;
    for (var candidate : ranked) {
      most = Math.max(most, sum(candidate.path("terms")));
    }
    List<String> heads =
        new ArrayList<>(List.of("", "candidate", ">held", cost ? ">cost" : ">score"));
    terms.forEach(term -> heads.add(">" + term));
    heads.add("");
    var table = new TextTable(heads);
    for (var candidate : ranked) {
      boolean won = candidate.path("endpoint").asText().equals(winner);
      UnaryOperator<String> inkOfRow = won ? ink::bold : UnaryOperator.identity();
      double score = candidate.path("score").asDouble();
      table.row().cell(won ? "*" : "", ink::good);
      table.cell(candidate.path("name").asText(), inkOfRow);
      table.cell("%,d".formatted(candidate.path("cachedTokens").asInt()));
      table.cell(cost ? time(Math.max(0, -score)) : decimals(score), inkOfRow);
      for (var term : terms) {
        double value = candidate.path("terms").path(term).asDouble();
        table.cell(value == 0 ? "-" : cost ? time(value) : decimals(value));
      }
      var letters = bar(candidate.path("terms"), terms, most);
      table.cell(letters, text -> coloured(text, terms));
    }
    lines.addAll(table.lines(ink));
    var legend = new StringBuilder();
    for (int k = 0; k < terms.size(); k++) {
      legend.append(k == 0 ? "" : "  ");
      legend.append(ink.one(k, String.valueOf(letter(k)))).append(' ').append(terms.get(k));
    }
    lines.add(ink.faint("  bars: ") + legend);
    int more = ranking.path("candidates").asInt() - ranked.size();
    if (more > 0) {
      lines.add(ink.faint("  and %,d more candidates that came out worse".formatted(more)));
    }
  }

  private static double sum(JsonNode terms) {
    double sum = 0;
    for (var term : terms) {
      sum += Math.max(0, term.asDouble());
    }
    return sum;
  }

  /** One letter a term, as many of it as it has of the dearest candidate's bar. */
  private static String bar(JsonNode values, List<String> terms, double most) {
    var bar = new StringBuilder();
    double end = 0;
    for (int k = 0; k < terms.size() && most > 0; k++) {
      end += Math.max(0, values.path(terms.get(k)).asDouble());
      long until = Math.round(end / most * BAR);
      while (bar.length() < until) {
        bar.append(letter(k));
      }
    }
    return bar.toString();
  }

  private static char letter(int term) {
    return (char) ('a' + term);
  }

  private String coloured(String bar, List<String> terms) {
    var out = new StringBuilder();
    for (int k = 0; k < terms.size(); k++) {
      char of = letter(k);
      int length = (int) bar.chars().filter(c -> c == of).count();
      out.append(ink.one(k, String.valueOf(of).repeat(length)));
    }
    return out.toString();
  }

  private void excluded() {
    var all = new ArrayList<String>();
    for (var ranking : List.of(record, record.path("prefill"))) {
      for (var dropped : ranking.path("droppedEndpoints")) {
        all.add(dropped.path("name").asText() + " (" + dropped.path("by").asText() + ")");
      }
      int more = ranking.path("dropped").asInt() - ranking.path("droppedEndpoints").size();
      if (more > 0) {
        all.add("%,d more".formatted(more));
      }
    }
    if (!all.isEmpty()) {
      lines.add("");
      lines.add("excluded: " + String.join(", ", all));
    }
  }

  private void attempts() {
    if (record.path("attempts").isEmpty()) {
      return;
    }
    lines.add("");
    var table =
        new TextTable(
            List.of("attempt", "leg", "came to", ">first byte", ">took", ">cached", ">generated"));
    for (var attempt : record.path("attempts")) {
      boolean failed = attempt.has("failure");
      table.row().cell(attempt.path("name").asText()).cell(attempt.path("leg").asText());
      table.cell(
          failed
              ? "failed: " + attempt.path("failure").asText()
              : attempt.path("progress").asText(),
          failed ? ink::bad : UnaryOperator.identity());
      table.cell(optionalTime(attempt, "ttft")).cell(optionalTime(attempt, "duration"));
      table.cell(
          attempt.has("cachedTokens")
              ? "%,d of %,d"
                  .formatted(
                      attempt.path("cachedTokens").asInt(), attempt.path("promptTokens").asInt())
              : "-");
      table.cell(
          attempt.has("completionTokens")
              ? "%,d".formatted(attempt.path("completionTokens").asInt())
              : "-");
    }
    lines.addAll(table.lines(ink));
  }

  private void compared() {
    var attempts = record.path("attempts");
    if (attempts.isEmpty()) {
      return;
    }
    var decision = record.path("decision");
    var last = attempts.path(attempts.size() - 1);
    double predicted =
        decision.has("predictedTtftOfBoth")
            ? decision.path("predictedTtftOfBoth").asDouble()
            : decision.path("predictedTtft").asDouble();
    var since = last.path("startedAt").asDouble() - attempts.path(0).path("startedAt").asDouble();
    lines.add("");
    lines.add(
        "time to first token: expected %s, came %s%s"
            .formatted(
                time(predicted),
                last.has("ttft") ? time(since + last.path("ttft").asDouble()) : "not yet",
                last.has("transfer") ? ", KV transfer " + optionalTime(last, "transfer") : ""));
  }

  private void timeline() {
    var steps = record.path("timeline");
    if (steps.isEmpty()) {
      return;
    }
    var line = new StringBuilder("timeline:");
    double before = 0;
    for (var step : steps) {
      double at = step.path("at").asDouble();
      var name = step.path("step").asText().replace('_', ' ');
      line.append(line.charAt(line.length() - 1) == ':' ? " " : ", ").append(name);
      if (at > 0) {
        line.append(ink.faint(" +" + time(Math.max(0, at - before))));
      }
      before = at;
    }
    lines.add(line.toString());
  }

  private static String optionalTime(JsonNode of, String name) {
    return of.has(name) ? time(of.path(name).asDouble()) : "-";
  }

  private static String decimals(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  /** Seconds as people read them. */
  static String time(double seconds) {
    double millis = seconds * 1_000;
    if (millis >= 999.5) {
      return String.format(Locale.ROOT, "%.2f s", seconds);
    }
    return String.format(Locale.ROOT, millis < 10 ? "%.2f ms" : "%.0f ms", millis);
  }
}
