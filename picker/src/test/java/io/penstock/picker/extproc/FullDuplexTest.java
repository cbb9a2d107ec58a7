package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.penstock.picker.schedule.ModelRule;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A gateway that hands bodies over as they arrive (FULL_DUPLEX_STREAMED). */
class FullDuplexTest {

  static final String CHAT = "/v1/chat/completions";
  static final String BODY =
      "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}";

  private RunningPicker picker;

  @BeforeEach
  void start() throws Exception {
    picker = new RunningPicker("10.0.0.1:8000", "10.0.0.2:8000");
  }

  @AfterEach
  void stop() {
    picker.awaitIdle();
    picker.close();
  }

  @Test
  void the_headers_are_answered_when_the_body_has_ended_then_the_body_comes_back()
      throws Exception {
    var stream = picker.stream().post(CHAT);
    assertThat(stream.pending()).isEmpty();

    stream.requestBody(BODY.substring(0, 20), false);
    assertThat(stream.pending()).isEmpty();

    stream.requestBody(BODY.substring(20), true);
    assertThat(stream.picked().destination()).isIn("10.0.0.1:8000", "10.0.0.2:8000");
    assertThat(new String(stream.requestBodyBack(BODY.length(), true), StandardCharsets.UTF_8))
        .isEqualTo(BODY);
    stream.cancel();
  }

  @Test
  void trailers_end_the_body_and_are_answered_last() throws Exception {
    var stream = picker.stream().post(CHAT).requestBody(BODY, false).requestTrailers();

    assertThat(stream.picked().destination()).isNotEmpty();
    assertThat(stream.requestBodyBack(BODY.length(), false)).hasSize(BODY.length());
    assertThat(stream.next().hasRequestTrailers()).isTrue();
    stream.cancel();
  }

  @Test
  void a_body_comes_back_byte_for_byte_in_pieces_of_at_most_62_000_bytes() throws Exception {
    var random = new Random(11);
    var text = new StringBuilder("{\"model\":\"tiny\",\"prompt\":\"");
    while (text.length() < 400_000) {
      text.append((char) ('a' + random.nextInt(26)));
    }
    byte[] body = text.append("\"}").toString().getBytes(StandardCharsets.UTF_8);
    for (int piece : new int[] {1_000, 61_999, 62_000, 62_001, 400_100}) {
      var stream = picker.stream().post("/v1/completions");
      for (int at = 0; at < body.length; at += piece) {
        stream.requestBody(Arrays.copyOfRange(body, at, Math.min(body.length, at + piece)), false);
      }
      stream.requestBody(new byte[0], true);

      assertThat(stream.picked().destination()).isNotEmpty();
      assertThat(stream.requestBodyBack(body.length, true)).isEqualTo(body);
      assertThat(stream.pending()).as("the last piece with bytes ends the body").isEmpty();
      stream.cancel();
    }
  }

  @Test
  void a_second_end_of_the_body_is_ignored() throws Exception {
    var stream = picker.stream().post(CHAT).requestBody(BODY, true);
    stream.picked();
    stream.requestBodyBack(BODY.length(), true);

    stream.requestBody(new byte[0], true).requestBody(BODY, true);
    assertThat(stream.pending()).isEmpty();

    stream.responseHeaders(200, false);
    assertThat(stream.next().hasResponseHeaders()).isTrue();
    stream.cancel();
  }

  @Test
  void an_empty_body_comes_back_as_one_empty_piece_that_ends_it() throws Exception {
    var stream = picker.stream().post("/anything").requestBody(new byte[0], true);

    assertThat(stream.picked().destination()).isNotEmpty();
    assertThat(stream.requestBodyBack(0, true)).isEmpty();
    stream.cancel();
  }

  @Test
  void a_response_goes_back_as_it_came_and_ends_the_load() throws Exception {
    var stream = picker.stream().post(CHAT).requestBody(BODY, true);
    stream.picked();
    stream.requestBodyBack(BODY.length(), true);
    assertThat(picker.picker().inFlight().total()).isPositive();

    stream.responseHeaders(200, false, "content-type", "text/event-stream");
    assertThat(stream.next().getResponseHeaders().getResponse().hasHeaderMutation()).isFalse();
    for (var event : List.of("data: {\"a\":1}\n\n", "data: {\"b\":2}\n\n", "data: [DONE]\n\n")) {
      stream.responseBody(event, false);
      assertThat(new String(stream.responseBodyBack(event.length(), false), StandardCharsets.UTF_8))
          .isEqualTo(event);
    }
    stream.responseBody(new byte[0], true);
    assertThat(stream.responseBodyBack(0, true)).isEmpty();
    assertThat(picker.picker().inFlight().total()).isZero();

    assertThat(stream.end().status().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void a_gateway_that_does_not_read_is_not_read_from_and_loses_nothing() throws Exception {
    var stream = GatewayStream.slow(picker.channel).post(CHAT).requestBody(BODY, true);
    byte[] piece = new byte[60_000];
    Arrays.fill(piece, (byte) 'x');
    stream.responseHeaders(200, false);
    int sent = 0;
    while (sent < 64_000_000 && !stuck(stream)) {
      stream.responseBody(piece, false);
      sent += piece.length;
    }
    assertThat(sent)
        .as("bytes that were taken from a gateway that reads none")
        .isLessThan(16_000_000);

    stream.read();
    stream.responseBody(new byte[0], true);
    assertThat(stream.picked().destination()).isNotEmpty();
    stream.requestBodyBack(BODY.length(), true);
    assertThat(stream.next().hasResponseHeaders()).isTrue();
    assertThat(stream.responseBodyBack(sent, true)).hasSize(sent);
    assertThat(stream.end().status().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void a_body_is_held_until_the_gateway_has_taken_it_back() throws Exception {
    int most = 4 << 20;
    var settings = new ExtProcSettings(most, most, 1, true, false);
    try (var small = new RunningPicker(settings, ModelRule.PREFERRED, "10.0.0.1:8000")) {
      var body = BODY.replace("hello", "x".repeat(3 << 20));
      var slow = GatewayStream.slow(small.channel).post(CHAT).requestBody(body, true);
      await().until(() -> small.picker().inFlight().total() > 0);
      assertThat(small.server.heldBodyBytes()).isGreaterThan(body.length());
      var other = small.stream().post(CHAT).requestBody(body, true);
      assertThat(other.immediate().getStatus().getCodeValue()).isEqualTo(503);

      slow.read();
      slow.picked();
      slow.requestBodyBack(body.length(), true);
      await().until(() -> small.server.heldBodyBytes() == 0);

      var gone = GatewayStream.slow(small.channel).post(CHAT).requestBody(body, true);
      await().until(() -> small.server.heldBodyBytes() > body.length());
      gone.cancel();
      slow.cancel();
      small.awaitIdle();
    }
  }

  @Test
  void small_pieces_are_counted_with_the_messages_that_they_lie_in() {
    var metadata = GatewayStream.text("m".repeat(1_000));
    var stream = picker.stream().metadata("envoy.lb", "any", metadata).post(CHAT);
    for (int i = 0; i < 100; i++) {
      stream.requestBody(" ", false);
    }
    await().until(() -> picker.server.heldBodyBytes() >= 100_000);
    assertThat(picker.server.heldBodyBytes()).isLessThan(120_000);
    stream.cancel();
  }

  /** Nothing more is taken, although the server has handled everything that reached it. */
  private static boolean stuck(GatewayStream stream) {
    for (int i = 0; i < 20; i++) {
      if (stream.taken()) {
        return false;
      }
      stream.roundTrip();
    }
    return true;
  }

  @Test
  void the_same_prefix_goes_to_the_same_endpoint() throws Exception {
    var prompt = "x".repeat(8_000);
    var body = "{\"model\":\"tiny\",\"prompt\":\"" + prompt + "\"}";
    var first = send(body);
    for (int i = 0; i < 10; i++) {
      assertThat(send(body)).isEqualTo(first);
    }
  }

  private String send(String body) throws Exception {
    var stream = picker.stream().post("/v1/completions").requestBody(body, true);
    var destination = stream.picked().destination();
    stream.requestBodyBack(body.length(), true);
    stream.responseHeaders(200, true);
    stream.next();
    stream.end().status();
    return destination;
  }
}
