package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.penstock.picker.pool.ServedModel;
import io.penstock.picker.schedule.ModelRule;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What clients get when the picker itself answers. */
class ImmediateAnswerTest {

  private static final String POD = "10.0.0.1:8000";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"model\":|invalid_json|",
        "{\"messages\":[]}|missing_required_parameter|model",
        "{\"model\":1}|invalid_type|model",
        "{\"model\":\"a\",\"model\":\"b\"}|duplicate_parameter|model",
      })
  void a_body_that_its_path_does_not_take_is_answered_with_400(
      String body, String code, String param) throws Exception {
    try (var picker = new RunningPicker(POD)) {
      var stream = picker.stream().post(FullDuplexTest.CHAT).requestBody(body, true);
      var answer = stream.immediate();
      assertThat(answer.getStatus().getCodeValue()).isEqualTo(400);
      var error = error(answer);
      assertThat(error).containsEntry("code", code).containsEntry("param", param);
      assertThat(error).containsEntry("type", "invalid_request_error");
      assertThat(error.get("message")).isNotEmpty();
      var headers = GatewayStream.set(answer.getHeaders());
      assertThat(headers)
          .containsEntry("content-type", "application/json")
          .containsEntry("x-request-id", "request-1")
          .containsEntry("x-should-retry", "false")
          .doesNotContainKeys("retry-after", "x-llm-d-request-dropped-reason");
      assertThat(stream.status().getCode()).isEqualTo(Status.Code.OK);
      picker.awaitIdle();
    }
  }

  @Test
  void a_broken_body_is_answered_before_its_end() throws Exception {
    try (var picker = new RunningPicker(POD)) {
      var stream = picker.stream().post(FullDuplexTest.CHAT).requestBody("{]", false);
      assertThat(stream.immediate().getStatus().getCodeValue()).isEqualTo(400);
      stream.requestBody("more of it", true);
      assertThat(stream.status().getCode()).isEqualTo(Status.Code.OK);
      picker.awaitIdle();
    }
  }

  @Test
  void a_model_that_every_pod_denies_is_404_where_that_is_the_policy() throws Exception {
    for (var rule : List.of(ModelRule.NOT_REFUTED, ModelRule.PREFERRED)) {
      try (var picker = new RunningPicker(ExtProcSettings.defaults(), rule, POD)) {
        var pod = picker.picker().snapshot().endpoints().getFirst();
        picker.picker().models(pod.id(), List.of(new ServedModel("tiny", "{}")));
        org.awaitility.Awaitility.await().until(() -> picker.picker().snapshot().serves("tiny"));

        var known = picker.stream().post(FullDuplexTest.CHAT);
        known.requestBody(FullDuplexTest.BODY, true);
        assertThat(known.picked().destination()).isEqualTo(POD);
        known.cancel();

        var unknown = picker.stream().post(FullDuplexTest.CHAT);
        unknown.requestBody("{\"model\":\"huge\",\"messages\":[]}", true);
        if (rule == ModelRule.PREFERRED) {
          assertThat(unknown.picked().destination()).isEqualTo(POD);
          unknown.cancel();
        } else {
          var answer = unknown.immediate();
          assertThat(answer.getStatus().getCodeValue()).isEqualTo(404);
          assertThat(error(answer)).containsEntry("code", "model_not_found");
        }
        var get = picker.stream().requestHeaders(true, ":method", "GET", ":path", "/v1/models");
        assertThat(get.picked().destination()).isEqualTo(POD);
        get.cancel();
        picker.awaitIdle();
      }
    }
  }

  @Test
  void no_endpoint_is_503_with_a_reason_and_a_time_to_come_back() throws Exception {
    try (var picker = new RunningPicker()) {
      var stream = picker.stream().post(FullDuplexTest.CHAT);
      stream.requestBody(FullDuplexTest.BODY, true);
      var answer = stream.immediate();
      assertThat(answer.getStatus().getCodeValue()).isEqualTo(503);
      assertThat(error(answer)).containsEntry("code", "no_healthy_endpoints");
      var headers = GatewayStream.set(answer.getHeaders());
      assertThat(headers)
          .containsEntry("x-llm-d-request-dropped-reason", "rejected-no-endpoints")
          .containsEntry("x-should-retry", "true");
      assertThat(Integer.parseInt(headers.get("retry-after"))).isBetween(1, 60);
      picker.awaitIdle();
    }
  }

  @Test
  void a_fault_inside_is_answered_with_500_and_its_stream_ends_with_ok() throws Exception {
    try (var picker = RunningPicker.broken(POD)) {
      int failed = 0;
      for (int connection = 0; connection < 4; connection++) {
        var channel =
            NettyChannelBuilder.forAddress(picker.server.address()).usePlaintext().build();
        var stream = new GatewayStream(channel).post(FullDuplexTest.CHAT);
        stream.requestBody(FullDuplexTest.BODY, true);
        var reply = stream.next();
        if (reply.hasImmediateResponse()) {
          failed++;
          assertThat(reply.getImmediateResponse().getStatus().getCodeValue()).isEqualTo(500);
          assertThat(error(reply.getImmediateResponse())).containsEntry("code", "internal_error");
          assertThat(stream.status().getCode()).isEqualTo(Status.Code.OK);
        }
        channel.shutdownNow();
      }
      assertThat(failed).isBetween(1, 3);
      picker.awaitIdle();
    }
  }

  @Test
  void a_body_of_one_message_that_is_far_too_long_is_413_and_not_a_grpc_error() throws Exception {
    var small = new ExtProcSettings(1 << 20, 4 << 20, 1, true, false);
    try (var picker = new RunningPicker(small, ModelRule.PREFERRED, POD)) {
      var stream = picker.stream().post("/x").requestBody(" ".repeat(16 << 20), true);
      assertThat(stream.immediate().getStatus().getCodeValue()).isEqualTo(413);
      assertThat(stream.status().getCode()).isEqualTo(Status.Code.OK);
      picker.awaitIdle();
    }
  }

  @Test
  void a_body_that_is_too_long_is_413_and_is_not_held() throws Exception {
    var small = new ExtProcSettings(100, 1_000, 1, true, false);
    try (var picker = new RunningPicker(small, ModelRule.PREFERRED, POD)) {
      var stream = picker.stream().post("/x").requestBody(" ".repeat(60), false);
      stream.requestBody(" ".repeat(41), false);
      var answer = stream.immediate();
      assertThat(answer.getStatus().getCodeValue()).isEqualTo(413);
      assertThat(error(answer)).containsEntry("code", "request_too_large");
      picker.awaitIdle();
    }
  }

  @Test
  void bodies_held_together_are_bounded() throws Exception {
    var small = new ExtProcSettings(100, 400, 1, true, false);
    try (var picker = new RunningPicker(small, ModelRule.PREFERRED, POD)) {
      var first = picker.stream().post("/x").requestBody(" ".repeat(100), false);
      var second = picker.stream().post("/x").requestBody(" ".repeat(100), false);
      assertThat(first.pending()).isEmpty();
      var third = picker.stream().post("/x").requestBody(" ".repeat(100), false);
      var answer = third.immediate();
      assertThat(answer.getStatus().getCodeValue()).isEqualTo(503);
      assertThat(GatewayStream.set(answer.getHeaders()))
          .containsEntry("x-llm-d-request-dropped-reason", "rejected-saturated");
      first.cancel();
      second.requestBody("", true);
      assertThat(second.picked().destination()).isEqualTo(POD);
      second.cancel();
      picker.awaitIdle();
    }
  }

  private static Map<String, String> error(ImmediateResponse answer) throws IOException {
    Map<String, String> error = new HashMap<>();
    try (var json = new JsonFactory().createParser(answer.getBody().toByteArray())) {
      assertThat(json.nextToken()).isEqualTo(JsonToken.START_OBJECT);
      assertThat(json.nextFieldName()).isEqualTo("error");
      assertThat(json.nextToken()).isEqualTo(JsonToken.START_OBJECT);
      for (var name = json.nextFieldName(); name != null; name = json.nextFieldName()) {
        error.put(name, json.nextTextValue());
      }
    }
    assertThat(error).containsOnlyKeys("message", "type", "param", "code");
    return error;
  }
}
