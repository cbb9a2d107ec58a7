package io.penstock.picker.extproc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.penstock.picker.objective.ModelRewrite;
import io.penstock.picker.objective.Objective;
import io.penstock.picker.objective.PoolRules;
import io.penstock.picker.objective.RewriteRule;
import io.penstock.picker.objective.RewriteTarget;
import io.penstock.picker.schedule.ModelRule;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests that a rule sends to another model, and the answers to them. */
class ModelRewriteTest {

  private static final String CHAT = FullDuplexTest.CHAT;
  private static final String BODY = FullDuplexTest.BODY.replace("tiny", "chat");
  private static final String SENT = FullDuplexTest.BODY.replace("tiny", "a-model-of-ours");

  private RunningPicker picker;

  @BeforeEach
  void start() throws Exception {
    picker = new RunningPicker("10.0.0.1:8000", "10.0.0.2:8000");
    rules(rule("chat", new RewriteTarget("a-model-of-ours", 0)));
  }

  @AfterEach
  void stop() {
    picker.awaitIdle();
    picker.close();
  }

  @Test
  void a_body_comes_back_with_the_other_name_wherever_it_was_cut() throws Exception {
    for (int cut = 0; cut <= BODY.length(); cut++) {
      var stream = picker.stream().post(CHAT);
      stream.requestBody(BODY.substring(0, cut), false).requestBody(BODY.substring(cut), true);

      assertThat(stream.picked().destination()).isNotEmpty();
      assertThat(new String(stream.requestBodyBack(SENT.length(), true), UTF_8))
          .as("cut at %d", cut)
          .isEqualTo(SENT);
      stream.cancel();
    }
    assertThat(
            picker.metric(
                "llm_d_epp_model_rewrite_decisions_total",
                "model_rewrite_name",
                "rule",
                "model_name",
                "chat",
                "target_model",
                "a-model-of-ours"))
        .isEqualTo(BODY.length() + 1.0);
  }

  @Test
  void a_long_body_comes_back_in_pieces_of_at_most_62_000_bytes() throws Exception {
    var body = BODY.replace("hello", "x".repeat(200_000));
    var stream = picker.stream().post(CHAT).requestBody(body, true);
    stream.picked();

    assertThat(new String(stream.requestBodyBack(body.length() + 10, true), UTF_8))
        .isEqualTo(SENT.replace("hello", "x".repeat(200_000)));
    stream.cancel();
  }

  @Test
  void members_that_clients_may_not_send_are_blanked_beside_it() throws Exception {
    var body = BODY.replace("{\"model\"", "{\"nvext\":{},\"model\"");
    var stream = picker.stream().post(CHAT).requestBody(body, true);
    stream.picked();

    assertThat(new String(stream.requestBodyBack(SENT.length(), true), UTF_8))
        .isEqualToIgnoringWhitespace(SENT);
    stream.cancel();
  }

  @Test
  void a_buffered_body_is_replaced_with_its_length() throws Exception {
    var stream = picker.stream().modes(BodySendMode.BUFFERED, BodySendMode.BUFFERED).post(CHAT);
    stream.next();
    stream.requestBody(BODY, true);

    var answer = stream.next().getRequestBody().getResponse();
    assertThat(answer.getBodyMutation().getBody().toStringUtf8()).isEqualTo(SENT);
    assertThat(GatewayStream.set(answer.getHeaderMutation()))
        .containsEntry("content-length", Integer.toString(SENT.length()));

    stream.responseHeaders(200, false, "content-type", "application/json");
    stream.next();
    stream.responseBody("{\"model\":\"a-model-of-ours\"}", true);
    var changed = stream.next().getResponseBody().getResponse();
    assertThat(changed.getBodyMutation().getBody().toStringUtf8())
        .isEqualTo("{\"model\":\"chat\"}");
    assertThat(GatewayStream.set(changed.getHeaderMutation()))
        .containsEntry("content-length", "16");
    stream.end();
  }

  @Test
  void an_answer_has_the_clients_name_wherever_it_was_cut() throws Exception {
    var answer =
        "{\"id\":\"x\",\"model\":\"a-model-of-ours\",\"choices\":[{\"message\":{\"content\":"
            + "\"I am \\\"model\\\":\\\"a-model-of-ours\\\"\"}}]}";
    var expected = answer.replace("\"model\":\"a-model-of-ours\"", "\"model\":\"chat\"");
    for (int cut = 0; cut <= answer.length(); cut++) {
      var stream = asked();
      stream.responseHeaders(200, false, "content-type", "application/json; charset=utf-8");
      stream.next();
      stream
          .responseBody(answer.substring(0, cut), false)
          .responseBody(answer.substring(cut), true);

      assertThat(new String(stream.responseBodyBack(expected.length(), true), UTF_8))
          .as("cut at %d", cut)
          .isEqualTo(expected);
      stream.end();
    }
  }

  @Test
  void a_stream_has_it_in_every_event() throws Exception {
    var stream = asked();
    stream.responseHeaders(200, false, "content-type", "text/event-stream");
    stream.next();
    for (int i = 0; i < 3; i++) {
      var event = "data: {\"model\":\"a-model-of-ours\",\"n\":" + i + "}\n\n";
      var expected = event.replace("a-model-of-ours", "chat");
      stream.responseBody(event, false);
      assertThat(new String(stream.responseBodyBack(expected.length(), false), UTF_8))
          .isEqualTo(expected);
    }
    stream.responseBody("data: [DONE]\n\n", true);
    assertThat(new String(stream.responseBodyBack(14, true), UTF_8)).isEqualTo("data: [DONE]\n\n");
    stream.end();
  }

  @Test
  void a_piece_by_piece_answer_is_changed_in_place() throws Exception {
    var stream =
        picker.stream()
            .modes(BodySendMode.FULL_DUPLEX_STREAMED, BodySendMode.STREAMED)
            .post(CHAT)
            .requestBody(BODY, true);
    stream.picked();
    stream.requestBodyBack(SENT.length(), true);
    stream.responseHeaders(200, false, "content-type", "application/json");
    stream.next();
    var back = new StringBuilder();
    for (var piece : List.of("{\"model\":\"a-mo", "del", "-of-ours\",\"x\":1}")) {
      stream.responseBody(piece, piece.endsWith("}"));
      var response = stream.next().getResponseBody().getResponse();
      assertThat(response.getBodyMutation().hasBody()).isTrue();
      assertThat(response.hasHeaderMutation()).isFalse();
      back.append(response.getBodyMutation().getBody().toStringUtf8());
    }
    assertThat(back).hasToString("{\"model\":\"chat\",\"x\":1}");
    stream.end();
  }

  @Test
  void what_is_compressed_or_no_JSON_comes_back_as_it_is() throws Exception {
    var text = "{\"model\":\"a-model-of-ours\"}";
    for (var headers :
        List.of(
            new String[] {"content-type", "application/json", "content-encoding", "gzip"},
            new String[] {"content-type", "text/plain"})) {
      var stream = asked();
      stream.responseHeaders(200, false, headers);
      stream.next();
      stream.responseBody(text, true);
      assertThat(new String(stream.responseBodyBack(text.length(), true), UTF_8)).isEqualTo(text);
      stream.end();
    }
  }

  @Test
  void requests_are_shared_out_by_weight() throws Exception {
    rules(rule("chat", new RewriteTarget("a", 1), new RewriteTarget("b", 3)));
    Map<String, Integer> counts = new HashMap<>();
    for (int i = 0; i < 200; i++) {
      var stream = picker.stream().post(CHAT).requestBody(BODY, true);
      stream.picked();
      var body = new String(stream.requestBodyBack(BODY.length() - 3, true), UTF_8);
      counts.merge(body.contains("\"model\":\"a\"") ? "a" : "b", 1, Integer::sum);
      stream.cancel();
    }
    assertThat(counts.get("a")).isBetween(30, 70);
  }

  @Test
  void the_gateways_header_names_a_model_where_no_rule_does() throws Exception {
    for (var header : List.of("x-llm-d-model-name-rewrite", "x-gateway-model-name-rewrite")) {
      var other = picker.stream().post(CHAT, header, "tuned");
      other.requestBody(FullDuplexTest.BODY, true);
      assertThat(other.picked().response().getHeaderMutation().getRemoveHeadersList())
          .contains(header);
      assertThat(new String(other.requestBodyBack(FullDuplexTest.BODY.length(), true), UTF_8))
          .contains("\"model\":\"tuned\"");
      other.cancel();

      var ruled = picker.stream().post(CHAT, header, "tuned").requestBody(BODY, true);
      ruled.picked();
      assertThat(new String(ruled.requestBodyBack(SENT.length(), true), UTF_8)).isEqualTo(SENT);
      ruled.cancel();
    }
  }

  @Test
  void the_gateways_header_names_a_model_for_prompts_in_token_ids() throws Exception {
    var body = "{\"token_ids\":[1,2,3],\"model\":\"tiny\",\"sampling_params\":{}}";
    for (var path : List.of("/inference/v1/generate", "/prefix/inference/v1/generate")) {
      var stream = picker.stream().post(path, "x-llm-d-model-name-rewrite", "tuned");
      stream.requestBody(body, true);
      stream.picked();
      assertThat(new String(stream.requestBodyBack(body.length() + 1, true), UTF_8))
          .isEqualTo(body.replace("tiny", "tuned"));
      stream.cancel();
    }
  }

  @Test
  void the_gateways_header_gives_no_model_to_a_body_without_one() throws Exception {
    var body = "{\"input_ids\":[1,2,3],\"sampling_params\":{}}";
    var stream = picker.stream().post("/generate", "x-llm-d-model-name-rewrite", "tuned");
    stream.requestBody(body, true);
    assertThat(stream.picked().destination()).isNotEmpty();
    assertThat(new String(stream.requestBodyBack(body.length(), true), UTF_8)).isEqualTo(body);
    stream.cancel();
  }

  @Test
  void a_form_has_the_other_name_too() throws Exception {
    var form =
        """
        --b
        Content-Disposition: form-data; name="model"

        chat
        --b
        Content-Disposition: form-data; name="file"; filename="a"

        chat
        --b--
        """
            .replace("\n", "\r\n");
    var stream =
        picker.stream().postOf("multipart/form-data; boundary=b", "/v1/audio/transcriptions");
    stream.requestBody(form, true);
    stream.picked();
    assertThat(new String(stream.requestBodyBack(form.length() + 11, true), UTF_8))
        .isEqualTo(form.replaceFirst("\r\nchat\r\n", "\r\na-model-of-ours\r\n"));
    stream.cancel();
  }

  @Test
  void the_end_of_the_request_does_not_end_a_stream_whose_answer_must_be_changed()
      throws Exception {
    var usual = ExtProcSettings.defaults();
    try (var early =
        new RunningPicker(
            new ExtProcSettings(usual.maxBodyBytes(), usual.heldBodiesBytes(), 1, true, true),
            ModelRule.PREFERRED,
            "10.0.0.1:8000")) {
      early.picker().rules(of(rule("chat", new RewriteTarget("a-model-of-ours", 0))));
      var stream = early.stream().post(CHAT).requestBody(BODY, true);
      stream.picked();
      stream.requestBodyBack(SENT.length(), true);
      stream.responseHeaders(200, false, "content-type", "application/json");
      stream.next();
      stream.responseBody("{\"model\":\"a-model-of-ours\"}", true);
      assertThat(new String(stream.responseBodyBack(16, true), UTF_8))
          .isEqualTo("{\"model\":\"chat\"}");
      stream.end();
      early.awaitIdle();
    }
  }

  @Test
  void the_priority_of_the_objective_that_a_request_names_is_counted() throws Exception {
    picker.picker().rules(PoolRules.of(List.of(new Objective("batch", -10)), List.of()));
    for (var header : List.of("x-llm-d-inference-objective", "x-gateway-inference-objective")) {
      var stream = picker.stream().post(CHAT, header, "batch");
      stream.requestBody(FullDuplexTest.BODY, true);
      stream.picked();
      stream.cancel();
    }
    assertThat(picker.requests("default-flow", -10)).isEqualTo(2);
  }

  private GatewayStream asked() throws Exception {
    var stream = picker.stream().post(CHAT).requestBody(BODY, true);
    stream.picked();
    stream.requestBodyBack(SENT.length(), true);
    return stream;
  }

  private void rules(RewriteRule... rules) {
    picker.picker().rules(of(rules));
  }

  private static PoolRules of(RewriteRule... rules) {
    return PoolRules.of(
        List.of(), List.of(new ModelRewrite("rule", Instant.EPOCH, Arrays.asList(rules))));
  }

  private static RewriteRule rule(String model, RewriteTarget... targets) {
    return new RewriteRule(List.of(model), List.of(targets));
  }
}
