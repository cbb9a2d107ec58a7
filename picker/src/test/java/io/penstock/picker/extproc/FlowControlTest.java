package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.grpc.Status;
import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.flow.FlowOutcome;
import io.penstock.picker.objective.Objective;
import io.penstock.picker.objective.PoolRules;
import io.penstock.picker.pool.PoolDelta;
import io.penstock.picker.schedule.ModelRule;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that wait for their turn before the gateway gets its reply. */
class FlowControlTest {

  private static final String BODY = FullDuplexTest.BODY;
  private static final String OBJECTIVE = "x-llm-d-inference-objective";
  private static final String FLOW = "x-llm-d-inference-fairness-id";
  private static final String DROPPED = "x-llm-d-request-dropped-reason";

  private RunningPicker picker;

  @BeforeEach
  void start() throws Exception {
    picker = new RunningPicker("10.0.0.1:8000");
    picker
        .picker()
        .rules(
            PoolRules.of(
                List.of(new Objective("high", 10), new Objective("batch", -1)), List.of()));
  }

  @AfterEach
  void stop() {
    picker.awaitIdle();
    var counts = picker.picker().admission().counts();
    await().untilAsserted(() -> assertThat(counts.isQuiet()).as("%s", counts).isTrue());
    assertThat(counts.holds()).as("%s", counts).isTrue();
    picker.close();
  }

  /** The gate, one request at a time, with more of {@code flowControl} and of {@code plugins}. */
  private void gate(String flow, String... plugins) {
    var text =
        """
        featureGates: [flowControl]
        plugins:
          - type: queue-scorer
          - {type: concurrency-detector, parameters: {maxConcurrency: 1}}
        %sschedulingProfiles: [{name: default, plugins: [{pluginRef: queue-scorer}]}]
        flowControl:
          saturationDetector: {pluginRef: concurrency-detector}
        %s\
        """
            .formatted(String.join("", plugins), flow.isEmpty() ? "" : "  " + flow + "\n");
    picker.picker().policy(TestPolicy.experimental(text));
  }

  private GatewayStream chat(String... headers) {
    return picker.stream().post(FullDuplexTest.CHAT, headers).requestBody(BODY, true);
  }

  private GatewayStream running() throws Exception {
    var stream = chat();
    stream.picked();
    stream.requestBodyBack(BODY.length(), true);
    return stream;
  }

  private GatewayStream waiting(String... headers) {
    long before = picker.picker().admission().counts().waiting();
    var stream = chat(headers);
    await().until(() -> picker.picker().admission().counts().waiting() == before + 1);
    assertThat(stream.pending()).isEmpty();
    return stream;
  }

  private static void finish(GatewayStream stream) throws Exception {
    stream.responseHeaders(200, false).responseBody("{}", true);
    stream.next();
    stream.responseBodyBack(2, true);
    stream.end().status();
  }

  private static void refused(ImmediateResponse answer, int status, String code, String dropped) {
    assertThat(answer.getStatus().getCodeValue()).isEqualTo(status);
    assertThat(answer.getBody().toStringUtf8())
        .contains("\"error\":{\"message\":", "\"code\":\"" + code + "\"");
    assertThat(GatewayStream.set(answer.getHeaders())).containsEntry(DROPPED, dropped);
  }

  @Test
  void the_reply_is_held_until_there_is_room() throws Exception {
    gate("");
    var first = running();
    var second = waiting();
    finish(first);
    assertThat(second.picked().destination()).isEqualTo("10.0.0.1:8000");
    second.requestBodyBack(BODY.length(), true);
    finish(second);
    assertThat(picker.picker().admission().counts().of(FlowOutcome.DISPATCHED)).isEqualTo(2);
  }

  @Test
  void a_request_that_ends_after_its_response_takes_no_place() throws Exception {
    gate("");
    var early = picker.stream().post(FullDuplexTest.CHAT).requestBody("{\"mod", false);
    early.responseHeaders(408, true);
    assertThat(early.next().hasResponseHeaders()).isTrue();
    early.requestBody("el\":\"tiny\",\"messages\":[]}", true);
    early.status();
    assertThat(early.pending()).isEmpty();
    finish(running());
  }

  @Test
  void a_request_that_ended_with_trailers_gets_its_replies_in_order() throws Exception {
    gate("");
    var first = running();
    var second =
        picker.stream().post(FullDuplexTest.CHAT).requestBody(BODY, false).requestTrailers();
    await().until(() -> picker.picker().admission().counts().waiting() == 1);
    finish(first);
    second.picked();
    second.requestBodyBack(BODY.length(), false);
    assertThat(second.next().hasRequestTrailers()).isTrue();
    finish(second);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void each_piece_that_came_meanwhile_is_answered_once_and_behind_the_headers(boolean trailers)
      throws Exception {
    gate("");
    var first = running();
    var second =
        picker.stream()
            .modes(BodySendMode.STREAMED, BodySendMode.FULL_DUPLEX_STREAMED)
            .post(FullDuplexTest.CHAT)
            .requestBody(BODY.substring(0, 9), false)
            .requestBody(BODY.substring(9), !trailers);
    if (trailers) {
      second.requestTrailers();
    }
    await().until(() -> picker.picker().admission().counts().waiting() == 1);
    assertThat(second.pending()).isEmpty();

    finish(first);

    second.picked();
    for (int i = 0; i < 2; i++) {
      var piece = second.next();
      assertThat(piece.hasRequestBody()).isTrue();
      assertThat(piece.getRequestBody().getResponse().hasBodyMutation()).isFalse();
    }
    if (trailers) {
      assertThat(second.next().hasRequestTrailers()).isTrue();
    }
    assertThat(second.pending()).isEmpty();
    finish(second);
  }

  @Test
  void by_option_the_last_of_those_answers_ends_the_stream() throws Exception {
    var usual = ExtProcSettings.defaults();
    var early = new ExtProcSettings(usual.maxBodyBytes(), usual.heldBodiesBytes(), 1, true, true);
    picker.close();
    picker = new RunningPicker(early, ModelRule.PREFERRED, "10.0.0.1:8000");
    gate("");
    var first = picker.stream().modes(BodySendMode.STREAMED, BodySendMode.NONE);
    first.post(FullDuplexTest.CHAT).picked();
    var second =
        picker.stream()
            .modes(BodySendMode.STREAMED, BodySendMode.NONE)
            .post(FullDuplexTest.CHAT)
            .requestBody(BODY, true);
    await().until(() -> picker.picker().admission().counts().waiting() == 1);

    first.cancel();

    second.picked();
    assertThat(second.next().hasRequestBody()).isTrue();
    assertThat(second.status().getCode()).isEqualTo(Status.Code.OK);
    picker.awaitExpired();
  }

  @Test
  void high_priority_overtakes_and_flows_take_turns() throws Exception {
    gate(
        "defaultPriorityBand: {fairnessPolicyRef: round-robin-fairness-policy}",
        "  - type: round-robin-fairness-policy\n");
    var first = running();
    var flood = new ArrayList<GatewayStream>();
    for (int i = 0; i < 3; i++) {
      flood.add(waiting(FLOW, "a"));
    }
    var other = waiting(FLOW, "b");
    var high = waiting(OBJECTIVE, "high");

    finish(first);
    for (var next : List.of(high, flood.get(0), other, flood.get(1), flood.get(2))) {
      next.picked();
      next.requestBodyBack(BODY.length(), true);
      finish(next);
    }
    assertThat(picker.requests("default-flow", 10)).isEqualTo(1);
  }

  @Test
  void a_reset_takes_the_request_out_of_its_queue() throws Exception {
    gate("");
    var first = running();
    var leaving = waiting();
    var staying = waiting();
    leaving.cancel();
    await().until(() -> picker.picker().admission().counts().waiting() == 1);
    finish(first);
    staying.picked();
    staying.requestBodyBack(BODY.length(), true);
    finish(staying);
    assertThat(picker.picker().admission().counts().of(FlowOutcome.EVICTED_CANCELLED)).isEqualTo(1);
  }

  @Test
  void a_full_queue_is_429() throws Exception {
    gate("maxRequests: 1");
    var first = running();
    var waiting = waiting();
    refused(chat().immediate(), 429, "queue_full", "rejected-saturated");
    waiting.cancel();
    finish(first);
  }

  @Test
  void whoever_waited_too_long_hears_429_and_before_an_empty_pool_503() throws Exception {
    gate("defaultRequestTTL: 1ms");
    var first = running();
    refused(chat().immediate(), 429, "queue_timeout", "rejected-ttl-expired");
    finish(first);

    var endpoint = picker.picker().snapshot().endpoints().getFirst();
    picker.picker().apply(new PoolDelta(List.of(), List.of(endpoint.id())));
    await().until(() -> picker.picker().snapshot().endpoints().isEmpty());
    refused(chat().immediate(), 503, "no_healthy_endpoints", "rejected-no-endpoints");
  }

  @Test
  void a_request_that_may_be_shed_makes_room_for_one_that_may_not() throws Exception {
    gate("enableEviction: true");
    var batch = chat(OBJECTIVE, "batch");
    batch.picked();
    batch.requestBodyBack(BODY.length(), true);
    var usual = chat();
    refused(batch.immediate(), 429, "evicted", "evicted");
    usual.picked();
    usual.requestBodyBack(BODY.length(), true);
    finish(usual);
    assertThat(picker.picker().admission().counts().evicted()).isEqualTo(1);
  }

  @Test
  void a_picker_that_stops_answers_those_that_wait() throws Exception {
    gate("");
    var first = running();
    var waiting = waiting();
    picker.server.endStreams();
    refused(waiting.immediate(), 503, "draining", "rejected-shutting-down");
    first.status();
    picker.awaitExpired();
  }

  @Test
  void without_the_gate_what_may_be_shed_is_shed_before_a_saturated_pool() throws Exception {
    gateless();
    var first = running();
    refused(chat(OBJECTIVE, "batch").immediate(), 429, "saturated", "rejected-saturated");
    var usual = running();
    finish(first);
    finish(usual);
    var batch = chat(OBJECTIVE, "batch");
    batch.picked();
    batch.requestBodyBack(BODY.length(), true);
    finish(batch);
  }

  private void gateless() {
    var text =
        """
        plugins:
          - type: queue-scorer
          - {type: concurrency-detector, parameters: {maxConcurrency: 1}}
        schedulingProfiles: [{name: default, plugins: [{pluginRef: queue-scorer}]}]
        saturationDetector: {pluginRef: concurrency-detector}
        """;
    picker.picker().policy(TestPolicy.of(text));
  }

  @Test
  void a_request_that_wants_a_cached_prompt_hears_412_where_there_is_none() throws Exception {
    var cold = chat("prefer", "respond-async, If-Available").immediate();
    assertThat(cold.getStatus().getCodeValue()).isEqualTo(412);
    assertThat(cold.getBody().toStringUtf8()).contains("\"code\":\"prefix_not_cached\"");
    assertThat(GatewayStream.set(cold.getHeaders())).doesNotContainKey(DROPPED);
  }

  @Test
  void an_agents_session_names_its_flow_where_nothing_else_does() throws Exception {
    gate("", "  - type: agent-identity\n");
    finishOne("x-claude-code-session-id", "session-7");
    assertThat(picker.requests("session-7", 0)).isEqualTo(1);
  }

  /** Headers that nearly every request has are no exception. */
  @ParameterizedTest
  @ValueSource(strings = {"x-team", "authorization", "user-agent", "accept", "cookie"})
  void a_policy_may_name_any_header(String name) throws Exception {
    gate(
        "", "  - {type: agent-identity, parameters: {additionalSessionHeaders: [" + name + "]}}\n");
    finishOne(name, "tenant-7");
    assertThat(picker.requests("tenant-7", 0)).isEqualTo(1);
  }

  @Test
  void a_policy_finds_its_header_behind_many_others() throws Exception {
    gate("", "  - type: agent-identity\n");
    var headers = new ArrayList<String>();
    for (int i = 0; i < 70; i++) {
      headers.addAll(List.of("x-other-" + i, "value"));
    }
    headers.addAll(List.of("x-claude-code-session-id", "session-7"));
    finishOne(headers.toArray(String[]::new));
    assertThat(picker.requests("session-7", 0)).isEqualTo(1);
  }

  private void finishOne(String... headers) throws Exception {
    var stream = chat(headers);
    stream.picked();
    stream.requestBodyBack(BODY.length(), true);
    finish(stream);
  }
}
