package io.penstock.picker.extproc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.Status;
import io.penstock.picker.schedule.ModelRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Gateways that keep the body, or do not send it, and requests that have none. */
class OtherModesTest {

  private static final String BODY = FullDuplexTest.BODY;
  private static final String[] PODS = {"10.0.0.1:8000", "10.0.0.2:8000"};

  private RunningPicker picker;

  @BeforeEach
  void start() throws Exception {
    picker = new RunningPicker(PODS);
  }

  @AfterEach
  void stop() {
    picker.awaitIdle();
    picker.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"BUFFERED", "BUFFERED_PARTIAL"})
  void a_buffered_body_is_answered_with_the_endpoint_and_stays_with_the_gateway(BodySendMode mode)
      throws Exception {
    var stream = picker.stream().modes(mode, mode).post(FullDuplexTest.CHAT);
    var first = stream.next();
    assertThat(first.hasRequestHeaders()).isTrue();
    assertThat(first.getRequestHeaders().getResponse().hasHeaderMutation()).isFalse();

    stream.requestBody(BODY, true);
    var second = stream.next();
    var answer = second.getRequestBody().getResponse();
    var set = GatewayStream.set(answer.getHeaderMutation());
    assertThat(set.get("x-gateway-destination-endpoint")).isIn((Object[]) PODS);
    assertThat(new GatewayStream.Picked(second, answer).destinationInMetadata())
        .isEqualTo(set.get("x-gateway-destination-endpoint"));
    assertThat(answer.hasBodyMutation()).isFalse();
    assertThat(set).doesNotContainKey("content-length");

    stream.responseHeaders(200, false).responseBody("{}", true);
    assertThat(stream.next().hasResponseHeaders()).isTrue();
    var body = stream.next();
    assertThat(body.hasResponseBody()).isTrue();
    assertThat(body.getResponseBody().getResponse().hasBodyMutation()).isFalse();
    assertThat(stream.end().status().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void a_buffered_body_with_trailers_is_answered_before_them() throws Exception {
    var stream =
        picker.stream().modes(BodySendMode.BUFFERED, BodySendMode.NONE).post(FullDuplexTest.CHAT);
    stream.next();
    stream.requestBody(BODY, false);
    assertThat(stream.next().hasRequestBody()).isTrue();
    stream.requestTrailers();
    assertThat(stream.next().hasRequestTrailers()).isTrue();
    stream.cancel();
  }

  @Test
  void a_body_longer_than_the_gateways_buffer_is_routed_by_its_beginning() throws Exception {
    var body = BODY.replace("hello", "y".repeat(8_000));
    var first = answeredByBeginning(body.substring(0, 4_096));
    for (int i = 0; i < 10; i++) {
      assertThat(answeredByBeginning(body.substring(0, 4_096))).isEqualTo(first);
    }
    assertThat(picker.metric("llm_d_epp_request_total", labels("tiny"))).isEqualTo(11);

    assertThat(answeredByBeginning("{\"messages\":[{\"role\":\"us")).isIn((Object[]) PODS);
    assertThat(picker.metric("llm_d_epp_request_total", labels(""))).isEqualTo(1);
  }

  private String answeredByBeginning(String beginning) throws Exception {
    var stream = partial(beginning);
    var answer = stream.next().getRequestBody().getResponse();
    stream.responseHeaders(200, true);
    stream.next();
    stream.end().status();
    return GatewayStream.set(answer.getHeaderMutation()).get("x-gateway-destination-endpoint");
  }

  private GatewayStream partial(String beginning) throws Exception {
    var stream =
        picker.stream()
            .modes(BodySendMode.BUFFERED_PARTIAL, BodySendMode.NONE)
            .post(FullDuplexTest.CHAT);
    stream.next();
    return stream.requestBody(beginning, false);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"model\":7", "{\"messages\":[]}"})
  void a_beginning_that_no_body_may_have_is_refused(String beginning) throws Exception {
    assertThat(partial(beginning).immediate().getStatus().getCodeValue()).isEqualTo(400);
  }

  @Test
  void engine_members_of_a_buffered_body_are_blanked_at_the_same_length() throws Exception {
    var stream =
        picker.stream()
            .modes(BodySendMode.BUFFERED, BodySendMode.BUFFERED)
            .post(FullDuplexTest.CHAT);
    stream.next();
    var body = BODY.substring(0, BODY.length() - 1) + ",\"kv_transfer_params\":{\"a\":1}}";
    stream.requestBody(body, true);

    var changed = stream.next().getRequestBody().getResponse().getBodyMutation().getBody();
    assertThat(changed.size()).isEqualTo(body.length());
    assertThat(changed.toStringUtf8())
        .startsWith(BODY.substring(0, BODY.length() - 1))
        .doesNotContain("kv_transfer_params");
    stream.cancel();
  }

  @Test
  void engine_members_of_a_streamed_body_are_blanked_wherever_it_is_cut() throws Exception {
    var body = BODY.substring(0, BODY.length() - 1) + ",\"kv_transfer_params\":{\"a\":1}}";
    for (int cut = 1; cut < body.length(); cut++) {
      var stream = picker.stream().post(FullDuplexTest.CHAT);
      stream.requestBody(body.substring(0, cut), false).requestBody(body.substring(cut), true);
      stream.picked();
      assertThat(new String(stream.requestBodyBack(body.length(), true), UTF_8))
          .as("cut at %d", cut)
          .hasSize(body.length())
          .doesNotContain("transfer")
          .startsWith(BODY.substring(0, BODY.length() - 1));
      stream.cancel();
    }
  }

  @Test
  void sglangs_own_api_names_no_model_and_is_routed_by_its_prompt() throws Exception {
    var body = "{\"input_ids\":[" + "11,".repeat(299) + "11]}";
    var pod = answeredBy("/generate", body);
    for (int i = 0; i < 4; i++) {
      assertThat(answeredBy("/generate?x=1", body)).isEqualTo(pod);
    }
  }

  private String answeredBy(String path, String body) throws Exception {
    var stream = picker.stream().post(path);
    stream.requestBody(body, true);
    var pod = stream.picked().destination();
    stream.requestBodyBack(body.length(), true);
    stream.responseHeaders(200, true);
    assertThat(stream.next().hasResponseHeaders()).isTrue();
    assertThat(stream.end().status().getCode()).isEqualTo(Status.Code.OK);
    return pod;
  }

  @ParameterizedTest
  @EnumSource(names = {"NONE", "STREAMED"})
  void without_a_body_to_wait_for_the_headers_are_answered_at_once(BodySendMode mode)
      throws Exception {
    var stream = picker.stream().modes(mode, mode).post(FullDuplexTest.CHAT);
    assertThat(stream.picked().destination()).isIn((Object[]) PODS);
    if (mode == BodySendMode.STREAMED) {
      stream.requestBody(BODY, true);
      var reply = stream.next();
      assertThat(reply.hasRequestBody()).isTrue();
      assertThat(reply.getRequestBody().getResponse().hasBodyMutation()).isFalse();
    }
    stream.cancel();
  }

  @Test
  void without_the_response_body_its_prefill_ends_as_predicted_and_teaches_no_ttft()
      throws Exception {
    var body = BODY.replace("{\"model", "{\"stream\":true,\"model");
    var stream =
        picker.stream()
            .modes(BodySendMode.FULL_DUPLEX_STREAMED, BodySendMode.NONE)
            .post(FullDuplexTest.CHAT)
            .requestBody(body, true);
    var pod = stream.picked().destination();
    stream.requestBodyBack(body.length(), true);
    stream.responseHeaders(200, false, "content-type", "text/event-stream");
    stream.next();
    await()
        .until(
            () -> {
              picker.expire();
              return picker.picker().inFlight().decoding(slot(pod)) == 1;
            });

    stream.responseTrailers();
    assertThat(stream.next().hasResponseTrailers()).isTrue();
    stream.end().status();
    await().until(() -> picker.picker().quality().errors().size() == 1);
    assertThat(picker.picker().quality().errors().getFirst().ttft().count()).isZero();
  }

  @ParameterizedTest
  @EnumSource(names = {"BUFFERED", "BUFFERED_PARTIAL"})
  void a_streamed_answer_that_comes_whole_teaches_no_ttft(BodySendMode mode) throws Exception {
    var stream =
        picker.stream()
            .modes(BodySendMode.FULL_DUPLEX_STREAMED, mode)
            .post(FullDuplexTest.CHAT)
            .requestBody(BODY.replace("{\"model", "{\"stream\":true,\"model"), true);
    stream.picked();
    stream.requestBodyBack(BODY.length(), true);
    stream.responseHeaders(200, false, "content-type", "text/event-stream");
    stream.next();
    stream.responseBody(
        "data: {\"usage\":{\"prompt_tokens\":20,\"completion_tokens\":3}}\n\n", true);
    assertThat(stream.next().hasResponseBody()).isTrue();
    stream.end().status();

    await().until(() -> picker.picker().quality().errors().size() == 1);
    assertThat(picker.picker().quality().errors().getFirst().ttft().count()).isZero();
    var streaming = new ArrayList<>(List.of(labels("tiny")));
    streaming.addAll(List.of("streaming", "true"));
    assertThat(
            picker.metric("llm_d_epp_request_ttft_seconds_count", streaming.toArray(String[]::new)))
        .isZero();
    assertThat(picker.metric("llm_d_epp_request_streaming_tpot_seconds_count", labels("tiny")))
        .isZero();
    assertThat(picker.metric("llm_d_epp_request_output_tokens_sum", labels("tiny"))).isEqualTo(3);
  }

  private int slot(String address) {
    return picker.picker().snapshot().endpoints().stream()
        .filter(endpoint -> endpoint.address().equals(address))
        .findFirst()
        .orElseThrow()
        .slot();
  }

  @Test
  void a_gateway_that_does_not_say_its_mode_is_taken_for_full_duplex() throws Exception {
    var stream = picker.stream().withoutModes().post(FullDuplexTest.CHAT);
    assertThat(stream.pending()).isEmpty();
    stream.requestBody(BODY, true);
    assertThat(stream.picked().destination()).isIn((Object[]) PODS);
    assertThat(stream.requestBodyBack(BODY.length(), true)).hasSize(BODY.length());
    stream.cancel();
  }

  @Test
  void a_request_that_is_only_headers_is_scheduled() throws Exception {
    var stream =
        picker.stream().requestHeaders(true, ":method", "GET", ":path", "/v1/models", "x-a", "b");
    var picked = stream.picked();
    assertThat(picked.destination()).isIn((Object[]) PODS);
    assertThat(stream.pending()).isEmpty();
    assertThat(picker.metric("llm_d_epp_request_total", labels(""))).isEqualTo(1);
    stream.responseHeaders(200, true);
    assertThat(stream.next().hasResponseHeaders()).isTrue();
    assertThat(stream.end().status().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void what_is_not_understood_is_routed_all_the_same() throws Exception {
    for (var body :
        new String[] {"", "not json", "{\"no\":\"model\"}", "[1]", "\u0000\u0001", "{"}) {
      var stream = picker.stream().post("/primary-gateway-test").requestBody(body, true);
      assertThat(stream.picked().destination()).as(body).isIn((Object[]) PODS);
      assertThat(new String(stream.requestBodyBack(body.length(), true), UTF_8)).isEqualTo(body);
      stream.cancel();
    }
    for (var type : new String[] {"application/grpc", "text/plain", "multipart/form-data"}) {
      var stream = picker.stream().postOf(type, "/x").requestBody("anything", true);
      assertThat(stream.picked().destination()).as(type).isIn((Object[]) PODS);
      stream.cancel();
    }
  }

  @Test
  void a_prompt_on_an_unknown_path_still_finds_its_prefix() throws Exception {
    var body = "{\"model\":\"tiny\",\"prompt\":\"" + "y".repeat(4_000) + "\"}";
    String first = null;
    for (int i = 0; i < 10; i++) {
      var stream = picker.stream().post("/primary-gateway-test").requestBody(body, true);
      var destination = stream.picked().destination();
      first = first == null ? destination : first;
      assertThat(destination).isEqualTo(first);
      stream.requestBodyBack(body.length(), true);
      stream.responseHeaders(200, true);
      stream.next();
      stream.end().status();
    }
  }

  @Test
  void a_form_names_its_model() throws Exception {
    var form = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper\r\n--b--\r\n";
    var stream =
        picker.stream()
            .postOf("multipart/form-data; boundary=b", "/v1/audio/transcriptions")
            .requestBody(form, true);
    stream.picked();
    stream.requestBodyBack(form.length(), true);
    assertThat(picker.metric("llm_d_epp_request_total", labels("whisper"))).isEqualTo(1);
    stream.cancel();
  }

  @Test
  void control_headers_of_the_client_are_removed_and_all_others_left_alone() throws Exception {
    Map<String, String> control =
        Map.of(
            "x-gateway-destination-endpoint", "6.6.6.6:66",
            "x-gateway-destination-endpoint-subset", "6.6.6.6:66",
            "x-prefiller-host-port", "6.6.6.6:66",
            "x-kv-cache-source-host-port", "6.6.6.6:66",
            "x-data-parallel-host-port", "6.6.6.6:66",
            "x-encoder-hosts-ports", "6.6.6.6:66",
            "x-llm-d-inference-objective", "mine",
            "x-gateway-inference-fairness-id", "me",
            "epp-profile", "mine");
    var sent = new java.util.ArrayList<String>();
    control.forEach(
        (name, value) -> {
          sent.add(name);
          sent.add(value);
        });
    for (var kept :
        new String[] {"x-gateway-model-name", "x-custom", "test-epp-endpoint-selection"}) {
      sent.add(kept);
      sent.add("stays");
    }
    var stream =
        picker.stream()
            .post(FullDuplexTest.CHAT, sent.toArray(String[]::new))
            .requestBody(BODY, true);

    var mutation = stream.picked().response().getHeaderMutation();
    assertThat(GatewayStream.set(mutation)).containsOnlyKeys("x-gateway-destination-endpoint");
    assertThat(GatewayStream.set(mutation).values()).doesNotContain("6.6.6.6:66");
    var removed = new java.util.TreeSet<>(control.keySet());
    removed.remove("x-gateway-destination-endpoint");
    assertThat(mutation.getRemoveHeadersList()).containsExactlyInAnyOrderElementsOf(removed);
    stream.cancel();
  }

  @Test
  void a_request_without_an_id_gets_one() throws Exception {
    var stream = picker.stream().requestHeaders(true, ":method", "GET", ":path", "/");
    assertThat(GatewayStream.set(stream.picked().response().getHeaderMutation()))
        .containsOnlyKeys("x-gateway-destination-endpoint", "x-request-id");
    stream.cancel();
  }

  @Test
  void a_response_may_overtake_its_request() throws Exception {
    var stream = picker.stream().post(FullDuplexTest.CHAT).requestBody("{\"mod", false);
    stream.responseHeaders(408, false).responseBody("late", true);
    assertThat(stream.next().getResponseCase())
        .isEqualTo(ProcessingResponse.ResponseCase.RESPONSE_HEADERS);
    assertThat(stream.responseBodyBack(4, true)).hasSize(4);
    assertThat(stream.end().status().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void each_of_several_pools_is_asked_by_its_name() throws Exception {
    try (var two =
        new RunningPicker(
            ExtProcSettings.defaults(),
            ModelRule.PREFERRED,
            java.util.List.of(
                java.util.List.of("10.1.0.1:8000"), java.util.List.of("10.2.0.1:8000")))) {
      assertThat(destination(two.stream())).isEqualTo("10.1.0.1:8000");
      assertThat(destination(two.stream("pool-1"))).isEqualTo("10.2.0.1:8000");
      var wrong = two.stream("pool-2").requestHeaders(true, ":method", "GET", ":path", "/");
      assertThat(wrong.immediate().getStatus().getCodeValue()).isEqualTo(503);
      two.awaitIdle();
    }
  }

  private static String destination(GatewayStream stream) throws Exception {
    stream.requestHeaders(true, ":method", "GET", ":path", "/");
    var destination = stream.picked().destination();
    stream.cancel();
    return destination;
  }

  static String[] labels(String model) {
    return new String[] {
      "model_name",
      model,
      "target_model_name",
      model,
      "fairness_id",
      "default-flow",
      "priority",
      "0"
    };
  }
}
