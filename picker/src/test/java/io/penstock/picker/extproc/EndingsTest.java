package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.grpc.Status;
import io.penstock.picker.schedule.ModelRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However a stream ends, what it held is given back, and its request is counted once. */
class EndingsTest {

  private static final String BODY = FullDuplexTest.BODY;
  private static final String[] TINY = OtherModesTest.labels("tiny");

  private RunningPicker picker;

  @BeforeEach
  void start() throws Exception {
    picker = new RunningPicker("10.0.0.1:8000", "10.0.0.2:8000");
  }

  @AfterEach
  void stop() {
    picker.awaitIdle();
    assertThat(picker.metric("llm_d_epp_request_running", TINY)).isZero();
    assertThat(picker.metric("llm_d_epp_extproc_streams_inflight")).isZero();
    picker.close();
  }

  @Test
  void a_whole_response_is_counted_once_whatever_follows() throws Exception {
    var stream = answering();
    stream.responseBody("{}", true);
    stream.responseBodyBack(2, true);
    assertThat(picker.picker().inFlight().total()).isZero();
    stream.responseBody("{}", true).responseTrailers().end();
    assertThat(stream.status().getCode()).isEqualTo(Status.Code.OK);

    picker.awaitIdle();
    assertThat(count("llm_d_epp_request_duration_seconds_count")).isEqualTo(1);
    assertThat(error("Canceled")).isZero();
  }

  @Test
  void trailers_end_a_response() throws Exception {
    var stream = answering();
    stream.responseBody("{}", false).responseTrailers();
    stream.responseBodyBack(2, false);
    assertThat(stream.next().hasResponseTrailers()).isTrue();
    assertThat(picker.picker().inFlight().total()).isZero();
    assertThat(count("llm_d_epp_request_duration_seconds_count")).isEqualTo(1);
    stream.cancel();
  }

  @Test
  void a_response_that_is_only_headers_ends_with_them() throws Exception {
    var stream = placed();
    stream.responseHeaders(204, true);
    assertThat(stream.next().hasResponseHeaders()).isTrue();
    assertThat(picker.picker().inFlight().total()).isZero();
    assertThat(count("llm_d_epp_request_duration_seconds_count")).isEqualTo(1);
    stream.cancel();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void a_request_that_ends_after_its_response_is_not_routed(boolean trailers) throws Exception {
    var stream = picker.stream().post(FullDuplexTest.CHAT);
    stream.requestBody(BODY.substring(0, 20), false);
    stream.responseHeaders(408, false).responseBody("late", true);
    assertThat(stream.next().hasResponseHeaders()).isTrue();
    stream.responseBodyBack(4, true);
    if (trailers) {
      stream.requestTrailers();
    } else {
      stream.requestBody(BODY.substring(20), true);
    }
    assertThat(stream.status().getCode()).isEqualTo(Status.Code.OK);
    assertThat(stream.pending()).isEmpty();
    assertThat(picker.held()).isZero();
    assertThat(count("llm_d_epp_request_total")).isZero();
  }

  @Test
  void a_failed_response_is_counted_as_the_model_servers() throws Exception {
    var stream = placed();
    stream.responseHeaders(500, false).responseBody("{}", true);
    stream.next();
    stream.responseBodyBack(2, true);
    stream.end().status();
    assertThat(error("ModelServerError")).isEqualTo(1);
    assertThat(count("llm_d_epp_request_ttft_seconds_count", "streaming", "false")).isZero();
  }

  @Test
  void a_response_that_is_only_announced_has_no_first_token() throws Exception {
    var body = "{\"model\":\"tiny\",\"input\":\"hello\",\"stream\":true}";
    var announced =
        "event: response.created\ndata: {}\n\nevent: response.in_progress\ndata: {}\n\n";
    var token = "event: response.output_text.delta\ndata: {}\n\n";
    var stream = picker.stream().post("/v1/responses").requestBody(body, true);
    stream.picked();
    stream.requestBodyBack(body.length(), true);
    stream.responseHeaders(200, false, "content-type", "text/event-stream").next();

    stream.responseBody(announced, false).responseBodyBack(announced.length(), false);
    assertThat(pendingPrefillTokens()).isPositive();
    assertThat(count("llm_d_epp_request_ttft_seconds_count", "streaming", "true")).isZero();

    stream.responseBody(token, false).responseBodyBack(token.length(), false);
    assertThat(pendingPrefillTokens()).isZero();
    assertThat(count("llm_d_epp_request_ttft_seconds_count", "streaming", "true")).isEqualTo(1);
    stream.cancel();
  }

  private long pendingPrefillTokens() {
    var inFlight = picker.picker().inFlight();
    return inFlight.pendingPrefillTokens(0) + inFlight.pendingPrefillTokens(1);
  }

  @Test
  void a_client_that_leaves_at_any_moment_gives_everything_back() throws Exception {
    picker.stream().cancel();

    var headers = picker.stream().post(FullDuplexTest.CHAT);
    headers.pending();
    headers.cancel();

    var half = picker.stream().post(FullDuplexTest.CHAT).requestBody(BODY.substring(0, 9), false);
    half.pending();
    assertThat(picker.server.heldBodyBytes()).isPositive();
    half.cancel();
    await().until(() -> picker.server.heldBodyBytes() == 0);

    placed().cancel();
    answering().cancel();
    picker.awaitIdle();
    assertThat(count("llm_d_epp_request_total")).isEqualTo(2);
    assertThat(error("Canceled")).isEqualTo(2);
  }

  @Test
  void a_gateway_that_closes_the_stream_early_gives_everything_back() throws Exception {
    var early = picker.stream().post(FullDuplexTest.CHAT).requestBody(BODY.substring(0, 9), false);
    assertThat(early.end().status().getCode()).isEqualTo(Status.Code.OK);
    assertThat(placed().end().status().getCode()).isEqualTo(Status.Code.OK);
    assertThat(answering().end().status().getCode()).isEqualTo(Status.Code.OK);
    picker.awaitIdle();
    assertThat(error("Canceled")).isEqualTo(2);
  }

  @Test
  void a_gateway_that_dies_gives_everything_back() throws Exception {
    for (int i = 0; i < 10; i++) {
      picker.stream().post(FullDuplexTest.CHAT).requestBody(BODY.substring(0, 9), false);
      placed();
      answering();
    }
    assertThat(picker.held()).isPositive();
    picker.channel.shutdownNow();
    picker.awaitIdle();
    assertThat(error("Canceled")).isEqualTo(20);
  }

  @Test
  void a_gateway_that_sends_no_bodies_of_responses_ends_the_stream_before_the_prefill_is_over()
      throws Exception {
    var stream = withoutResponseBody(200);
    assertThat(picker.picker().inFlight().total()).isPositive();
    assertThat(stream.end().status().getCode()).isEqualTo(Status.Code.OK);

    assertThat(picker.picker().inFlight().total()).isPositive();
    expireUntilIdle();
    assertThat(count("llm_d_epp_request_duration_seconds_count")).isZero();
    assertThat(error("Canceled")).isZero();
    assertThat(picker.picker().quality().errors()).isEmpty();
  }

  @Test
  void a_failed_response_without_its_body_has_ended_all_the_same() throws Exception {
    var stream = withoutResponseBody(503);
    assertThat(stream.end().status().getCode()).isEqualTo(Status.Code.OK);

    assertThat(picker.picker().inFlight().total()).isZero();
    assertThat(error("ModelServerError")).isEqualTo(1);
  }

  @Test
  void trailers_end_a_response_of_which_no_body_comes() throws Exception {
    var stream = withoutResponseBody(200).responseTrailers();
    assertThat(stream.next().hasResponseTrailers()).isTrue();
    assertThat(picker.picker().inFlight().total()).isZero();
    assertThat(stream.end().status().getCode()).isEqualTo(Status.Code.OK);
    assertThat(count("llm_d_epp_request_duration_seconds_count")).isEqualTo(1);
  }

  private GatewayStream withoutResponseBody(int status) throws Exception {
    var stream =
        picker.stream()
            .modes(BodySendMode.FULL_DUPLEX_STREAMED, BodySendMode.NONE)
            .post(FullDuplexTest.CHAT)
            .requestBody(BODY, true);
    stream.picked();
    stream.requestBodyBack(BODY.length(), true);
    stream.responseHeaders(status, false, "content-type", "text/event-stream");
    assertThat(stream.next().hasResponseHeaders()).isTrue();
    return stream;
  }

  /** As the application lets what nobody observes end, from time to time. */
  private void expireUntilIdle() {
    picker.awaitExpired();
  }

  @Test
  void a_refused_request_ends_its_stream_with_ok() throws Exception {
    var stream = picker.stream().post(FullDuplexTest.CHAT).requestBody("{", true);
    assertThat(stream.immediate().getStatus().getCodeValue()).isEqualTo(400);
    assertThat(stream.status().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void what_is_no_protobuf_is_answered_and_never_a_grpc_error() throws Exception {
    var stream = picker.raw(new byte[] {(byte) 0xff, (byte) 0xff, 1, 2, 3});
    assertThat(stream.immediate().getStatus().getCodeValue()).isEqualTo(500);
    assertThat(stream.status().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void by_option_the_stream_ends_with_the_last_reply_and_the_load_when_its_prefill_is_over()
      throws Exception {
    var usual = ExtProcSettings.defaults();
    var early = new ExtProcSettings(usual.maxBodyBytes(), usual.heldBodiesBytes(), 1, true, true);
    try (var ending = new RunningPicker(early, ModelRule.PREFERRED, "10.0.0.1:8000")) {
      var full = ending.stream().post(FullDuplexTest.CHAT).requestBody(BODY, true);
      full.picked();
      assertThat(full.requestBodyBack(BODY.length(), true)).hasSize(BODY.length());
      assertThat(full.status().getCode()).isEqualTo(Status.Code.OK);

      var trailed =
          ending.stream().post(FullDuplexTest.CHAT).requestBody(BODY, false).requestTrailers();
      trailed.picked();
      trailed.requestBodyBack(BODY.length(), false);
      assertThat(trailed.next().hasRequestTrailers()).isTrue();
      assertThat(trailed.status().getCode()).isEqualTo(Status.Code.OK);

      var get = ending.stream().requestHeaders(true, ":method", "GET", ":path", "/");
      get.picked();
      assertThat(get.status().getCode()).isEqualTo(Status.Code.OK);

      assertThat(ending.picker().inFlight().total()).isPositive();
      await()
          .untilAsserted(
              () -> {
                // As the application does from time to time.
                ending.expire();
                assertThat(ending.held()).isZero();
              });
      assertThat(ending.metric("llm_d_epp_request_running", TINY)).isZero();
    }
  }

  @Test
  void by_option_so_does_that_of_a_request_whose_body_stays_with_the_gateway() throws Exception {
    var usual = ExtProcSettings.defaults();
    var early = new ExtProcSettings(usual.maxBodyBytes(), usual.heldBodiesBytes(), 1, true, true);
    try (var ending = new RunningPicker(early, ModelRule.PREFERRED, "10.0.0.1:8000")) {
      for (boolean trailers : new boolean[] {false, true}) {
        var streamed =
            ending.stream()
                .modes(BodySendMode.STREAMED, BodySendMode.STREAMED)
                .post(FullDuplexTest.CHAT);
        streamed.picked();
        streamed.requestBody(BODY.substring(0, 20), false);
        assertThat(streamed.next().hasRequestBody()).isTrue();
        assertThat(streamed.pending()).isEmpty();
        streamed.requestBody(BODY.substring(20), !trailers);
        assertThat(streamed.next().hasRequestBody()).isTrue();
        if (trailers) {
          streamed.requestTrailers();
          assertThat(streamed.next().hasRequestTrailers()).isTrue();
        }
        assertThat(streamed.status().getCode()).isEqualTo(Status.Code.OK);
      }

      var none =
          ending.stream().modes(BodySendMode.NONE, BodySendMode.NONE).post(FullDuplexTest.CHAT);
      none.picked();
      assertThat(none.status().getCode()).isEqualTo(Status.Code.OK);
      ending.awaitExpired();
    }
  }

  @Test
  void any_mix_of_endings_leaves_nothing_behind() throws Exception {
    long seed = 20_261_124;
    var random = new Random(seed);
    List<GatewayStream> open = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      var stream = picker.stream();
      int steps = random.nextInt(9);
      for (int step = 0; step < steps; step++) {
        switch (step) {
          case 0 -> stream.post(FullDuplexTest.CHAT);
          case 1 -> stream.requestBody(BODY.substring(0, 30), false);
          case 2 -> stream.requestBody(BODY.substring(30), true);
          case 3 -> stream.responseHeaders(200, false, "content-type", "text/event-stream");
          case 4, 5, 6 -> stream.responseBody("data: {}\n\n", false);
          default -> stream.responseBody("", true);
        }
      }
      if (random.nextBoolean()) {
        stream.cancel();
      } else if (random.nextBoolean()) {
        stream.end();
      } else {
        open.add(stream);
      }
    }
    open.forEach(GatewayStream::cancel);
    picker.awaitIdle();
    assertThat(picker.metric("llm_d_epp_request_running", TINY)).as("seed %d", seed).isZero();
  }

  private GatewayStream placed() throws Exception {
    var stream = picker.stream().post(FullDuplexTest.CHAT).requestBody(BODY, true);
    stream.picked();
    stream.requestBodyBack(BODY.length(), true);
    return stream;
  }

  private GatewayStream answering() throws Exception {
    var stream = placed().responseHeaders(200, false);
    assertThat(stream.next().hasResponseHeaders()).isTrue();
    return stream;
  }

  private double count(String name, String... more) {
    return picker.metric(name, with(more));
  }

  private double error(String code) {
    return picker.metric("llm_d_epp_request_error_total", with("error_code", code));
  }

  private static String[] with(String... more) {
    List<String> all = new ArrayList<>(List.of(TINY));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }
}
