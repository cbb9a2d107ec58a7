package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.picker.config.EndpointPickerConfig;
import io.penstock.picker.config.TestPolicy;
import io.penstock.picker.schedule.ModelRule;
import io.penstock.picker.schedule.SessionHeader;
import org.junit.jupiter.api.Test;

/** A client learns its endpoint by a header of the answer, and is sent there when it returns. */
class SessionHeaderTest {

  private static final String HEADER = "x-session-token";
  private static final String BODY =
      "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

  @Test
  void the_answer_names_the_endpoint_and_the_next_request_goes_there() throws Exception {
    try (var picker = new RunningPicker("10.0.0.1:8000", "10.0.0.2:8000", "10.0.0.3:8000")) {
      picker.picker().policy(policy());
      var first = picker.stream().post(FullDuplexTest.CHAT).requestBody(BODY, true);
      var destination = first.picked().destination();
      first.requestBodyBack(BODY.length(), true);
      first.responseHeaders(200, true);
      var headers =
          GatewayStream.set(first.next().getResponseHeaders().getResponse().getHeaderMutation());
      first.end().status();

      var endpoint =
          picker.picker().snapshot().endpoints().stream()
              .filter(each -> each.address().equals(destination))
              .findFirst()
              .orElseThrow();
      assertThat(headers).containsEntry(HEADER, SessionHeader.value(endpoint));
      for (int i = 0; i < 10; i++) {
        var again =
            picker.stream()
                .post(FullDuplexTest.CHAT, HEADER, headers.get(HEADER))
                .requestBody(BODY, true);
        assertThat(again.picked().destination()).isEqualTo(destination);
        again.cancel();
      }
      picker.awaitIdle();
    }
  }

  @Test
  void a_stream_that_would_end_with_the_request_stays_for_it() throws Exception {
    var usual = ExtProcSettings.defaults();
    var early = new ExtProcSettings(usual.maxBodyBytes(), usual.heldBodiesBytes(), 1, true, true);
    try (var picker = new RunningPicker(early, ModelRule.PREFERRED, "10.0.0.1:8000")) {
      picker.picker().policy(policy());
      var stream = picker.stream().post(FullDuplexTest.CHAT).requestBody(BODY, true);
      stream.picked();
      stream.requestBodyBack(BODY.length(), true);
      stream.responseHeaders(200, true);
      var headers =
          GatewayStream.set(stream.next().getResponseHeaders().getResponse().getHeaderMutation());
      assertThat(headers).containsKey(HEADER);
      stream.end().status();
      picker.awaitIdle();
    }
  }

  @Test
  void without_such_a_plugin_answers_stay_as_they_are() throws Exception {
    try (var picker = new RunningPicker("10.0.0.1:8000")) {
      var stream = picker.stream().post(FullDuplexTest.CHAT).requestBody(BODY, true);
      stream.picked();
      stream.requestBodyBack(BODY.length(), true);
      stream.responseHeaders(200, true);
      assertThat(stream.next().getResponseHeaders().getResponse().hasHeaderMutation()).isFalse();
      stream.end().status();
      picker.awaitIdle();
    }
  }

  private static EndpointPickerConfig policy() {
    return TestPolicy.experimental(
        """
            plugins:
              - {type: session-affinity-filter, parameters: {strategy: encoded_endpoint_header}}
              - type: random-picker
            """);
  }
}
