package io.penstock.proxy.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ErrorResponseTest {

  /** Scalars of a JSON object by their dotted path, in order. */
  private static Map<String, String> members(byte[] body) throws IOException {
    Map<String, String> members = new LinkedHashMap<>();
    List<String> path = new ArrayList<>();
    try (var json = new JsonFactory().createParser(body)) {
      for (var token = json.nextToken(); token != null; token = json.nextToken()) {
        if (token == JsonToken.START_OBJECT && json.currentName() != null) {
          path.add(json.currentName());
        } else if (token == JsonToken.END_OBJECT && !path.isEmpty()) {
          path.removeLast();
        } else if (token.isScalarValue()) {
          String prefix = path.isEmpty() ? "" : String.join(".", path) + ".";
          members.put(prefix + json.currentName(), json.getText());
        }
      }
    }
    return members;
  }

  @ParameterizedTest
  @EnumSource(GatewayError.class)
  void has_openais_object_and_headers_that_sdks_obey(GatewayError error) throws Exception {
    var response = ErrorResponse.of(error, "req_1", ErrorShape.OPENAI);

    assertThat(members(response.body()))
        .containsExactly(
            Map.entry("error.message", error.message()),
            Map.entry("error.type", ErrorShape.OPENAI.type(error.status())),
            Map.entry("error.param", String.valueOf(error.param())),
            Map.entry("error.code", error.code()));
    assertThat(response.status()).isEqualTo(error.status()).isBetween(400, 599);
    assertThat(response.header("content-type")).isEqualTo("application/json");
    assertThat(response.header("content-length")).isEqualTo("" + response.body().length);
    assertThat(response.header("x-request-id")).isEqualTo("req_1");
    assertThat(response.header("request-id")).isNull();
    assertThat(response.header("x-should-retry")).isEqualTo("" + error.shouldRetry());
    assertThat(response.header("www-authenticate"))
        .isEqualTo(error == GatewayError.INVALID_API_KEY ? "Bearer" : null);
  }

  @ParameterizedTest
  @EnumSource(GatewayError.class)
  void has_anthropics_object_where_anthropics_api_is_asked(GatewayError error) throws Exception {
    var response = ErrorResponse.of(error, "req_1", ErrorShape.ANTHROPIC);

    assertThat(members(response.body()))
        .containsExactly(
            Map.entry("type", "error"),
            Map.entry("error.type", ErrorShape.ANTHROPIC.type(error.status())),
            Map.entry("error.message", error.message()),
            Map.entry("request_id", "req_1"));
    assertThat(response.header("request-id")).isEqualTo("req_1");
  }

  @ParameterizedTest
  @EnumSource(GatewayError.class)
  void says_when_to_come_back_within_what_sdks_obey_and_only_where_it_helps(GatewayError error) {
    for (int i = 0; i < 200; i++) {
      var response = ErrorResponse.of(error, "req_" + i, ErrorShape.OPENAI);
      var seconds = response.header("retry-after");
      var millis = response.header("retry-after-ms");
      if (!error.shouldRetry()) {
        assertThat(seconds).isNull();
        assertThat(millis).isNull();
      }
      if (seconds != null) {
        assertThat(Integer.parseInt(seconds)).isBetween(1, 60);
        assertThat(millis).isNotNull();
      }
      if (millis != null) {
        assertThat(Integer.parseInt(millis)).isBetween(0, 60_000);
      }
    }
  }

  @Test
  void clients_are_spread_by_their_request_id() {
    var times =
        IntStream.range(0, 100)
            .mapToObj(
                i ->
                    ErrorResponse.of(GatewayError.OVERLOADED, "req_" + i, ErrorShape.OPENAI)
                        .header("retry-after-ms"))
            .distinct();
    assertThat(times).hasSizeGreaterThan(50);
  }

  @Test
  void text_of_a_client_cannot_break_the_object() throws Exception {
    String evil = "\"}],\n\u0000\u2028 \\ \ud83d\ude00 </script>";
    for (var shape : ErrorShape.values()) {
      var body = ErrorResponse.of(GatewayError.INVALID_TYPE, evil, evil, "req_1", shape).body();
      assertThat(members(body)).containsEntry("error.message", evil);
    }
  }

  @Test
  void inside_a_stream_it_is_one_event_of_that_streams_kind() throws Exception {
    assertEvent(ErrorShape.OPENAI, "data: ", "error.code", "upstream_reset");
    assertEvent(ErrorShape.ANTHROPIC, "event: error\ndata: ", "error.type", "api_error");
    var responses = assertEvent(ErrorShape.RESPONSES, "event: error\ndata: ", "type", "error");
    assertThat(responses).containsEntry("sequence_number", "7").containsEntry("param", "null");
  }

  private static Map<String, String> assertEvent(
      ErrorShape shape, String start, String member, String value) throws IOException {
    String event =
        new String(
            ErrorResponse.event(GatewayError.UPSTREAM_RESET, "two\nlines", null, "req_1", shape, 7),
            StandardCharsets.UTF_8);
    assertThat(event).startsWith(start).endsWith("}\n\n");
    String json = event.substring(start.length(), event.length() - 2);
    assertThat(json).doesNotContain("\n");
    var members = members(json.getBytes(StandardCharsets.UTF_8));
    assertThat(members).containsEntry(member, value);
    return members;
  }

  @Test
  void a_wrong_method_names_the_right_ones() {
    var response = ErrorResponse.methodNotSupported("GET, POST", "req_1", ErrorShape.OPENAI);
    assertThat(response.status()).isEqualTo(405);
    assertThat(response.header("allow")).isEqualTo("GET, POST");
  }
}
