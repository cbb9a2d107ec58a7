package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Struct;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.TestPolicy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code request-attribute-reporter}: what a gateway is told with the end of a response. */
class UsageReportTest {

  private static final String ANSWER =
      "{\"choices\":[],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":25}}";

  private RunningPicker picker;

  @BeforeEach
  void start() throws Exception {
    picker = new RunningPicker("10.0.0.1:8000");
    picker
        .picker()
        .policy(
            policy(
                """
                {type: request-attribute-reporter, parameters: {attributes: [
                    {key: {name: cost}, expression: usage.prompt_tokens + usage.completion_tokens,
                     condition: has(usage.completion_tokens)}]}},
                {name: second, type: request-attribute-reporter, parameters: {attributes: [
                    {key: {namespace: billing, name: output},
                     expression: usage.completion_tokens}]}},
                {name: third, type: request-attribute-reporter, parameters: {attributes: [
                    {key: {name: none}, expression: usage.prompt_tokens - 100}]}}
                """));
  }

  @AfterEach
  void stop() {
    picker.awaitIdle();
    picker.close();
  }

  private static EndpointPickerConfig policy(String plugins) {
    return TestPolicy.of(
        "plugins: [\n  "
            + plugins.indent(2).strip()
            + "\n  , {type: queue-scorer}]\n"
            + "schedulingProfiles: [{name: default, plugins: [{pluginRef: queue-scorer}]}]\n");
  }

  private GatewayStream asked(BodySendMode mode) throws Exception {
    var stream = picker.stream().modes(BodySendMode.FULL_DUPLEX_STREAMED, mode);
    stream.post(FullDuplexTest.CHAT).requestBody(FullDuplexTest.BODY, true);
    stream.picked();
    stream.requestBodyBack(FullDuplexTest.BODY.length(), true);
    return stream;
  }

  private static void assertTold(ProcessingResponse reply) {
    var metadata = reply.getDynamicMetadata();
    assertThat(metadata.getFieldsMap()).containsOnlyKeys("envoy.lb", "billing");
    assertThat(numbers(metadata, "envoy.lb")).containsExactly("cost=125.0");
    assertThat(numbers(metadata, "billing")).containsExactly("output=25.0");
  }

  private static List<String> numbers(Struct metadata, String namespace) {
    List<String> numbers = new ArrayList<>();
    metadata
        .getFieldsOrThrow(namespace)
        .getStructValue()
        .getFieldsMap()
        .forEach((name, value) -> numbers.add(name + "=" + value.getNumberValue()));
    return numbers;
  }

  @ParameterizedTest
  @EnumSource(names = {"FULL_DUPLEX_STREAMED", "STREAMED", "BUFFERED"})
  void goes_with_the_last_piece_and_no_other(BodySendMode mode) throws Exception {
    var stream = asked(mode);
    stream.responseHeaders(200, false, "content-type", "application/json");
    assertThat(stream.next().hasDynamicMetadata()).isFalse();
    int cut = ANSWER.length() - 12;
    if (mode != BodySendMode.BUFFERED) {
      stream.responseBody(ANSWER.substring(0, cut), false);
      assertThat(stream.next().hasDynamicMetadata()).isFalse();
      stream.responseBody(ANSWER.substring(cut), true);
    } else {
      stream.responseBody(ANSWER, true);
    }
    var last = stream.next();
    assertThat(last.hasResponseBody()).isTrue();
    assertTold(last);
    if (mode == BodySendMode.FULL_DUPLEX_STREAMED) {
      var piece = last.getResponseBody().getResponse().getBodyMutation().getStreamedResponse();
      assertThat(piece.getBody().toStringUtf8()).isEqualTo(ANSWER.substring(cut));
      assertThat(piece.getEndOfStream()).isTrue();
    }
    stream.end().status();
  }

  @Test
  void goes_with_the_last_message_of_a_long_piece() throws Exception {
    var stream = asked(BodySendMode.FULL_DUPLEX_STREAMED);
    stream.responseHeaders(200, false, "content-type", "application/json");
    stream.next();
    stream.responseBody(" ".repeat(150_000) + ANSWER, true);
    assertThat(stream.next().hasDynamicMetadata()).isFalse();
    assertThat(stream.next().hasDynamicMetadata()).isFalse();
    assertTold(stream.next());
    stream.end().status();
  }

  @Test
  void goes_with_trailers_where_the_body_does_not_say_that_it_ends() throws Exception {
    var stream = asked(BodySendMode.FULL_DUPLEX_STREAMED);
    stream.responseHeaders(200, false, "content-type", "application/json");
    stream.next();
    stream.responseBody(ANSWER, false);
    assertThat(stream.next().hasDynamicMetadata()).isFalse();
    stream.responseTrailers();
    var last = stream.next();
    assertThat(last.hasResponseTrailers()).isTrue();
    assertTold(last);
    stream.end().status();
  }

  @Test
  void is_left_out_where_the_answer_has_no_counts() throws Exception {
    var stream = asked(BodySendMode.FULL_DUPLEX_STREAMED);
    stream.responseHeaders(400, false, "content-type", "application/json");
    stream.next();
    stream.responseBody("{\"error\":{}}", true);
    assertThat(stream.next().hasDynamicMetadata()).isFalse();
    stream.end().status();
  }

  @Test
  void has_every_number_of_an_event_streams_last_event() throws Exception {
    var stream = asked(BodySendMode.FULL_DUPLEX_STREAMED);
    stream.responseHeaders(200, false, "content-type", "text/event-stream");
    stream.next();
    stream.responseBody("data: {\"choices\":[{}]}\n\n", false);
    assertThat(stream.next().hasDynamicMetadata()).isFalse();
    stream.responseBody("data: " + ANSWER + "\n\ndata: [DONE]\n\n", true);
    assertTold(stream.next());
    stream.end().status();
  }
}
