package io.penstock.proxy.app;

import static io.penstock.proxy.app.TestGateway.chat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import io.penstock.proxy.metrics.PrometheusPage;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** What a running gateway says of its decisions. */
class QualityPageTest {

  private static final String CHAT = "/v1/chat/completions";

  /** The paths of all numbers, texts and nulls of a JSON document, in order. */
  private static List<String> leaves(String json) throws Exception {
    List<String> leaves = new ArrayList<>();
    try (var parser = new JsonFactory().createParser(json)) {
      while (parser.nextToken() != null) {
        var token = parser.currentToken();
        if (token.isScalarValue() && token != JsonToken.FIELD_NAME) {
          leaves.add(parser.getParsingContext().pathAsPointer().toString());
        }
      }
    }
    return leaves;
  }

  private static void ask(TestGateway gateway, int requests) throws Exception {
    for (int i = 0; i < requests; i++) {
      gateway.post(
          CHAT,
          chat("so many words of a prompt ".repeat(20) + i % 2, 3, true)
              .replace("}], ", "}],")
              .replace(
                  "\"stream\":true",
                  "\"stream\":true,\"stream_options\":{\"include_usage\":true}"));
    }
    gateway.assertQuiet();
  }

  @Test
  void predictions_regret_and_the_shadow_are_one_document() throws Exception {
    try (var gateway =
        TestGateway.of(1, flags -> flags.shadow("llm-d-default").shadowSample("1"))) {
      ask(gateway, 6);
      await().until(() -> gateway.admin("/debug/quality").contains("\"sampled\":6"));

      assertThat(leaves(gateway.admin("/debug/quality")))
          .containsExactly(
              "/pools/0/pool",
              "/pools/0/pods/0/pod",
              "/pools/0/pods/0/model",
              "/pools/0/pods/0/requests",
              "/pools/0/pods/0/ttftErrorSecondsP50",
              "/pools/0/pods/0/ttftErrorSecondsP90",
              "/pools/0/pods/0/ttftBiasSeconds",
              "/pools/0/pods/0/cachedTokensErrorP50",
              "/pools/0/pods/0/cachedTokensBias",
              "/pools/0/regret/evaluated",
              "/pools/0/regret/better",
              "/pools/0/regret/share",
              "/pools/0/regret/secondsLost",
              "/pools/0/shadow/policy",
              "/pools/0/shadow/sampled",
              "/pools/0/shadow/disagreed",
              "/pools/0/shadow/share",
              "/pools/0/shadow/estimatedGainSeconds");
      assertThat(gateway.admin("/debug/quality"))
          .contains("\"pod\":\"" + gateway.pod(0).hostPort() + "\",\"model\":\"tiny\"")
          .contains("\"requests\":6,\"ttftErrorSecondsP50\":0.")
          .contains("\"policy\":\"llm-d-default\",\"sampled\":6,\"disagreed\":0")
          .doesNotContain("null");

      var page = PrometheusPage.parse(gateway.admin("/metrics"));
      var labels = "{model=tiny, pod=" + gateway.pod(0).hostPort() + ", pool=default}";
      assertThat(page.value("penstock_ttft_prediction_error_seconds_count" + labels)).isEqualTo(6);
      assertThat(page.value("penstock_cached_tokens_prediction_error_count" + labels)).isEqualTo(6);
      assertThat(page.value("penstock_shadow_sampled_total{policy=llm-d-default, pool=default}"))
          .isEqualTo(6);
      assertThat(
              page.value(
                  "penstock_pod_accepting{pod=" + gateway.pod(0).hostPort() + ", pool=default}"))
          .isEqualTo(1);
    }
  }

  @Test
  void what_was_not_measured_is_null() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      assertThat(gateway.admin("/debug/quality"))
          .startsWith(
              "{\"pools\":[{\"pool\":\"default\",\"pods\":[],\"regret\":{\"evaluated\":0,"
                  + "\"better\":0,\"share\":0.000000,\"secondsLost\":0.000000},\"shadow\":null}]}");
      gateway.post(CHAT, chat("hello", 3, false));
      await().until(() -> gateway.admin("/debug/quality").contains("\"requests\":1"));
      assertThat(gateway.admin("/debug/quality")).contains("\"ttftErrorSecondsP50\":null");
    }
  }

  @Test
  void who_takes_open_metrics_gets_the_traces_of_first_tokens_as_examples() throws Exception {
    try (var gateway = TestGateway.of(1, UnaryOperator.identity())) {
      gateway.post(
          CHAT,
          chat("hello", 3, true),
          "traceparent",
          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
      gateway.assertQuiet();

      try (var http = HttpClient.newHttpClient()) {
        var uri =
            URI.create("http://127.0.0.1:" + gateway.app.adminAddress().getPort() + "/metrics");
        var answer =
            http.send(
                HttpRequest.newBuilder(uri)
                    .header("accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
                    .build(),
                HttpResponse.BodyHandlers.ofString());

        assertThat(answer.headers().firstValue("content-type").orElseThrow())
            .startsWith("application/openmetrics-text");
        assertThat(answer.body()).endsWith("# EOF\n");
        assertThat(answer.body().lines())
            .anyMatch(
                line ->
                    line.startsWith("penstock_time_to_first_token_seconds_bucket{model=\"tiny\"")
                        && line.contains(
                            "# {span_id=\"b7ad6b7169203331\",trace_id=\"0af7651916cd43dd8448eb211c80319c\"}"));
      }
      assertThat(gateway.admin("/metrics")).doesNotContain("# EOF", "trace_id");
    }
  }
}
