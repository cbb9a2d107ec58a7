package io.penstock.picker.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An endpoint whose answers fail is left out while there is another. */
class FailingEndpointTest {

  private static final String ONE = "10.0.0.1:8000";
  private static final String OTHER = "10.0.0.2:8000";
  private static final String BODY = "{\"model\":\"tiny\",\"prompt\":\"always the same\"}";

  /** One request, answered by whoever was picked: with an error, if that is the bad one. */
  private static String ask(RunningPicker picker, String bad) throws Exception {
    var stream = picker.stream().post("/v1/completions").requestBody(BODY, true);
    String destination = stream.picked().destination();
    stream.requestBodyBack(BODY.length(), true);
    stream.responseHeaders(destination.equals(bad) ? 503 : 200, true).end();
    assertThat(stream.next().hasResponseHeaders()).isTrue();
    assertThat(stream.status().isOk()).isTrue();
    return destination;
  }

  @ParameterizedTest
  @ValueSource(strings = {ONE, OTHER})
  void after_three_failures_in_a_row_another_is_picked(String bad) throws Exception {
    try (var picker = new RunningPicker(ONE, OTHER)) {
      int failed = 0;
      for (int i = 0; i < 30; i++) {
        failed += ask(picker, bad).equals(bad) ? 1 : 0;
      }
      assertThat(failed).isLessThanOrEqualTo(3);
    }
  }

  @Test
  void the_only_endpoint_is_picked_whatever_it_answers() throws Exception {
    try (var picker = new RunningPicker(ONE)) {
      for (int i = 0; i < 10; i++) {
        assertThat(ask(picker, ONE)).isEqualTo(ONE);
      }
    }
  }
}
