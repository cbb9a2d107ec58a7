package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A decision as {@code penstock explain} prints it. */
class DecisionTextTest {

  private static final String COST =
      """
      {"id":17,"requestId":"ask-1","time":"2026-01-02T03:04:05Z","pool":"p","model":"m",
       "promptTokens":1280,"outcome":"completed","tenant":"acme","status":200,
       "timeline":[{"step":"received","at":0},{"step":"body_read","at":0.0012},{"step":"ended","at":2}],
       "decision":{"endpoint":"10.0.0.1:8000","name":"a","alternatives":["10.0.0.2:8000"],
         "predictedCachedTokens":1024,"predictedTtft":0.03},
       "candidates":3,
       "ranked":[
         {"endpoint":"10.0.0.1:8000","name":"a","cachedTokens":1024,"score":-0.05,
          "terms":{"pendingPrefill":0.02,"prefill":0.03,"eviction":0}},
         {"endpoint":"10.0.0.2:8000","name":"b","cachedTokens":0,"score":-0.1,
          "terms":{"pendingPrefill":0,"prefill":0.1,"eviction":0}}],
       "dropped":3,
       "droppedEndpoints":[{"endpoint":"10.0.0.3:8000","name":"c","by":"ejection-filter"}],
       "attempts":[
         {"endpoint":"10.0.0.1:8000","name":"a","leg":"whole","progress":"completed","startedAt":0.002,
          "predictedCachedTokens":1024,"predictedTtft":0.03,"ttft":0.041,"duration":1.9,
          "promptTokens":1300,"cachedTokens":1008,"completionTokens":60}]}
      """;

  private static String text(String json, Ink ink) throws IOException {
    JsonNode record = new ObjectMapper().readTree(json);
    return String.join("\n", DecisionText.lines(record, ink));
  }

  @Test
  void it_says_why_and_what_each_candidate_would_have_cost() throws IOException {
    assertThat(text(COST, Ink.none()))
        .isEqualTo(
            """
            request ask-1  completed 200
            2026-01-02T03:04:05Z, model m, tenant acme, pool p, decision 17

            10.0.0.1:8000 held 1,024 of 1,280 prompt tokens and costs 50 ms.
            10.0.0.2:8000, next, would have cost 100 ms.

               candidate   held    cost  pendingPrefill  prefill  eviction
            *  a          1,024   50 ms           20 ms    30 ms         -  aaaaaaaabbbbbbbbbbbb
               b              0  100 ms               -   100 ms         -  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
              bars: a pendingPrefill  b prefill  c eviction
              and 1 more candidates that came out worse

            excluded: c (ejection-filter), 2 more

            attempt  leg    came to    first byte    took          cached  generated
            a        whole  completed       41 ms  1.90 s  1,008 of 1,300         60

            time to first token: expected 30 ms, came 41 ms
            timeline: received, body read +1.20 ms, ended +2.00 s""");
  }

  @Test
  void colours_change_nothing_but_colours() throws IOException {
    var coloured = text(COST, Ink.colours());
    assertThat(coloured).contains("\033[32mcompleted\033[0m");
    assertThat(coloured.replaceAll("\033\\[\\d*m", "")).isEqualTo(text(COST, Ink.none()));
  }

  @Test
  void scores_of_other_policies_are_no_seconds() throws IOException {
    var scored = COST.replace("-0.05,", "1.5,").replace("-0.1,", "0.25,");
    assertThat(text(scored, Ink.none()))
        .contains("held 1,024 of 1,280 prompt tokens.\n", "score", "1.500", "0.250")
        .doesNotContain("cost");
  }

  @Test
  void a_decision_for_nobody_says_what_was_in_the_way() throws IOException {
    var none =
        """
        {"id":1,"requestId":"r","time":"t","pool":"p","model":"m","promptTokens":3,
         "outcome":"rejected","status":503,"reason":"no_healthy_endpoints",
         "decision":{"noEndpoint":"all_excluded"},"candidates":0,"ranked":[],"dropped":1,
         "droppedEndpoints":[{"endpoint":"e","name":"e","by":"tried"}],"attempts":[]}
        """;
    assertThat(text(none, Ink.none()))
        .isEqualTo(
            """
            request r  rejected 503 no_healthy_endpoints
            t, model m, pool p, decision 1

            No pod could take it: all excluded.

            excluded: e (tried)""");
  }

  @Test
  void both_legs_of_a_divided_request_are_explained() throws IOException {
    var divided =
        COST.replace(
                "\"predictedTtft\":0.03},\n",
                "\"predictedTtft\":0.03,\"prefill\":{\"endpoint\":\"10.0.0.9:8000\",\"name\":\"q\"},"
                    + "\"predictedTtftOfBoth\":0.5},\n"
                    + "\"disaggregation\":{\"reason\":\"cost\",\"localCost\":2,\"remoteCost\":0.5},"
                    + "\"prefill\":{\"candidates\":1,\"ranked\":[{\"endpoint\":\"10.0.0.9:8000\","
                    + "\"name\":\"q\",\"cachedTokens\":0,\"score\":-0.3,\"terms\":{\"prefill\":0.3}}],"
                    + "\"dropped\":0,\"droppedEndpoints\":[]},\n")
            .replace("\"ttft\":0.041,", "\"ttft\":0.041,\"transfer\":0.033,");
    assertThat(text(divided, Ink.none()))
        .contains(
            "Its prompt is computed at 10.0.0.9:8000 (cost: alone 2.00 s, divided 500 ms).",
            "Who computes the prompt:",
            "*  q",
            "expected 500 ms, came 41 ms, KV transfer 33 ms");
  }
}
